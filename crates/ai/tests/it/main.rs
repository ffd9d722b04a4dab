//! The client against a server that can misbehave, and everything around it against scripts.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod assistant;
mod budget;
mod echo;
mod failures;
mod framings;
mod joining;
mod resilience;
mod scripted;
mod server;
mod settings;
mod tolerance;
mod tool_calls;
mod world;
