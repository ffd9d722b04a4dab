//! Nearly valid input is kept: cut text, old names, single records that cannot be read.

use axum::http::StatusCode;
use bytes::Bytes;
use glassbox_otlp::proto::Message;
use glassbox_otlp::proto::common::v1::any_value::Value;
use glassbox_otlp::proto::trace::v1::Status;
use glassbox_otlp::{Batch, RefusedReason, RejectedReason, Request, Signal};

use crate::client::{JSON, PROTOBUF, post, post_json};
use crate::recorder::{
    Recorder, gauge, log, logs, metrics, one_of_each, span, text_attribute, traces,
};

/// Placeholder for a string whose bytes are made invalid.
const CUT: &str = "CUT!";

/// Replaces every [`CUT`] by a character whose last byte is missing.
fn cut(mut bytes: Vec<u8>) -> (Vec<u8>, u64) {
    let mut cuts = 0;
    while let Some(at) = bytes.windows(4).position(|window| window == CUT.as_bytes()) {
        bytes[at..at + 4].copy_from_slice(b"a\xf0\x9f\xa6");
        cuts += 1;
    }
    (bytes, cuts)
}

fn repaired(signal: Signal, bytes: Vec<u8>) -> (Batch, u64) {
    let (bytes, cuts) = cut(bytes);
    let (batch, rejections) = Batch::from_protobuf(signal, bytes.into()).unwrap();
    assert!(rejections.is_empty(), "{rejections:?}");
    assert_eq!(rejections.mended(), cuts);
    // Any decoder can read what a store keeps.
    let decoded = Request::from_protobuf(signal, batch.bytes()).unwrap();
    assert_eq!(decoded.records(), batch.records());
    let text = String::from_utf8(decoded.to_json()).unwrap();
    assert_eq!(text.matches("a\u{fffd}").count() as u64, cuts);
    (batch, cuts)
}

#[test]
fn cut_text_is_mended_wherever_it_is_and_the_batch_is_kept() {
    let mut cut_span = span(CUT);
    cut_span.trace_state = CUT.to_owned();
    cut_span.status = Some(Status {
        message: CUT.to_owned(),
        code: 2,
    });
    cut_span
        .attributes
        .push(text_attribute(CUT, CUT.to_owned()));
    let mut request = traces(vec![span("fine"), cut_span]);
    let group = &mut request.resource_spans[0];
    group.schema_url = CUT.to_owned();
    group.resource.get_or_insert_default().attributes = vec![text_attribute("k", CUT.to_owned())];
    group.scope_spans[0].schema_url = CUT.to_owned();
    group.scope_spans[0].scope.get_or_insert_default().name = CUT.to_owned();
    let (batch, cuts) = repaired(Signal::Traces, request.encode_to_vec());
    assert_eq!((batch.records(), cuts), (2, 9));

    let mut record = log(CUT);
    record.severity_text = CUT.to_owned();
    record.event_name = CUT.to_owned();
    let (batch, cuts) = repaired(Signal::Logs, logs(vec![record, log("b")]).encode_to_vec());
    assert_eq!((batch.records(), cuts), (2, 3));

    let mut metric = gauge(CUT, 1);
    metric.unit = CUT.to_owned();
    metric.description = CUT.to_owned();
    let (batch, cuts) = repaired(Signal::Metrics, metrics(vec![metric]).encode_to_vec());
    assert_eq!((batch.records(), cuts), (1, 3));
}

#[test]
fn text_is_mended_in_long_and_nested_values_too() {
    use glassbox_otlp::proto::common::v1::{AnyValue, ArrayValue};
    let mut value = AnyValue {
        value: Some(Value::StringValue(format!("{}{CUT}", "x".repeat(70_000)))),
    };
    for _ in 0..20 {
        let array = ArrayValue {
            values: vec![value],
        };
        value = AnyValue {
            value: Some(Value::ArrayValue(array)),
        };
    }
    let mut record = log("");
    record.body = Some(value);
    let (batch, _) = repaired(Signal::Logs, logs(vec![record]).encode_to_vec());
    assert_eq!(batch.records(), 1);
}

