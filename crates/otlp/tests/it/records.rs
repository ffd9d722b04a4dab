//! What happens to single records that are wrong.

use axum::http::StatusCode;
use bytes::Bytes;
use glassbox_otlp::proto::common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value};
use glassbox_otlp::proto::logs::v1::LogRecord;
use glassbox_otlp::proto::metrics::v1::metric::Data;
use glassbox_otlp::proto::metrics::v1::{Exemplar, Histogram, HistogramDataPoint, Metric};
use glassbox_otlp::proto::trace::v1::Span;
use glassbox_otlp::proto::trace::v1::span::Link;
use glassbox_otlp::proto::{ExportTraceServiceResponse, Message};
use glassbox_otlp::{
    Accepted, Batch, RefusedReason, RejectedReason, Request, Signal, remove_invalid,
};
use tonic::Code;

use crate::client::{PROTOBUF, post, post_protobuf};
use crate::recorder::{Recorder, gauge, log, logs, metrics, one_of_each, span, traces};

/// Puts one span between two valid ones and returns why it was rejected, if it was.
fn fate(span_under_test: Span) -> Option<(RejectedReason, String)> {
    let mut request = Request::Traces(traces(vec![span("a"), span_under_test, span("z")]));
    let rejections = remove_invalid(&mut request);
    assert_eq!(request.records() + rejections.total(), 3);
    let Request::Traces(request) = request else {
        unreachable!()
    };
    let spans = &request.resource_spans[0].scope_spans[0].spans;
    assert_eq!((&*spans[0].name, &*spans[spans.len() - 1].name), ("a", "z"));
    let (reason, count) = rejections.reasons().next()?;
    assert_eq!(count, 1);
    Some((reason, rejections.first().unwrap().to_owned()))
}

#[test]
fn a_span_needs_ids_of_the_right_length_that_are_not_zero() {
    for id in [vec![], vec![1; 15], vec![1; 17], vec![0; 16], vec![1; 8]] {
        let (reason, text) = fate(Span {
            trace_id: id,
            ..span("b")
        })
        .unwrap();
        assert_eq!(reason, RejectedReason::TraceId);
        assert!(
            text.starts_with("resourceSpans[0].scopeSpans[0].spans[1].traceId: must "),
            "{text}"
        );
    }
    for id in [vec![], vec![1; 7], vec![1; 9], vec![0; 8], vec![1; 16]] {
        let (reason, text) = fate(Span {
            span_id: id,
            ..span("b")
        })
        .unwrap();
        assert_eq!(reason, RejectedReason::SpanId);
        assert!(
            text.starts_with("resourceSpans[0].scopeSpans[0].spans[1].spanId: must "),
            "{text}"
        );
    }
    assert_eq!(fate(span("b")), None);
}

#[test]
fn a_parent_is_absent_or_has_the_right_length() {
    for id in [vec![], vec![3; 8], vec![0; 8]] {
        assert_eq!(
            fate(Span {
                parent_span_id: id,
                ..span("b")
            }),
            None
        );
    }
    for id in [vec![3; 1], vec![3; 7], vec![3; 16]] {
        let (reason, _) = fate(Span {
            parent_span_id: id,
            ..span("b")
        })
        .unwrap();
        assert_eq!(reason, RejectedReason::ParentSpanId);
    }
}

#[test]
fn a_link_may_lead_nowhere_but_not_to_a_broken_id() {
    let with = |trace_id, span_id| {
        let link = Link {
            trace_id,
            span_id,
            ..Link::default()
        };
        fate(Span {
            links: vec![Link::default(), link],
            ..span("b")
        })
    };
    assert_eq!(with(vec![1; 16], vec![1; 8]), None);
    assert_eq!(with(vec![0; 16], vec![0; 8]), None);
    let (reason, text) = with(vec![1; 3], vec![1; 8]).unwrap();
    assert_eq!(reason, RejectedReason::Link);
    assert!(
        text.contains("spans[1].links[1].traceId: must be empty or 16 bytes, got 3"),
        "{text}"
    );
    assert!(
        with(vec![1; 16], vec![1; 9])
            .unwrap()
            .1
            .contains("links[1].spanId")
    );
}

