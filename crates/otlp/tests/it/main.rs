//! The receiver as seen by a client, and the two encodings compared with each other.
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