#[tokio::test]
async fn mended_text_is_counted_and_the_client_is_warned() {
    let (protobuf, _) = cut(traces(vec![span("a"), span(CUT)]).encode_to_vec());
    let json = String::from_utf8(Request::Traces(traces(vec![span("a"), span(CUT)])).to_json());
    let json = json.unwrap().replace(CUT, r"cut \ud83d");
    let mut latin1 = json.clone().into_bytes();
    let at = latin1
        .windows(3)
        .position(|window| window == b"cut")
        .unwrap();
    latin1[at] = 0xe9;
    let latin1 = [&latin1[..at + 1], br#"", "x": ""#, &latin1[at + 10..]].concat();
    for (media, body) in [
        (PROTOBUF, protobuf),
        (JSON, json.into_bytes()),
        (JSON, latin1),
    ] {
        let recorder = Recorder::new();
        let receiver = recorder.receiver();
        let answer = post(&receiver, "/v1/traces", &[("content-type", media)], body).await;
        assert_eq!(answer.status, StatusCode::OK);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(text.contains("1 strings were not valid Unicode"), "{text}");
        let stats = receiver.stats().signal(Signal::Traces);
        assert_eq!((stats.accepted, stats.rejected, stats.mended), (2, 0, 1));
        assert_eq!(recorder.batches()[0].records(), 2);
    }
}

/// Encodes a field of bytes.
fn field(number: u32, value: &[u8]) -> Vec<u8> {
    let mut field = Vec::new();
    prost_key(number, &mut field);
    let mut length = value.len();
    while length >= 0x80 {
        field.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    field.extend(value);
    field
}

fn prost_key(number: u32, out: &mut Vec<u8>) {
    let mut key = number << 3 | 2;
    while key >= 0x80 {
        out.push((key & 0x7f) as u8 | 0x80);
        key >>= 7;
    }
    out.push(key as u8);
}

#[test]
fn the_scopes_of_old_protocols_are_kept_under_their_new_number() {
    for request in one_of_each() {
        let signal = request.signal();
        let group = match &request {
            Request::Traces(request) => request.resource_spans[0].scope_spans[0].encode_to_vec(),
            Request::Metrics(request) => {
                request.resource_metrics[0].scope_metrics[0].encode_to_vec()
            }
            Request::Logs(request) => request.resource_logs[0].scope_logs[0].encode_to_vec(),
        };
        let old = field(1, &field(1000, &group));
        let (batch, rejections) = Batch::from_protobuf(signal, old.into()).unwrap();
        assert!(rejections.is_empty());
        assert_eq!(batch.request(), &request);
        assert_eq!(batch.records(), 1);
        let both = field(1, &[field(2, &group), field(1000, &group)].concat());
        let (batch, _) = Batch::from_protobuf(signal, both.into()).unwrap();
        assert_eq!(batch.records(), 1, "sent under both numbers");
    }
}

/// A request of three records, of which the middle one is replaced.
fn with_record(signal: Signal, record: &[u8]) -> Bytes {
    let (good, path) = match signal {
        Signal::Traces => (span("good").encode_to_vec(), 2),
        Signal::Metrics => (gauge("good", 1).encode_to_vec(), 2),
        Signal::Logs => (log("good").encode_to_vec(), 2),
    };
    let records = [field(path, &good), field(path, record), field(path, &good)].concat();
    field(1, &field(2, &records)).into()
}

#[test]
fn a_record_that_cannot_be_decoded_costs_nothing_but_itself() {
    let varint_for_text = [0x28, 1];
    let cut_off = [0x2a, 9, b'x'];
    let group = [0x2b, 0x2c];
    let deep = (0..200).fold(Vec::new(), |inside, _| field(5, &field(1, &inside)));
    for (signal, record) in [
        (Signal::Traces, varint_for_text.to_vec()),
        (Signal::Traces, cut_off.to_vec()),
        (Signal::Traces, group.to_vec()),
        (Signal::Logs, varint_for_text.to_vec()),
        (Signal::Logs, field(5, &deep)),
        (Signal::Metrics, cut_off.to_vec()),
        (Signal::Metrics, [0x08, 1].to_vec()),
    ] {
        let (batch, rejections) =
            Batch::from_protobuf(signal, with_record(signal, &record)).unwrap();
        assert_eq!((batch.records(), rejections.total()), (2, 1), "{signal}");
        let reasons: Vec<_> = rejections.reasons().collect();
        assert_eq!(reasons, [(RejectedReason::Malformed, 1)]);
        let first = rejections.first().unwrap();
        assert!(first.contains("[1]: "), "{first}");
        assert_eq!(batch.request().records(), 2);
    }
}

#[test]
fn a_point_that_cannot_be_decoded_costs_nothing_but_itself() {
    let good = match gauge("m", 1).data {
        Some(glassbox_otlp::proto::metrics::v1::metric::Data::Gauge(data)) => {
            data.data_points[0].encode_to_vec()
        }
        _ => unreachable!(),
    };
    let points = [field(1, &good), field(1, &[0x3a, 9]), field(1, &good)].concat();
    let metric = [field(1, b"m"), field(5, &points)].concat();
    let body = with_record(Signal::Metrics, &metric);
    let (batch, rejections) = Batch::from_protobuf(Signal::Metrics, body).unwrap();
    assert_eq!((batch.records(), rejections.total()), (4, 1));
    let first = rejections.first().unwrap();
    let place = "resourceMetrics[0].scopeMetrics[0].metrics[1].dataPoints[1]: ";
    assert!(first.starts_with(place), "{first}");
}

#[test]
fn metrics_of_kinds_that_were_removed_are_rejected_in_words() {
    let metric = [field(1, b"old"), field(4, b"")].concat();
    let body = with_record(Signal::Metrics, &metric);
    let (batch, rejections) = Batch::from_protobuf(Signal::Metrics, body).unwrap();
    assert_eq!((batch.records(), rejections.total()), (2, 1));
    assert!(rejections.first().unwrap().contains("OTLP 0.9"));
}

#[tokio::test]
async fn a_json_record_with_a_field_of_the_wrong_type_is_rejected_alone() {
    let ids = r#""traceId": "01010101010101010101010101010101", "spanId": "0202020202020202""#;
    for (wrong, field) in [
        (r#""name": 5"#, ".name"),
        (r#""name": {"a": [1, 2]}"#, ".name"),
        (r#""startTimeUnixNano": "soon""#, ".startTimeUnixNano"),
        (r#""startTimeUnixNano": 1e999"#, ".startTimeUnixNano"),
        (r#""kind": "NO_KIND""#, ".kind"),
        (r#""attributes": {"a": 1}"#, ".attributes"),
        (r#""events": [{}, null]"#, ".events[1]"),
        (r#""status": {"code": true}"#, ".status.code"),
        (
            r#""attributes": [{"key": "k", "value": {"intValue": "x"}}]"#,
            ".attributes[0].value.intValue",
        ),
    ] {
        let recorder = Recorder::new();
        let receiver = recorder.receiver();
        let body = format!(
            r#"{{"resourceSpans": [{{"scopeSpans": [{{"spans": [
                {{{ids}}}, {{{ids}, {wrong}, "flags": 1}}, {{{ids}}}, {{"traceId": "01"}}]}}]}}]}}"#
        );
        let answer = post_json(&receiver, "/v1/traces", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{wrong}");
        let success = &answer.json()["partialSuccess"];
        assert_eq!(success["rejectedSpans"], "2");
        let message = success["errorMessage"].as_str().unwrap();
        let place = format!("resourceSpans[0].scopeSpans[0].spans[1]{field}: ");
        assert!(message.contains(&place), "{message}");
        assert!(!message.contains(" column "), "{message}");
        assert_eq!(recorder.batches()[0].records(), 2);
        assert_eq!(receiver.stats().rejected(RejectedReason::Malformed), 1);
        assert_eq!(receiver.stats().rejected(RejectedReason::TraceId), 1);
    }
}

#[tokio::test]
async fn json_metrics_lose_single_points_and_count_all_of_a_metric_that_is_lost() {
    let receiver = Recorder::new().receiver();
    let body = r#"{"resourceMetrics": [{"scopeMetrics": [{"metrics": [
        {"name": "m", "gauge": {"dataPoints": [{"asInt": 1}, {"asInt": "x"}, {"asInt": 2}]}},
        {"name": 7, "sum": {"dataPoints": [{}, {}, {}]}},
        {"name": "n", "gauge": {"dataPoints": 3}}]}]}]}"#;
    let answer = post_json(&receiver, "/v1/metrics", body).await;
    let success = &answer.json()["partialSuccess"];
    assert_eq!(success["rejectedDataPoints"], "5");
    let message = success["errorMessage"].as_str().unwrap();
    let place = "resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[1].asInt: ";
    assert!(message.contains(place), "{message}");
    let stats = receiver.stats().signal(Signal::Metrics);
    assert_eq!((stats.accepted, stats.received), (2, 7));
}

