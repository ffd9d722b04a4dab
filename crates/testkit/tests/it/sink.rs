//! Tests of the sink from an exporter's point of view.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request as HttpRequest, Response, StatusCode};
use glassbox_otlp::proto::common::v1::{AnyValue, KeyValue, any_value::Value};
use glassbox_otlp::proto::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use glassbox_otlp::proto::resource::v1::Resource;
use glassbox_otlp::proto::trace::v1::{ResourceSpans, ScopeSpans, Span};
use glassbox_otlp::proto::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest, Message,
};
use glassbox_otlp::{Accepted, Limits, Refusal, RefusedReason, Signal, json};
use glassbox_testkit::{OtlpSink, SinkMode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::Code;
use tonic_types::StatusExt;

fn resource() -> Option<Resource> {
    let value = Some(AnyValue {
        value: Some(Value::StringValue("shop".to_owned())),
    });
    let name = KeyValue {
        key: "service.name".to_owned(),
        value,
        ..KeyValue::default()
    };
    Some(Resource {
        attributes: vec![name],
        ..Resource::default()
    })
}

fn traces() -> ExportTraceServiceRequest {
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: "order".to_owned(),
        ..Span::default()
    };
    let scope = ScopeSpans {
        spans: vec![span],
        ..ScopeSpans::default()
    };
    let resource_spans = vec![ResourceSpans {
        resource: resource(),
        scope_spans: vec![scope],
        ..Default::default()
    }];
    ExportTraceServiceRequest { resource_spans }
}

fn metrics() -> ExportMetricsServiceRequest {
    let text = r#"{"name": "orders", "gauge": {"dataPoints": [{"asInt": "1"}]}}"#;
    let metric: Metric = json::from_slice(text.as_bytes()).unwrap();
    let scope = ScopeMetrics {
        metrics: vec![metric],
        ..ScopeMetrics::default()
    };
    let resource_metrics = vec![ResourceMetrics {
        resource: resource(),
        scope_metrics: vec![scope],
        ..ResourceMetrics::default()
    }];
    ExportMetricsServiceRequest { resource_metrics }
}

fn logs() -> ExportLogsServiceRequest {
    let text = r#"{"resourceLogs": [{"scopeLogs": [{"scope": {"name": "shop.log"},
        "logRecords": [{"body": {"stringValue": "hello"}}]}]}]}"#;
    json::from_slice(text.as_bytes()).unwrap()
}

async fn post(sink: &OtlpSink, signal: Signal, body: Vec<u8>) -> Result<Response<Bytes>, Error> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = HttpRequest::post(format!("{}{}", sink.endpoint(), signal.http_path()))
        .header("content-type", "application/x-protobuf")
        .body(Body::from(body))
        .unwrap();
    let (parts, body) = client.request(request).await?.into_parts();
    Ok(Response::from_parts(
        parts,
        body.collect().await.unwrap().to_bytes(),
    ))
}

async fn grpc(sink: &OtlpSink) -> Result<(), tonic::Status> {
    let mut client = TraceServiceClient::connect(sink.endpoint()).await.unwrap();
    client.export(traces()).await.map(|_| ())
}

#[tokio::test]
async fn all_signals_arrive_over_http_with_their_origin() {
    let sink = OtlpSink::start().await;
    for (signal, body) in [
        (Signal::Traces, traces().encode_to_vec()),
        (Signal::Metrics, metrics().encode_to_vec()),
        (Signal::Logs, logs().encode_to_vec()),
    ] {
        assert_eq!(
            post(&sink, signal, body).await.unwrap().status(),
            StatusCode::OK
        );
    }
    assert_eq!((sink.attempts(), sink.batches().len()), (3, 3));
    assert_eq!(
        (&*sink.spans()[0].name, sink.spans()[0].service()),
        ("order", "shop")
    );
    assert_eq!(
        (&*sink.metrics()[0].name, sink.metrics()[0].service()),
        ("orders", "shop")
    );
    assert_eq!(
        (&*sink.logs()[0].scope.name, sink.logs()[0].service()),
        ("shop.log", "")
    );
    sink.clear();
    assert!(sink.batches().is_empty());
}

