//! W3C trace context and baggage, for libraries that use OpenTelemetry's global propagator.

use opentelemetry::{
    Context,
    propagation::{
        Extractor, Injector, TextMapCompositePropagator, TextMapPropagator,
        text_map_propagator::FieldIter,
    },
};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

/// The SDK's two propagators, without the empty `tracestate` that the first of them sends.
#[derive(Debug)]
pub(crate) struct W3c(TextMapCompositePropagator);

impl W3c {
    pub(crate) fn new() -> Self {
        Self(TextMapCompositePropagator::new(vec![
            Box::new(TraceContextPropagator::new()),
            Box::new(BaggagePropagator::new()),
        ]))
    }
}

impl TextMapPropagator for W3c {
    fn inject_context(&self, cx: &Context, injector: &mut dyn Injector) {
        self.0.inject_context(cx, &mut NotEmpty(injector));
    }

    fn extract_with_context(&self, cx: &Context, extractor: &dyn Extractor) -> Context {
        self.0.extract_with_context(cx, extractor)
    }

    fn fields(&self) -> FieldIter<'_> {
        self.0.fields()
    }
}

/// An empty header says nothing, and some proxies refuse it.
struct NotEmpty<'a>(&'a mut dyn Injector);

impl Injector for NotEmpty<'_> {
    fn set(&mut self, key: &str, value: String) {
        if !value.is_empty() {
            self.0.set(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spans::span_context;
    use glassbox_core::telemetry::TraceContext;
    use opentelemetry::{KeyValue, baggage::BaggageExt, trace::TraceContextExt};
    use std::collections::HashMap;

    #[test]
    fn context_and_baggage_cross_a_hop_and_nothing_empty_does() {
        let mut span = TraceContext::new(7 << 70, 9, true);
        let inject = |span: &TraceContext| {
            let cx = Context::new()
                .with_remote_span_context(span_context(span))
                .with_baggage([KeyValue::new("tenant", "acme")]);
            let mut fields = HashMap::new();
            W3c::new().inject_context(&cx, &mut fields);
            fields
        };
        let fields = inject(&span);
        assert_eq!(fields.get("traceparent"), span.to_traceparent().as_ref());
        assert_eq!(fields["baggage"], "tenant=acme");
        assert!(!fields.contains_key("tracestate"));

        span.state = Some("vendor=1".into());
        let fields = inject(&span);
        assert_eq!(fields["tracestate"], "vendor=1");
        let cx = W3c::new().extract(&fields);
        let extracted = cx.span().span_context().clone();
        assert!(extracted.is_remote());
        assert_eq!(extracted.trace_state().header(), "vendor=1");
        assert_eq!(cx.baggage().get("tenant").unwrap().as_str(), "acme");
    }
}
