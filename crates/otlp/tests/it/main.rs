//! The receiver as a client meets it, and the two encodings against each other.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod answers;
mod client;
mod documents;
mod fuzz;
mod grpc;
mod http;
mod limits;
mod mending;
mod recorder;
mod records;
mod round_trip;
mod serve;
mod strategies;
