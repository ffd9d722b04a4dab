//! Facts that only the emitting process can report.

use glassbox_core::telemetry::TraceContext;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// Facts by name.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Facts(Map<String, Value>);

impl Facts {
    /// Creates the facts that are the same for every scenario.
    pub(crate) fn new() -> Self {
        let mut facts = Self(Map::new());
        facts.set("pid", std::process::id());
        facts
    }

    /// Adds a fact.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Adds the ids of a span.
    pub(crate) fn set_context(&mut self, name: &str, context: &TraceContext) {
        let trace_id = format!("{:032x}", context.trace_id);
        let span_id = format!("{:016x}", context.span_id);
        self.set(name, json!({ "trace_id": trace_id, "span_id": span_id }));
    }

    /// Adds the current time, in nanoseconds since the Unix epoch.
    pub(crate) fn set_now(&mut self, name: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_nanos();
        self.set(name, u64::try_from(now).unwrap_or(u64::MAX));
    }
}
