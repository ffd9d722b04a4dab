//! Spans of every kind: from our own contract, from `tracing`, from OpenTelemetry's API.

use crate::Facts;
use glassbox_core::telemetry::{Attribute, Link, Span, SpanKind, TraceContext};
use opentelemetry::{
    Array, InstrumentationScope, KeyValue, Value, global,
    trace::{
        Event, Link as OtelLink, SpanContext, SpanId, SpanKind as OtelKind, Status, TraceFlags,
        TraceId, TraceState, Tracer, TracerProvider as _,
    },
};
use std::{
    borrow::Cow,
    collections::HashMap,
    io,
    time::{Duration, UNIX_EPOCH},
};

/// The headers of a caller whose trace is sampled.
const REMOTE: [(&str, &str); 2] = [
    (
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ),
    ("tracestate", "vendor=t61rcWkgMzE,rojo=00f067aa0ba902b7"),
];

pub(crate) fn emit(facts: &mut Facts) {
    facts.set_now("begin");
    values(facts);
    remote(facts);
    kinds(facts);
    failed(facts);
    overflowing(facts);
    instrumented(facts);
    native(facts);
    facts.set_now("end");
}

fn remote_context() -> TraceContext {
    let headers = REMOTE.map(|(name, value)| (name.to_owned(), value.to_owned()));
    TraceContext::extract(&HashMap::from(headers))
}

/// Every kind of value, with its extreme values.
fn values(facts: &mut Facts) {
    let strs = |texts: &[&'static str]| {
        Attribute::Strs(texts.iter().copied().map(Cow::Borrowed).collect())
    };
    let mut span = Span::builder("values")
        .root()
        .kind(SpanKind::Server)
        .attributes(&[
            ("text", "Grüße, 世界 🌍\t\"\\\u{0}".into()),
            ("text.empty", "".into()),
            ("yes", true.into()),
            ("no", false.into()),
            ("int.min", i64::MIN.into()),
            ("int.max", i64::MAX.into()),
            ("int.zero", 0.into()),
        ])
        .start();
    span.set("double", 0.1);
    span.set("double.whole", 3.0);
    span.set("double.max", f64::MAX);
    span.set("double.least", 5e-324);
    span.set("double.nan", f64::NAN);
    span.set("double.infinite", f64::NEG_INFINITY);
    span.set("texts", strs(&["a", "", "ü"]));
    span.set("texts.none", strs(&[]));
    span.set("twice", 1);
    span.set("twice", 2);
    facts.set_now("event.begin");
    span.event(
        "priced",
        [("total", Attribute::from(9.5)), ("items", 3.into())],
    );
    span.event("", std::iter::empty::<(&str, &str)>());
    facts.set_now("event.end");
    span.succeed();
    facts.set_context("values", span.context());
}

/// Continues a caller's trace, including its vendors' entries.
fn remote(facts: &mut Facts) {
    let caller = remote_context();
    let span = Span::builder("remote")
        .kind(SpanKind::Server)
        .parent(&caller)
        .start();
    facts.set_context("remote", span.context());
    let _entered = span.enter();
    let child = Span::start("remote.child");
    facts.set_context("remote.child", child.context());
}

fn kinds(facts: &mut Facts) {
    for (name, kind) in [
        ("kind.internal", SpanKind::Internal),
        ("kind.server", SpanKind::Server),
        ("kind.client", SpanKind::Client),
        ("kind.producer", SpanKind::Producer),
        ("kind.consumer", SpanKind::Consumer),
    ] {
        let mut span = Span::builder(name).root().kind(kind).start();
        if kind == SpanKind::Consumer {
            let mut link = Link::new(remote_context());
            link.attributes = vec![("why".into(), "batch".into()), ("at".into(), 7.into())];
            span.link(link);
        }
        facts.set_context(name, span.context());
    }
}

fn failed(facts: &mut Facts) {
    let mut span = Span::builder("failed").root().start();
    span.record_error(&io::Error::other(Outer(io::Error::other("disk is full"))));
    facts.set_context("failed", span.context());
}

