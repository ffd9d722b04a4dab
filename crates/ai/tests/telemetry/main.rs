//! The telemetry of model calls, tool calls and agents. In a process of its own, because telemetry is
//! global.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod agent;
mod attempts;
mod chat;
#[path = "../it/scripted.rs"]
mod scripted;
#[path = "../it/world.rs"]
mod world;
