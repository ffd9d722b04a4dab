//! Suites against collectors in containers. `cargo xtask collector` runs them: they need Docker,
//! and `GLASSBOX_COLLECTOR_IMAGE`, the image of the collector.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

mod collector;
mod emitter;
mod patience;
mod signals;
mod wire;
