//! A span that is not recorded allocates nothing. Counted in a separate process, with telemetry that
//! samples nothing.

use allocation_counter::measure;
use glassbox_core::{
    span,
    telemetry::{Link, Span, SpanKind, TraceContext, Value},
};
use glassbox_telemetry::{Sampler, TelemetryConfig};
use glassbox_testkit::OtlpSink;

/// One of each kind of value.
fn emit(model: &str, parent: &TraceContext, links: &[Link]) {
    let span = Span::builder(format_args!("chat {model}"))
        .kind(SpanKind::Client)
        .or_parent(parent)
        .links(links)
        .attributes(&[
            ("operation", Value::Static("chat")),
            ("model", model.into()),
            ("port", 443.into()),
            ("ratio", 0.5.into()),
            ("reasons", Value::Strs(&[model, "stop"])),
            ("body", Value::Bytes(&[1, 2, 3])),
        ])
        .start();
    drop(span);
    drop(
        span!(format_args!("chat {model}"), "model" => model, "port" => 443; kind: SpanKind::Client),
    );
}

fn count(operation: impl FnMut()) -> u64 {
    measure(operation).count_total
}

#[tokio::test]
async fn a_span_that_is_not_kept_allocates_nothing() {
    let model = String::from("gpt-5-mini");
    let mut parent = TraceContext::new(7, 9, false);
    parent.state = Some("vendor=1".into());
    let links = [Link::new(parent.clone())];
    let emit = || emit(&model, &parent, &links);
    assert_eq!(count(emit), 0, "while nothing is installed");

    let sink = OtlpSink::start().await;
    let mut config = TelemetryConfig::new("unsampled").with_endpoint(sink.endpoint());
    config.sampler = Sampler::Off;
    let guard = glassbox_telemetry::init(config).unwrap();
    // The first call initialises the thread.
    emit();
    assert_eq!(count(emit), 0, "unsampled");
    assert!(count(|| drop(model.clone())) > 0, "the count counts");
    drop(guard);
}
