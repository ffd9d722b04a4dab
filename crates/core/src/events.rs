//! Events of sessions, workflows, tools and approvals.

use crate::telemetry::TraceContext;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// An event. Logged as a record with `event.bus`, `event.type` and `event.payload`.
///
/// ```
/// use glassbox_core::Event;
///
/// let event = Event::new("workflow", "workflow.step_completed", serde_json::json!({"step": "place"}))
///     .with_subject("run-7");
/// let wire = serde_json::to_string(&event).unwrap();
/// assert_eq!(serde_json::from_str::<Event>(&wire).unwrap(), event);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// The bus: `workflow`, `session`, `tool` or `approval`.
    pub bus: Cow<'static, str>,
    /// The type, dotted and in past tense: `workflow.step_completed`.
    pub kind: Cow<'static, str>,
    /// The id of the run, session or call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The time in nanoseconds since the Unix epoch. The bus sets it if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unix_nano: Option<u64>,
    /// The current span; invalid if there was none.
    #[serde(
        default,
        with = "traceparent",
        skip_serializing_if = "traceparent::is_absent"
    )]
    pub trace: TraceContext,
    /// A small structured payload.
    #[serde(default)]
    pub payload: serde_json::Value,
}

impl Event {
    /// Creates an event of `kind` on `bus`.
    pub fn new(
        bus: impl Into<Cow<'static, str>>,
        kind: impl Into<Cow<'static, str>>,
        payload: serde_json::Value,
    ) -> Self {
        Self {
            bus: bus.into(),
            kind: kind.into(),
            subject: None,
            unix_nano: None,
            trace: TraceContext::default(),
            payload,
        }
    }

    /// Sets the subject.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Sets the time in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn at(mut self, unix_nano: u64) -> Self {
        self.unix_nano = Some(unix_nano);
        self
    }

    /// Sets the span.
    #[must_use]
    pub fn in_trace(mut self, trace: TraceContext) -> Self {
        self.trace = trace;
        self
    }
}

/// Publishes events without blocking.
pub trait Events: Send + Sync {
    /// Publishes to all current subscribers. Slow subscribers lose the oldest events, which are counted.
    fn publish(&self, event: Event);
}

through_pointers! {
    Events {
        fn publish(&self, event: Event) {
            (**self).publish(event);
        }
    }
}

/// Drops every event.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl Events for NoEvents {
    fn publish(&self, _event: Event) {}
}

/// Serialises a trace context as its `traceparent` header. An invalid one is read as none.
pub(crate) mod traceparent {
    use crate::telemetry::TraceContext;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        context: &TraceContext,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        context.to_traceparent().serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<TraceContext, D::Error> {
        let header = Option::<String>::deserialize(from)?;
        let context = header.and_then(|header| TraceContext::parse(&header).ok());
        Ok(context.unwrap_or_default())
    }

    pub(crate) fn is_absent(context: &TraceContext) -> bool {
        !context.is_valid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_survives_the_wire_with_its_span() {
        let span = TraceContext::new(0xa, 0xb, true);
        let event = Event::new("tool".to_owned(), "tool.called", json!({"n": 1}))
            .with_subject("call-1")
            .at(7)
            .in_trace(span.clone());
        let back: Event = serde_json::from_value(serde_json::to_value(&event).unwrap()).unwrap();
        assert_eq!((back.trace.trace_id, back.trace.span_id), (0xa, 0xb));
        assert_eq!(back.in_trace(span), event);
    }

    #[test]
    fn an_event_of_a_newer_version_is_read_as_far_as_it_is_known() {
        let wire = json!({"bus": "b", "kind": "k", "trace": "nonsense", "colour": "blue"});
        let event: Event = serde_json::from_value(wire).unwrap();
        assert_eq!(event, Event::new("b", "k", serde_json::Value::Null));
    }
}
