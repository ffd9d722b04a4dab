//! What a span is before it starts.

use super::super::{
    Link, Scope, Span, SpanKind, SpanName, SpanSpec, Started, Telemetry, TraceContext, Value,
    installed,
};

/// Says what a span is before it starts. Everything is borrowed: without telemetry, and for a span
/// that is not kept, nothing is copied.
///
/// ```
/// use glassbox_core::telemetry::{Span, SpanKind};
///
/// let (model, port) = (String::from("gpt-5-mini"), None::<u16>);
/// let span = Span::builder(format_args!("chat {model}"))
///     .kind(SpanKind::Client)
///     .attributes(&[
///         ("gen_ai.request.model", model.as_str().into()),
///         // An attribute without a value is left out.
///         ("server.port", port.into()),
///     ])
///     .start();
/// # drop(span);
/// ```
#[must_use = "a builder does nothing until `start`"]
#[derive(Debug)]
pub struct SpanBuilder<'a>(SpanSpec<'a>);

impl<'a> SpanBuilder<'a> {
    #[inline]
    pub(super) const fn new(name: SpanName<'a>) -> Self {
        Self(SpanSpec::new(name))
    }

    /// Its role; internal where nothing is said.
    #[inline]
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Who starts it: [`scope!`](crate::scope). The implementation's own scope where nothing is said.
    #[inline]
    pub fn scope(mut self, scope: &'a Scope) -> Self {
        self.0.scope = Some(scope);
        self
    }

    /// A parent instead of the current span. An invalid one is as if nothing were said.
    #[inline]
    pub fn parent(mut self, parent: &'a TraceContext) -> Self {
        if parent.is_valid() {
            self.0.parent = Some(parent);
            self.0.root = false;
        }
        self
    }

    /// A parent where no span is current: the trace of the call's `Cx`.
    #[inline]
    pub fn or_parent(mut self, parent: &'a TraceContext) -> Self {
        self.0.fallback = parent.is_valid().then_some(parent);
        self
    }

    /// Starts a new trace, whatever is current and whatever parent was said before.
    #[inline]
    pub fn root(mut self) -> Self {
        self.0.root = true;
        self.0.parent = None;
        self.0.fallback = None;
        self
    }

    /// Attributes that a sampler may look at, instead of those given before. Those with an
    /// [absent](Value::Absent) value are left out. The [`span!`](crate::span) macro does not even
    /// build the slice where no telemetry is installed.
    #[inline]
    pub fn attributes(mut self, attributes: &'a [(&'static str, Value<'a>)]) -> Self {
        self.0.attributes = attributes;
        self
    }

    /// Other spans that this one belongs with, instead of those given before.
    #[inline]
    pub fn links(mut self, links: &'a [Link]) -> Self {
        self.0.links = links;
        self
    }

    /// An identity of the caller's own, for a span that is derived and not observed, so that deriving
    /// it again gives the same span. 0 for either leaves the choice to the implementation. A span with
    /// a parent is in its parent's trace, whatever `trace_id` says.
    #[inline]
    pub fn identity(mut self, trace_id: u128, span_id: u64) -> Self {
        self.0.trace_id = trace_id;
        self.0.span_id = span_id;
        self
    }

    /// When the span began, in nanoseconds since the Unix epoch; 0 is now.
    #[inline]
    pub fn started_at(mut self, unix_nano: u64) -> Self {
        self.0.start_unix_nano = unix_nano;
        self
    }

    /// Starts the span; it becomes current only where it is entered.
    #[inline]
    pub fn start(self) -> Span {
        match installed() {
            Some(telemetry) => start(telemetry, self.0),
            None => self.without_telemetry(),
        }
    }

    /// A span of no telemetry: the caller's trace is handed on as it came.
    #[doc(hidden)]
    #[inline]
    pub fn without_telemetry(self) -> Span {
        Span {
            context: match self.0.parent.or(self.0.fallback) {
                Some(parent) => parent.clone(),
                None => TraceContext::default(),
            },
            record: None,
            slot: 0,
            live: false,
        }
    }
}

/// Apart, so that only the way without telemetry is inlined at every callsite.
#[inline(never)]
fn start(telemetry: &dyn Telemetry, spec: SpanSpec<'_>) -> Span {
    let Started {
        context,
        record,
        slot,
    } = telemetry.start(spec);
    Span {
        context,
        record,
        slot,
        live: true,
    }
}
