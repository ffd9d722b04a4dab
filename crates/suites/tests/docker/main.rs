//! Suites against collectors in containers. `cargo xtask collector` runs them: they need Docker,
//! and `GLASSBOX_COLLECTOR_IMAGE`, the image of the collector.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

mod auth;
mod collector;
mod emitter;
mod outage;
mod patience;
mod pipelines;
mod protocol;
mod signals;
mod tls;
mod wire;
