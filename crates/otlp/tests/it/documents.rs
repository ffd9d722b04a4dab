//! Whole documents, in the structure of the examples that come with the protocol.

use axum::http::StatusCode;
use glassbox_otlp::proto::common::v1::any_value::Value;
use glassbox_otlp::proto::metrics::v1::metric::Data;
use glassbox_otlp::proto::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest,
};
use glassbox_otlp::{Request, Signal, json};
use serde::de::DeserializeOwned;

use crate::client::post_json;
use crate::recorder::Recorder;

const TRACES: &str = include_str!("documents/traces.json");
const METRICS: &str = include_str!("documents/metrics.json");
const LOGS: &str = include_str!("documents/logs.json");
const EVENTS: &str = include_str!("documents/events.json");

async fn receive(signal: Signal, document: &'static str) -> Request {
    let recorder = Recorder::new();
    let answer = post_json(&recorder.receiver(), signal.http_path(), document).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(answer.body, "{}", "nothing was rejected");
    recorder.batches()[0].request().clone()
}

#[tokio::test]
async fn a_document_of_traces_is_received() {
    let Request::Traces(request) = receive(Signal::Traces, TRACES).await else {
        unreachable!()
    };
    let resource = &request.resource_spans[0];
    assert_eq!(
        resource.resource.as_ref().unwrap().dropped_attributes_count,
        1
    );
    assert_eq!(
        resource.scope_spans[0].scope.as_ref().unwrap().version,
        "2.4.0"
    );
    let span = &resource.scope_spans[0].spans[0];
    assert_eq!(span.trace_id[..2], [0xa0, 0xb1]);
    assert_eq!(
        span.parent_span_id,
        [0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18]
    );
    assert_eq!((span.kind, span.flags), (2, 257));
    assert_eq!(
        span.end_time_unix_nano - span.start_time_unix_nano,
        250_000_001
    );
    assert_eq!(span.events[0].name, "exception");
    assert_eq!(span.links[0].span_id.len(), 8);
    assert_eq!(span.status.as_ref().unwrap().code, 2);
}

#[tokio::test]
async fn a_document_of_metrics_is_received() {
    let Request::Metrics(request) = receive(Signal::Metrics, METRICS).await else {
        unreachable!()
    };
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    let Some(Data::Sum(sum)) = &metrics[0].data else {
        panic!("not a sum")
    };
    assert!(sum.is_monotonic && sum.data_points[0].exemplars[0].trace_id.len() == 16);
    let Some(Data::Histogram(histogram)) = &metrics[2].data else {
        panic!("not a histogram")
    };
    assert_eq!(histogram.data_points[0].bucket_counts, [1, 3, 2]);
    assert_eq!(histogram.data_points[0].max, Some(1.5));
    let Some(Data::ExponentialHistogram(data)) = &metrics[3].data else {
        panic!("not one")
    };
    assert_eq!(
        data.data_points[0].positive.as_ref().unwrap().bucket_counts,
        [3, 1]
    );
}

#[tokio::test]
async fn a_document_of_logs_is_received() {
    let Request::Logs(request) = receive(Signal::Logs, LOGS).await else {
        unreachable!()
    };
    let record = &request.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!((record.severity_number, record.span_id.len()), (17, 8));
    let raw = record.attributes[6]
        .value
        .as_ref()
        .unwrap()
        .value
        .as_ref()
        .unwrap();
    assert_eq!(raw, &Value::BytesValue(vec![0, 1, 2, 255]));
}

#[tokio::test]
async fn a_document_of_events_is_received() {
    let Request::Logs(request) = receive(Signal::Logs, EVENTS).await else {
        unreachable!()
    };
    let record = &request.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!(record.event_name, "page.opened");
    assert!(matches!(
        record.body.as_ref().unwrap().value,
        Some(Value::KvlistValue(_))
    ));
}

#[test]
fn both_decoders_read_the_documents_alike() {
    fn alike<M>(document: &str)
    where
        M: json::JsonMessage + DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        let ours: M = json::from_slice(document.as_bytes()).unwrap();
        let theirs: M = serde_json::from_str(document).unwrap();
        assert_eq!(ours, theirs);
        assert_eq!(json::from_slice::<M>(&json::to_vec(&ours)).unwrap(), ours);
    }
    alike::<ExportTraceServiceRequest>(TRACES);
    alike::<ExportMetricsServiceRequest>(METRICS);
    alike::<ExportLogsServiceRequest>(LOGS);
    alike::<ExportLogsServiceRequest>(EVENTS);
}
