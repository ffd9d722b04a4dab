//! Services over real connections.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

mod access;
mod calls;
mod lifecycle;
mod probe;
mod registry;
#[cfg(feature = "client")]
mod remote;
#[cfg(feature = "client")]
mod strangers;
mod tools;
