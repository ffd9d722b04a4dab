//! Instrumentation over real connections.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod conceal;
mod record;
mod server;
#[cfg(feature = "client")]
mod tls;