#[test]
fn a_log_record_may_have_no_ids_but_no_broken_ones() {
    let fate = |trace_id, span_id| {
        let record = LogRecord {
            trace_id,
            span_id,
            ..log("b")
        };
        let mut request = Request::Logs(logs(vec![log("a"), record]));
        let rejections = remove_invalid(&mut request);
        rejections.reasons().next().map(|(reason, _)| reason)
    };
    assert_eq!(fate(vec![], vec![]), None);
    assert_eq!(fate(vec![1; 16], vec![1; 8]), None);
    assert_eq!(fate(vec![1; 16], vec![]), None);
    assert_eq!(fate(vec![0; 16], vec![0; 8]), None);
    assert_eq!(fate(vec![1; 15], vec![]), Some(RejectedReason::TraceId));
    assert_eq!(fate(vec![1; 16], vec![1; 4]), Some(RejectedReason::SpanId));
}

fn histogram(point: HistogramDataPoint) -> Metric {
    let sound = HistogramDataPoint {
        bucket_counts: vec![1],
        ..HistogramDataPoint::default()
    };
    let data = Histogram {
        data_points: vec![sound, point],
        ..Histogram::default()
    };
    Metric {
        name: "h".to_owned(),
        data: Some(Data::Histogram(data)),
        ..Metric::default()
    }
}

#[test]
fn a_histogram_whose_buckets_do_not_fit_its_bounds_is_kept_as_it_came() {
    // The specification's own example of metrics has one such point.
    for (buckets, bounds) in [(0, 0), (1, 0), (4, 3), (3, 1), (0, 3)] {
        let point = HistogramDataPoint {
            bucket_counts: vec![1; buckets],
            explicit_bounds: (0..bounds).map(f64::from).collect(),
            ..HistogramDataPoint::default()
        };
        let mut request = Request::Metrics(metrics(vec![histogram(point)]));
        let before = request.clone();
        assert!(remove_invalid(&mut request).is_empty());
        assert_eq!(request, before);
        let bytes = Bytes::from(before.to_protobuf());
        let (batch, rejections) = Batch::from_protobuf(Signal::Metrics, bytes.clone()).unwrap();
        assert!(rejections.is_empty());
        assert_eq!((batch.bytes(), batch.records()), (&bytes, 2));
    }
}

#[test]
fn an_exemplar_with_a_broken_id_costs_its_point_only() {
    let exemplar = Exemplar {
        trace_id: vec![1; 5],
        ..Exemplar::default()
    };
    let mut bad = gauge("b", 1);
    if let Some(Data::Gauge(data)) = &mut bad.data {
        data.data_points[0].exemplars = vec![exemplar];
        data.data_points.push(data.data_points[0].clone());
        data.data_points[1].exemplars = vec![Exemplar::default()];
    }
    let mut request = Request::Metrics(metrics(vec![bad, gauge("c", 2)]));
    let rejections = remove_invalid(&mut request);
    assert_eq!(
        rejections.reasons().collect::<Vec<_>>(),
        [(RejectedReason::Exemplar, 1)]
    );
    assert_eq!(request.records(), 2);
}

#[test]
fn a_metric_without_a_name_is_rejected_with_all_its_points() {
    let nameless = Metric {
        name: String::new(),
        ..histogram(HistogramDataPoint::default())
    };
    let mut request = Request::Metrics(metrics(vec![nameless, gauge("c", 2), Metric::default()]));
    let rejections = remove_invalid(&mut request);
    assert_eq!(
        rejections.reasons().collect::<Vec<_>>(),
        [(RejectedReason::MetricName, 3)]
    );
    assert_eq!(request.records(), 1);
}

