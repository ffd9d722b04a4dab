//! Services that find each other through a real Redis. Run by `cargo xtask collector`; `redis-server`
//! must be on the path.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

mod access;
mod again;
mod away;
mod hosts;
mod log;
mod registration;
mod server;
mod services;
mod strangers;
mod work;
