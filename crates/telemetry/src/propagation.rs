//! W3C trace context and baggage, for libraries that use OpenTelemetry's global propagator.

use crate::spans;
use glassbox_core::{Carrier, Source, telemetry::TraceContext};
use opentelemetry::{
    Context,
    propagation::{
        Extractor, Injector, TextMapCompositePropagator, TextMapPropagator,
        text_map_propagator::FieldIter,
    },
};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
use std::borrow::Cow;

/// Uses `core` for the trace context, which unlike the SDK's propagator accepts entries of level 2 and sends
/// no empty `tracestate`; and the SDK's propagator for baggage.
#[derive(Debug)]
pub(crate) struct W3c {
    baggage: BaggagePropagator,
    /// Provides the names of all fields.
    both: TextMapCompositePropagator,
}

impl W3c {
    pub(crate) fn new() -> Self {
        Self {
            baggage: BaggagePropagator::new(),
            both: TextMapCompositePropagator::new(vec![
                Box::new(TraceContextPropagator::new()),
                Box::new(BaggagePropagator::new()),
            ]),
        }
    }
}

impl TextMapPropagator for W3c {
    fn inject_context(&self, cx: &Context, injector: &mut dyn Injector) {
        spans::in_context(cx).inject(&mut Fields(&mut *injector));
        self.baggage.inject_context(cx, injector);
    }

    fn extract_with_context(&self, cx: &Context, extractor: &dyn Extractor) -> Context {
        let span = TraceContext::extract(&Headers(extractor));
        let cx = match span.is_valid() {
            true => spans::with_span(cx, &span),
            false => cx.clone(),
        };
        self.baggage.extract_with_context(&cx, extractor)
    }

    fn fields(&self) -> FieldIter<'_> {
        self.both.fields()
    }
}

/// Adapts OpenTelemetry's injector.
struct Fields<'a>(&'a mut dyn Injector);

impl Carrier for Fields<'_> {
    fn set(&mut self, key: &'static str, value: String) {
        self.0.set(key, value);
    }
}

/// Adapts OpenTelemetry's extractor.
struct Headers<'a>(&'a dyn Extractor);

impl Source for Headers<'_> {
    fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        let values = self.0.get_all(key)?;
        Some(match values[..] {
            [value] => Cow::Borrowed(value),
            _ => Cow::Owned(values.join(",")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::{KeyValue, baggage::BaggageExt, trace::TraceContextExt};
    use std::collections::HashMap;

    #[test]
    fn context_and_baggage_cross_a_hop_and_nothing_empty_does() {
        let mut span = TraceContext::new(7 << 70, 9, true);
        let inject = |span: &TraceContext| {
            let cx = spans::with_span(&Context::new(), span)
                .with_baggage([KeyValue::new("tenant", "acme")]);
            let mut fields = HashMap::new();
            W3c::new().inject_context(&cx, &mut fields);
            fields
        };
        let fields = inject(&span);
        assert_eq!(fields.get("traceparent"), span.to_traceparent().as_ref());
        assert_eq!(fields["baggage"], "tenant=acme");
        assert!(!fields.contains_key("tracestate"));

        // A key of level 2, for which the SDK's propagator rejects the whole header.
        span.state = Some("foo@@bar=2,vendor=1".into());
        let fields = inject(&span);
        assert_eq!(fields["tracestate"], "foo@@bar=2,vendor=1");
        let cx = W3c::new().extract(&fields);
        let extracted = cx.span().span_context().clone();
        assert!(extracted.is_remote());
        assert_eq!(extracted.trace_state().header(), "vendor=1");
        assert_eq!(spans::in_context(&cx).state, span.state);
        assert_eq!(cx.baggage().get("tenant").unwrap().as_str(), "acme");
    }
}
