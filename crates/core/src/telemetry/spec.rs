//! The description of a span that is about to start.

use super::{Link, Scope, SpanName, TraceContext, Value};

/// The role of a span, by the OpenTelemetry specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpanKind {
    /// An operation inside of a process.
    #[default]
    Internal,
    /// Handles a request.
    Server,
    /// Sends a request.
    Client,
    /// Sends a message to a queue.
    Producer,
    /// Handles a message from a queue.
    Consumer,
}

/// The description of a span that is about to start: enough to decide whether to record it. Everything
/// is borrowed; [`Record::begin`](super::Record::begin) copies it for a recorded span.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SpanSpec<'a> {
    /// The name, of low cardinality: `chat gpt-5-mini`, without ids.
    pub name: SpanName<'a>,
    /// The role.
    pub kind: SpanKind,
    /// The instrumentation scope; `None` is the implementation's own.
    pub scope: Option<&'a Scope>,
    /// The parent, in place of the current span. Valid if given.
    pub parent: Option<&'a TraceContext>,
    /// The parent if no span is current. Valid if given.
    pub fallback: Option<&'a TraceContext>,
    /// Whether to start a new trace even if a span is current.
    pub root: bool,
    /// Initial attributes, which a sampler can use. Absent ones are omitted.
    pub attributes: &'a [(&'static str, Value<'a>)],
    /// Related spans.
    pub links: &'a [Link],
    /// The trace of a span without a parent; 0 is a new one.
    pub trace_id: u128,
    /// The span's own id; 0 is a new one.
    pub span_id: u64,
    /// The start, in nanoseconds since the Unix epoch; 0 is now.
    pub start_unix_nano: u64,
}

impl<'a> SpanSpec<'a> {
    /// A span with only a name.
    pub const fn new(name: SpanName<'a>) -> Self {
        Self {
            name,
            kind: SpanKind::Internal,
            scope: None,
            parent: None,
            fallback: None,
            root: false,
            attributes: &[],
            links: &[],
            trace_id: 0,
            span_id: 0,
            start_unix_nano: 0,
        }
    }

    /// The parent: the given one, else the current one, else the fallback. Invalid for a root.
    pub fn parent_under(&self, current: impl FnOnce() -> TraceContext) -> TraceContext {
        if let Some(parent) = self.parent {
            return parent.clone();
        }
        if self.root {
            return TraceContext::default();
        }
        let current = current();
        match self.fallback {
            Some(fallback) if !current.is_valid() => fallback.clone(),
            _ => current,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_the_given_one_then_the_current_one_then_the_fallback() {
        let context = |id| TraceContext::new(id, 1, true);
        let (given, current, fallback) = (context(1), context(2), context(3));
        let mut spec = SpanSpec::new("x".into());
        let trace = |spec: &SpanSpec<'_>, current: &TraceContext| {
            spec.parent_under(|| current.clone()).trace_id
        };
        assert_eq!(trace(&spec, &TraceContext::default()), 0);
        spec.fallback = Some(&fallback);
        assert_eq!(trace(&spec, &TraceContext::default()), 3);
        assert_eq!(trace(&spec, &current), 2);
        spec.parent = Some(&given);
        assert_eq!(trace(&spec, &current), 1);
        (spec.parent, spec.root) = (None, true);
        assert_eq!(trace(&spec, &current), 0);
    }
}
