//! Attribute values that are bytes.

use super::*;
use glassbox_core::telemetry::{Attribute, Link, Scope, SpanEvent, Value};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};

fn bytes(attributes: &[KeyValue], key: &str) -> Vec<u8> {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    match found.unwrap().value.clone().unwrap().value.unwrap() {
        any_value::Value::BytesValue(bytes) => bytes,
        other => panic!("{key}: {other:?}"),
    }
}

#[tokio::test]
async fn bytes_arrive_as_bytes_wherever_they_are_set() {
    const SCOPE: Scope = Scope::new("codec");
    let sink = OtlpSink::start().await;
    let guard = start(to(&sink));
    let spans = guard.backend.as_ref().unwrap().spans();
    emit_spans(&guard, 2);
    for n in 0..2_u8 {
        let mut spec = SpanSpec::new("with bytes".into());
        spec.scope = Some(&SCOPE);
        let given = [("digest", Value::Bytes(&[0xff, n])), ("n", n.into())];
        spec.attributes = &given;
        let mut started = spans.start(spec, TraceContext::default());
        let record = started.record.as_mut().unwrap();
        let set = |value: Vec<u8>| vec![("digest".into(), Attribute::Bytes(value))];
        // A key that is set again, from bytes to text and the other way.
        record
            .attributes
            .push(("now text".into(), Attribute::Bytes(vec![7])));
        record.attributes.push(("now text".into(), "text".into()));
        record.attributes.push(("now bytes".into(), "text".into()));
        record
            .attributes
            .push(("now bytes".into(), Attribute::Bytes(vec![8])));
        record
            .events
            .push(SpanEvent::new("first".into(), 1, Vec::new()));
        record
            .events
            .push(SpanEvent::new("second".into(), 1, set(vec![1, n])));
        let mut link = Link::new(TraceContext::new(7, 9, true));
        link.attributes = set(vec![2, n]);
        record.links.push(link);
        spans.end(Ended::new(started.context, started.record));
    }
    assert!(guard.shutdown(WITHIN).await.is_lossless());

    let received = sink.spans();
    assert_eq!(received.len(), 4);
    let with_bytes: Vec<_> = received
        .iter()
        .filter(|span| span.name == "with bytes")
        .collect();
    for (n, span) in (0..).zip(&with_bytes) {
        assert_eq!(span.scope.name, "codec");
        assert_eq!(bytes(&span.attributes, "digest"), [0xff, n]);
        assert_eq!(bytes(&span.attributes, "now bytes"), [8]);
        let text = span
            .attributes
            .iter()
            .find(|it| it.key == "now text")
            .unwrap();
        let text = text.value.clone().unwrap().value.unwrap();
        assert_eq!(text, any_value::Value::StringValue("text".to_owned()));
        assert_eq!(bytes(&span.events[1].attributes, "digest"), [1, n]);
        assert_eq!(bytes(&span.links[0].attributes, "digest"), [2, n]);
    }
    assert_eq!(with_bytes.len(), 2);
}

#[tokio::test]
async fn bytes_past_the_limit_are_counted_like_other_attributes() {
    let sink = OtlpSink::start().await;
    let mut config = to(&sink);
    config.max_attributes = 1;
    let guard = start(config);
    let spans = guard.backend.as_ref().unwrap().spans();
    let mut spec = SpanSpec::new("full".into());
    spec.attributes = &[
        ("kept", Value::Static("x")),
        ("dropped", Value::Bytes(&[1])),
    ];
    let started = spans.start(spec, TraceContext::default());
    spans.end(Ended::new(started.context, started.record));
    guard.shutdown(WITHIN).await;
    let span = &sink.spans()[0];
    assert_eq!(
        (span.attributes.len(), span.dropped_attributes_count),
        (1, 1)
    );
}
