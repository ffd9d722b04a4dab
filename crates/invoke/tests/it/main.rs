//! How calls are made, on a virtual clock.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod breaker;
mod contexts;
mod finding;
mod giving_up;
mod repeating;
mod telemetry;
mod world;