#[tokio::test]
async fn grpc_arrives_at_the_same_port() {
    let sink = OtlpSink::start().await;
    grpc(&sink).await.unwrap();
    assert_eq!(sink.spans().len(), 1);
}

#[tokio::test]
async fn waiting_ends_when_the_condition_holds_or_the_time_is_over() {
    let sink = OtlpSink::start().await;
    assert!(
        !sink
            .wait_for_within(Duration::ZERO, |sink| !sink.spans().is_empty())
            .await
    );
    let (waited, sent) = tokio::join!(sink.wait_for(|sink| sink.spans().len() == 2), async {
        grpc(&sink).await?;
        grpc(&sink).await
    });
    sent.unwrap();
    let () = waited;
}

#[tokio::test]
async fn a_refusal_is_that_of_the_specification_and_keeps_nothing() {
    let sink = OtlpSink::start().await;
    let delay = Duration::from_secs(7);
    sink.set_mode(SinkMode::Refuse(Refusal::unavailable("disk full", delay)));
    let answer = post(&sink, Signal::Traces, traces().encode_to_vec())
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "7");
    let status = grpc(&sink).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(
        status.get_details_retry_info().unwrap().retry_delay,
        Some(delay)
    );
    assert_eq!((sink.attempts(), sink.batches().len()), (2, 0));
}

#[tokio::test]
async fn any_status_can_be_asked_for() {
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Status { http: 502, grpc: 8 });
    let answer = post(&sink, Signal::Traces, traces().encode_to_vec())
        .await
        .unwrap();
    assert_eq!(
        (answer.status(), answer.body().len()),
        (StatusCode::BAD_GATEWAY, 0)
    );
    let status = grpc(&sink).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.get_details_retry_info().is_none());
}

#[tokio::test]
async fn a_script_is_played_once_and_then_the_mode_applies_again() {
    let sink = OtlpSink::start().await;
    let status = SinkMode::Status {
        http: 503,
        grpc: 14,
    };
    sink.script([
        status.clone(),
        status,
        SinkMode::Accept(Accepted::partial(1, "old")),
    ]);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let answer = post(&sink, Signal::Traces, traces().encode_to_vec())
            .await
            .unwrap();
        statuses.push((answer.status().as_u16(), answer.body().is_empty()));
    }
    assert_eq!(
        statuses,
        [(503, true), (503, true), (200, false), (200, true)]
    );
}

#[tokio::test]
async fn a_sink_that_hangs_is_noticed_by_those_who_wait_for_the_attempt() {
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Hang);
    let answer = post(&sink, Signal::Traces, traces().encode_to_vec());
    tokio::select! {
        answer = answer => panic!("an answer: {answer:?}"),
        () = sink.wait_for(|sink| sink.attempts() == 1) => {}
    }
    assert!(sink.batches().is_empty());
}

#[tokio::test]
async fn a_closed_connection_is_an_error_of_transport() {
    let sink = OtlpSink::start().await;
    sink.script([SinkMode::Close, SinkMode::Close]);
    assert!(
        post(&sink, Signal::Traces, traces().encode_to_vec())
            .await
            .is_err()
    );
    let status = grpc(&sink).await.unwrap_err();
    assert_ne!(status.code(), Code::Ok);
    // The next connection succeeds.
    grpc(&sink).await.unwrap();
    assert_eq!(sink.spans().len(), 1);
}

#[tokio::test]
async fn a_sink_that_is_dropped_closes_its_port_and_its_connections() {
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Hang);
    let mut client = TraceServiceClient::connect(sink.endpoint()).await.unwrap();
    let address = sink.address();
    let hanging = tokio::spawn(async move { client.export(traces()).await.map(|_| ()) });
    sink.wait_for(|sink| sink.attempts() == 1).await;
    drop(sink);
    assert!(hanging.await.unwrap().is_err());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_sink_may_have_limits_of_its_own() {
    let sink = OtlpSink::start_with(Limits::default().request_bytes(10)).await;
    let status = grpc(&sink).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(sink.receiver().stats().refused(RefusedReason::TooLarge), 1);
}