/// An error with a cause.
#[derive(Debug)]
struct Outer(io::Error);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("could not be saved")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// More of everything than the limits allow: 128 of each.
fn overflowing(facts: &mut Facts) {
    let mut span = Span::builder("overflowing").root().start();
    for at in 0..131 {
        span.set(format!("key.{at:03}"), at);
    }
    let many = (0..130).map(|at| (format!("key.{at:03}"), at));
    span.event("event.000", many.clone());
    for at in 1..133 {
        span.event(format!("event.{at:03}"), [("at", at)]);
    }
    for at in 0..132_u64 {
        let mut link = Link::new(TraceContext::new(1, at + 1, false));
        if at == 0 {
            let many = many.clone().map(|(key, at)| (key.into(), at.into()));
            link.attributes = many.collect();
        }
        span.link(link);
    }
    facts.set_context("overflowing", span.context());
}

/// Nested `tracing` spans.
fn instrumented(facts: &mut Facts) {
    facts.set("file", file!());
    facts.set("outer.line", line!() + 1);
    let outer = tracing::info_span!(
        target: "shop::orders",
        parent: None,
        "outer",
        otel.kind = "client",
        items = 3_u64,
        huge = u64::MAX,
        total = 9.5,
        gift = true,
        note = "für dich",
        shown = ?Some(1),
    );
    outer.in_scope(|| {
        facts.set_context("outer", &glassbox_core::telemetry::current());
        facts.set("inner.line", line!() + 2);
        let inner =
            tracing::info_span!(target: "shop::stock", "inner", left = tracing::field::Empty);
        inner.record("left", 4);
        inner.in_scope(|| {
            facts.set_context("inner", &glassbox_core::telemetry::current());
            tracing::error!(target: "shop::stock", "stock is out");
        });
    });
}

/// A span from OpenTelemetry's own API, with everything that our contract lacks.
fn native(facts: &mut Facts) {
    let scope = InstrumentationScope::builder("native.scope")
        .with_version("4.5.6")
        .with_schema_url("https://opentelemetry.io/schemas/1.41.0")
        .with_attributes([KeyValue::new("scope.key", "scope value")])
        .build();
    let tracer = global::tracer_provider().tracer_with_scope(scope);
    let at = |seconds: u64| UNIX_EPOCH + Duration::from_nanos(seconds * 1_000_000_000 + 7);
    let linked = SpanContext::new(
        TraceId::from(0x0102),
        SpanId::from(0x0304),
        TraceFlags::SAMPLED,
        true,
        TraceState::from_key_value([("linked", "yes")]).unwrap_or_default(),
    );
    let unsampled = SpanContext::new(
        TraceId::from(0x0506),
        SpanId::from(0x0708),
        TraceFlags::NOT_SAMPLED,
        false,
        TraceState::NONE,
    );
    let mut span = tracer
        .span_builder("native")
        .with_kind(OtelKind::Producer)
        .with_start_time(at(1_700_000_000))
        .with_attributes([
            KeyValue::new("bools", Value::Array(Array::Bool(vec![true, false]))),
            KeyValue::new(
                "ints",
                Value::Array(Array::I64(vec![i64::MIN, 0, i64::MAX])),
            ),
            KeyValue::new(
                "doubles",
                Value::Array(Array::F64(vec![0.5, -1e300, f64::NAN])),
            ),
            KeyValue::new(
                "texts",
                Value::Array(Array::String(vec!["x".into(), "".into()])),
            ),
            KeyValue::new("bools.none", Value::Array(Array::Bool(vec![]))),
        ])
        .with_events(vec![Event::new(
            "queued",
            at(1_700_000_001),
            vec![KeyValue::new("depth", 12)],
            0,
        )])
        .with_links(vec![
            OtelLink::new(linked, vec![KeyValue::new("role", "cause")], 0),
            OtelLink::new(unsampled, vec![], 0),
        ])
        .start(&tracer);
    use opentelemetry::trace::Span as _;
    span.set_status(Status::error("queue is full"));
    let context = span.span_context().clone();
    facts.set(
        "native",
        serde_json::json!({
            "trace_id": context.trace_id().to_string(),
            "span_id": context.span_id().to_string(),
        }),
    );
    span.end_with_timestamp(at(1_700_000_002));
}
