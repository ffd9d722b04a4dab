//! Traces of requests with fixed durations, so that the collector's results can be
//! computed.

use crate::Facts;
use opentelemetry::{
    Context, KeyValue, global,
    trace::{Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _},
};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// The requests of each kind: name, number, and duration of the first one.
const KINDS: [(&str, u64, Duration); 3] = [
    ("fast", 300, Duration::from_millis(1)),
    ("failed", 25, Duration::from_millis(1)),
    ("slow", 25, Duration::from_millis(2500)),
];

/// Each trace is a request, a call within it that takes half of the time, and a step within the call that
/// takes a quarter. The facts list the traces of each kind, and the duration of each trace.
pub(crate) fn emit(facts: &mut Facts) {
    for (kind, number, shortest) in KINDS {
        let requests = (0..number).map(|at| {
            let took = shortest + Duration::from_micros(at * 500);
            let trace_id = request(took, kind == "failed");
            json!({ "trace_id": trace_id, "nanoseconds": nanoseconds(took) })
        });
        facts.set(kind, Value::Array(requests.collect()));
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn request(took: Duration, failed: bool) -> String {
    let tracer = global::tracer("shop.requests");
    let start = SystemTime::now();
    let request = tracer
        .span_builder("request")
        .with_kind(SpanKind::Server)
        .with_start_time(start)
        .with_attributes([
            KeyValue::new("http.route", "/orders"),
            KeyValue::new("http.request.header.authorization", "Bearer of a customer"),
        ])
        .start_with_context(&tracer, &Context::new());
    let trace_id = request.span_context().trace_id().to_string();
    let within = Context::new().with_span(request);
    let mut call = tracer
        .span_builder("call")
        .with_kind(SpanKind::Client)
        .with_start_time(start)
        .start_with_context(&tracer, &within);
    if failed {
        call.set_status(Status::error("the shop is closed"));
    }
    let within_call = Context::new().with_remote_span_context(call.span_context().clone());
    let mut step = tracer
        .span_builder("step")
        .with_start_time(start)
        .start_with_context(&tracer, &within_call);
    step.end_with_timestamp(start + took / 4);
    call.end_with_timestamp(start + took / 2);
    within.span().end_with_timestamp(start + took);
    trace_id
}
