//! The model as used by a client.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod access;
mod client;
mod questions;
mod wire;