#[tokio::test]
async fn nothing_is_acknowledged_of_which_nothing_is_understood() {
    for (path, body, unknown) in [
        (
            "/v1/logs",
            r#"{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "a"}]}]}]}"#,
            "resourceSpans",
        ),
        (
            "/v1/traces",
            r#"{"ResourceSpans": [{"ScopeSpans": [{"Spans": [{}]}]}]}"#,
            "ResourceSpans",
        ),
        (
            "/v1/traces",
            r#"{"resourceSpans": [{"scopespans": [{"spans": [{}]}]}]}"#,
            r#"\"scopespans\" in resourceSpans[0]"#,
        ),
        ("/v1/metrics", r#"{"data": [1, 2, 3]}"#, "data"),
    ] {
        let receiver = Recorder::new().receiver();
        let answer = post_json(&receiver, path, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(text.contains(unknown), "{text}");
        assert_eq!(receiver.stats().refused(RefusedReason::NothingValid), 1);
    }
    let receiver = Recorder::new().receiver();
    let protobuf = field(7, b"what is this");
    let answer = post(
        &receiver,
        "/v1/logs",
        &[("content-type", PROTOBUF)],
        protobuf,
    )
    .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    for empty in [
        "{}",
        r#"{"resourceSpans": []}"#,
        r#"{"resourceSpans": [{"scopeSpans": []}]}"#,
    ] {
        let answer = post_json(&receiver, "/v1/traces", empty).await;
        assert_eq!(answer.status, StatusCode::OK, "{empty}");
    }
}
