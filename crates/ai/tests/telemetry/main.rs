//! What model calls, tool calls and agents leave behind. A process of its own: telemetry is global.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod agent;
mod attempts;
mod chat;
#[path = "../it/scripted.rs"]
mod scripted;
#[path = "../it/world.rs"]
mod world;
