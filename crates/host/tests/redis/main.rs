//! Services that find each other by a real Redis. Run by `cargo xtask collector`; `redis-server` has to be
//! on the path.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

mod registration;
mod server;
mod services;
