//! Workflows run over a world in memory.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod failing;
mod inheriting;
mod inputs;
mod order;
mod resuming;
mod running;
mod world;
