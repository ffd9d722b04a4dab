//! The builder of spans.

use super::super::{
    Link, Scope, Span, SpanKind, SpanName, SpanSpec, Telemetry, TraceContext, Value, installed,
};

/// Describes a span before it starts. Everything is borrowed: without telemetry, and for a span that is
/// not recorded, nothing is copied.
///
/// ```
/// use glassbox_core::telemetry::{Span, SpanKind};
///
/// let (model, port) = (String::from("gpt-5-mini"), None::<u16>);
/// let span = Span::builder(format_args!("chat {model}"))
///     .kind(SpanKind::Client)
///     .attributes(&[
///         ("gen_ai.request.model", model.as_str().into()),
///         // An attribute without a value is omitted.
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

    /// The role; internal by default.
    #[inline]
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The instrumentation scope: [`scope!`](crate::scope). The implementation's own by default.
    #[inline]
    pub fn scope(mut self, scope: &'a Scope) -> Self {
        self.0.scope = Some(scope);
        self
    }

    /// The parent, in place of the current span. An invalid one is ignored.
    #[inline]
    pub fn parent(mut self, parent: &'a TraceContext) -> Self {
        if parent.is_valid() {
            self.0.parent = Some(parent);
            self.0.root = false;
        }
        self
    }

    /// The parent if no span is current: the trace of the call's `Cx`.
    #[inline]
    pub fn or_parent(mut self, parent: &'a TraceContext) -> Self {
        self.0.fallback = parent.is_valid().then_some(parent);
        self
    }

    /// Starts a new trace, regardless of the current span and of a parent that was set before.
    #[inline]
    pub fn root(mut self) -> Self {
        self.0.root = true;
        self.0.parent = None;
        self.0.fallback = None;
        self
    }

    /// The initial attributes, which a sampler can use. Replaces those set before. Those with an
    /// [absent](Value::Absent) value are omitted. Without telemetry, the [`span!`](crate::span) macro
    /// does not build the slice at all.
    #[inline]
    pub fn attributes(mut self, attributes: &'a [(&'static str, Value<'a>)]) -> Self {
        self.0.attributes = attributes;
        self
    }

    /// Links to related spans. Replaces those set before.
    #[inline]
    pub fn links(mut self, links: &'a [Link]) -> Self {
        self.0.links = links;
        self
    }

    /// Sets the identity of a span that is derived from a record of the past, so that deriving it again
    /// produces the same span. 0 leaves the choice to the implementation. A span with a parent is always
    /// in the trace of its parent.
    #[inline]
    pub fn identity(mut self, trace_id: u128, span_id: u64) -> Self {
        self.0.trace_id = trace_id;
        self.0.span_id = span_id;
        self
    }

    /// The start, in nanoseconds since the Unix epoch; 0 is now.
    #[inline]
    pub fn started_at(mut self, unix_nano: u64) -> Self {
        self.0.start_unix_nano = unix_nano;
        self
    }

    /// Starts the span. It becomes current only when it is entered.
    #[inline]
    pub fn start(self) -> Span {
        match installed() {
            Some(telemetry) => start(telemetry, self.0),
            None => self.without_telemetry(),
        }
    }

    /// A span without telemetry: the caller's trace is propagated unchanged.
    #[doc(hidden)]
    #[inline]
    pub fn without_telemetry(self) -> Span {
        Span::passing(self.0.parent.or(self.0.fallback))
    }
}

/// A separate function, so that callsites inline only the case without telemetry.
#[inline(never)]
fn start(telemetry: &dyn Telemetry, spec: SpanSpec<'_>) -> Span {
    Span::live(telemetry.start(spec))
}