#[tokio::test]
async fn the_sound_records_are_taken_and_the_client_hears_of_the_others() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    let zero = Span {
        trace_id: vec![0; 16],
        ..span("zero")
    };
    let short = Span {
        span_id: vec![1; 4],
        ..span("short")
    };
    let request = Request::Traces(traces(vec![span("a"), zero, short, span("b")]));
    let answer = post_protobuf(&receiver, &request).await;
    assert_eq!(answer.status, StatusCode::OK);
    let response = ExportTraceServiceResponse::decode(&*answer.body).unwrap();
    let partial = response.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 2);
    let expected =
        "2 spans rejected: resourceSpans[0].scopeSpans[0].spans[1].traceId: must not be all zero";
    assert_eq!(partial.error_message, expected);

    let batches = recorder.batches();
    let expected = traces(vec![span("a"), span("b")]);
    assert_eq!(batches[0].request(), &Request::Traces(expected.clone()));
    assert_eq!(
        batches[0].bytes(),
        &expected.encode_to_vec(),
        "the bytes hold sound records only"
    );
    assert_eq!(batches[0].records(), 2);

    let stats = receiver.stats();
    let traces = stats.signal(Signal::Traces);
    assert_eq!(
        (traces.received, traces.accepted, traces.rejected),
        (4, 2, 2)
    );
    assert_eq!(stats.rejected(RejectedReason::TraceId), 1);
    assert_eq!(stats.rejected(RejectedReason::SpanId), 1);
}

#[tokio::test]
async fn what_the_consumer_rejects_is_added_to_what_the_checks_rejected() {
    let recorder = Recorder::new();
    recorder.answer(Ok(Accepted::partial(1, "too old")));
    let receiver = recorder.receiver();
    let zero = Span {
        trace_id: vec![0; 16],
        ..span("zero")
    };
    let request = Request::Traces(traces(vec![span("a"), zero, span("b")]));
    let answer = post_protobuf(&receiver, &request).await;
    let response = ExportTraceServiceResponse::decode(&*answer.body).unwrap();
    let partial = response.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 2);
    assert!(
        partial
            .error_message
            .ends_with("must not be all zero; too old")
    );
    let traces = receiver.stats().signal(Signal::Traces);
    assert_eq!(
        (traces.received, traces.accepted, traces.rejected),
        (3, 1, 2)
    );
    assert_eq!(receiver.stats().rejected(RejectedReason::Consumer), 1);
}

#[tokio::test]
async fn a_request_without_one_sound_record_is_bad_data() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    let zero = Span {
        span_id: vec![0; 8],
        ..span("zero")
    };
    let answer = post_protobuf(&receiver, &Request::Traces(traces(vec![zero]))).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let status = answer.rpc_status();
    assert_eq!(status.code, Code::InvalidArgument as i32);
    assert!(
        status.message.contains("none of the 1 spans is valid"),
        "{}",
        status.message
    );
    assert!(recorder.batches().is_empty());
    assert_eq!(receiver.stats().refused(RefusedReason::NothingValid), 1);
    assert_eq!(receiver.stats().rejected(RejectedReason::SpanId), 1);
}

#[tokio::test]
async fn no_signal_is_taken_on_the_path_of_another() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    // The only combination that decodes without an error: a log record without a time looks like a span.
    let timeless = Request::Logs(logs(vec![LogRecord {
        time_unix_nano: 0,
        ..log("a")
    }]));
    let no_point = Request::Metrics(metrics(vec![Metric {
        name: "sixteen.letters.".to_owned(),
        ..Metric::default()
    }]));
    for request in one_of_each().into_iter().chain([timeless, no_point]) {
        for signal in Signal::ALL
            .into_iter()
            .filter(|signal| *signal != request.signal())
        {
            let path = signal.http_path();
            let headers = [("content-type", PROTOBUF)];
            let answer = post(&receiver, path, &headers, request.to_protobuf()).await;
            assert_eq!(
                answer.status,
                StatusCode::BAD_REQUEST,
                "{} to {path}",
                request.signal()
            );
        }
    }
    assert!(recorder.batches().is_empty());
}

#[tokio::test]
async fn values_nested_beyond_a_hundred_messages_are_bad_data() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    let nested = |arrays: usize| {
        let mut value = AnyValue::default();
        for _ in 0..arrays {
            let array = ArrayValue {
                values: vec![value],
            };
            value = AnyValue {
                value: Some(Value::ArrayValue(array)),
            };
        }
        let attribute = KeyValue {
            value: Some(value),
            ..KeyValue::default()
        };
        Request::Traces(traces(vec![Span {
            attributes: vec![attribute],
            ..span("deep")
        }]))
    };
    // Resource, scope, span, attribute and value are five levels; an array is two.
    assert_eq!(
        post_protobuf(&receiver, &nested(47)).await.status,
        StatusCode::OK
    );
    for arrays in [48, 1000] {
        let answer = post_protobuf(&receiver, &nested(arrays)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(recorder.batches().len(), 1);
}
