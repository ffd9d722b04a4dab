//! What happened, for whoever listens: sessions, workflows, tools, approvals.

use serde::Serialize;

/// One thing that happened. Becomes a log record with `event.bus`, `event.type`, `event.payload`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// Which bus: `workflow`, `session`, `tool`, `approval`.
    pub bus: &'static str,
    /// Past tense, dotted: `workflow.step_completed`.
    pub kind: &'static str,
    /// Structured, small.
    pub payload: serde_json::Value,
}

impl Event {
    /// An event of `kind` on `bus`.
    pub fn new(bus: &'static str, kind: &'static str, payload: serde_json::Value) -> Self {
        Self { bus, kind, payload }
    }
}

/// Takes events without ever making the publisher wait.
pub trait Events: Send + Sync {
    /// Publishes to all current subscribers; slow ones lose the oldest, and that is counted.
    fn publish(&self, event: Event);
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl Events for NoEvents {
    fn publish(&self, _event: Event) {}
}
