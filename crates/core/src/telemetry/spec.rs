//! What is known of a span when it starts.

use super::{Link, Scope, SpanName, TraceContext, Value};

/// The role of a span, by the OpenTelemetry specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpanKind {
    /// Inside a process.
    #[default]
    Internal,
    /// Answers a request.
    Server,
    /// Makes a request.
    Client,
    /// Puts into a queue.
    Producer,
    /// Takes from a queue.
    Consumer,
}

/// What is known when a span starts: enough to decide whether to keep it. Everything is borrowed;
/// [`Record::begin`](super::Record::begin) copies it for a span that is kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SpanSpec<'a> {
    /// Low cardinality: `chat gpt-5-mini`, never with an id in it.
    pub name: SpanName<'a>,
    /// Its role.
    pub kind: SpanKind,
    /// Who starts it; `None`: the implementation's own scope.
    pub scope: Option<&'a Scope>,
    /// Instead of the current span. Valid where it is given.
    pub parent: Option<&'a TraceContext>,
    /// Where no span is current. Valid where it is given.
    pub fallback: Option<&'a TraceContext>,
    /// Whether to start a new trace although a span is current.
    pub root: bool,
    /// Known already, so that a sampler can look at them; absent ones are left out.
    pub attributes: &'a [(&'static str, Value<'a>)],
    /// Other spans that this one belongs with.
    pub links: &'a [Link],
    /// The trace of a span without a parent; 0: a new one.
    pub trace_id: u128,
    /// The span's own id; 0: a new one.
    pub span_id: u64,
    /// Nanoseconds since the Unix epoch; 0: now.
    pub start_unix_nano: u64,
}

impl<'a> SpanSpec<'a> {
    /// A span of which only the name is known.
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

    /// The span's parent, invalid for a root: the one that was given, else the current one, else the
    /// fallback.
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
