//! An ended span.

use glassbox_core::telemetry::{
    Attribute, Link, Record, Scope, SpanEvent, SpanKind, Status, TraceContext,
};

/// An ended span.
#[derive(Clone, Debug, PartialEq)]
pub struct CapturedSpan {
    pub(super) context: TraceContext,
    pub(super) record: Record,
    pub(super) end_unix_nano: u64,
}

impl CapturedSpan {
    /// Its own context.
    pub fn context(&self) -> &TraceContext {
        &self.context
    }

    /// Its parent's context; invalid for a root.
    pub fn parent(&self) -> &TraceContext {
        &self.record.parent
    }

    /// Whether its parent is `other`.
    pub fn is_child_of(&self, other: &Self) -> bool {
        self.context.trace_id == other.context.trace_id
            && self.record.parent.span_id == other.context.span_id
    }

    /// The final name.
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// Its role.
    pub fn kind(&self) -> SpanKind {
        self.record.kind
    }

    /// The instrumentation scope, if one was given.
    pub fn scope(&self) -> Option<&Scope> {
        self.record.scope.as_ref()
    }

    /// How it ended.
    pub fn status(&self) -> &Status {
        &self.record.status
    }

    /// The value of an attribute; the last one if it was set several times.
    pub fn attribute(&self, key: &str) -> Option<&Attribute> {
        let mut newest_first = self.record.attributes.iter().rev();
        newest_first
            .find(|(set, _)| set == key)
            .map(|(_, value)| value)
    }

    /// The value of an attribute that is text.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.attribute(key)? {
            Attribute::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The value of an attribute that is a whole number.
    pub fn int(&self, key: &str) -> Option<i64> {
        match self.attribute(key)? {
            Attribute::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The events, in order.
    pub fn events(&self) -> &[SpanEvent] {
        &self.record.events
    }

    /// The first event of this name.
    pub fn event(&self, name: &str) -> Option<&SpanEvent> {
        self.record.events.iter().find(|event| event.name == name)
    }

    /// The links to other spans.
    pub fn links(&self) -> &[Link] {
        &self.record.links
    }

    /// Nanoseconds since the Unix epoch.
    pub fn start_unix_nano(&self) -> u64 {
        self.record.start_unix_nano
    }

    /// Nanoseconds since the Unix epoch.
    pub fn end_unix_nano(&self) -> u64 {
        self.end_unix_nano
    }
}
