//! The client against a misbehaving server, and its wrappers against scripts.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod assistant;
mod bounds;
mod budget;
mod echo;
mod failures;
mod framings;
mod joining;
mod reasons;
mod resilience;
mod scripted;
mod secrets;
mod server;
mod settings;
mod strict;
mod tolerance;
mod tool_calls;
mod world;
