//! OTLP/gRPC, spoken by tonic's own client and, for what that cannot send, by hand.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request as HttpRequest, StatusCode};
use bytes::{BufMut, BytesMut};
use glassbox_otlp::proto::Message;
use glassbox_otlp::proto::trace::v1::Span;
use glassbox_otlp::{Accepted, Limits, Receiver, Refusal, RefusedReason, Request, Signal};
use http_body_util::BodyExt;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tower::ServiceExt;

use crate::recorder::{Recorder, gauge, log, logs, metrics, one_of_each, span, traces};
use crate::serve::listen;

async fn channel(receiver: &Receiver) -> Channel {
    let address = listen(receiver.router()).await;
    Channel::from_shared(format!("http://{address}"))
        .unwrap()
        .connect()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_three_services_answer_tonics_client() {
    let recorder = Recorder::new();
    let channel = channel(&recorder.receiver()).await;
    let [Request::Traces(t), Request::Metrics(m), Request::Logs(l)] = one_of_each() else {
        unreachable!()
    };
    let answer = TraceServiceClient::new(channel.clone())
        .export(t)
        .await
        .unwrap();
    assert_eq!(answer.into_inner().partial_success, None);
    let answer = MetricsServiceClient::new(channel.clone())
        .export(m)
        .await
        .unwrap();
    assert_eq!(answer.into_inner().partial_success, None);
    let answer = LogsServiceClient::new(channel).export(l).await.unwrap();
    assert_eq!(answer.into_inner().partial_success, None);
    let requests = recorder
        .batches()
        .into_iter()
        .map(|batch| batch.into_parts().0);
    assert_eq!(requests.collect::<Vec<_>>(), one_of_each());
}

#[tokio::test]
async fn gzip_and_zstd_are_understood() {
    let recorder = Recorder::new();
    let channel = channel(&recorder.receiver()).await;
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let client = TraceServiceClient::new(channel.clone());
        let mut client = client.send_compressed(encoding).accept_compressed(encoding);
        client.export(traces(vec![span("packed")])).await.unwrap();
    }
    assert_eq!(recorder.batches().len(), 2);
    let expected = traces(vec![span("packed")]).encode_to_vec();
    assert!(
        recorder
            .batches()
            .iter()
            .all(|batch| batch.bytes() == &expected)
    );
}

#[tokio::test]
async fn a_partial_success_reaches_the_client() {
    let recorder = Recorder::new();
    let channel = channel(&recorder.receiver()).await;
    let zero = Span {
        trace_id: vec![0; 16],
        ..span("zero")
    };
    let mut client = TraceServiceClient::new(channel.clone());
    let answer = client
        .export(traces(vec![span("a"), zero]))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.partial_success.unwrap().rejected_spans, 1);

    recorder.answer(Ok(Accepted::with_warning("old names")));
    let mut client = MetricsServiceClient::new(channel);
    let answer = client
        .export(metrics(vec![gauge("a", 1)]))
        .await
        .unwrap()
        .into_inner();
    let partial = answer.partial_success.unwrap();
    assert_eq!(
        (partial.rejected_data_points, &*partial.error_message),
        (0, "old names")
    );
}

#[tokio::test]
async fn every_refusal_has_its_code_and_only_retryable_ones_a_delay() {
    let text = || "why".to_owned();
    let soon = Duration::from_millis(1500);
    let cases = [
        (Refusal::Overloaded { retry_after: soon }, Code::Unavailable),
        (Refusal::unavailable("disk full", soon), Code::Unavailable),
        (Refusal::Invalid { message: text() }, Code::InvalidArgument),
        (
            Refusal::Unauthenticated { message: text() },
            Code::Unauthenticated,
        ),
        (
            Refusal::PermissionDenied { message: text() },
            Code::PermissionDenied,
        ),
        (Refusal::Internal { message: text() }, Code::Internal),
    ];
    let recorder = Recorder::new();
    let channel = channel(&recorder.receiver()).await;
    for (refusal, code) in cases {
        recorder.answer(Err(refusal.clone()));
        let mut client = LogsServiceClient::new(channel.clone());
        let status = client.export(logs(vec![log("a")])).await.unwrap_err();
        assert_eq!(status.code(), code);
        assert_eq!(status.message(), refusal.to_string());
        let delay = status
            .get_details_retry_info()
            .and_then(|info| info.retry_delay);
        assert_eq!(delay, refusal.retry_after());
        let bad_request = status.get_details_bad_request().is_some();
        assert_eq!(bad_request, code == Code::InvalidArgument);
    }
}

#[tokio::test]
async fn a_refusal_fits_into_the_headers_of_an_answer_whatever_the_consumer_says() {
    let recorder = Recorder::new();
    recorder.answer(Err(Refusal::Invalid {
        message: "é".repeat(1 << 20),
    }));
    let channel = channel(&recorder.receiver()).await;
    let status = LogsServiceClient::new(channel)
        .export(logs(vec![log("a")]))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().starts_with("éé") && status.message().ends_with("é…"));
    assert!(status.message().len() < 600);
}

#[tokio::test]
async fn bad_data_is_an_invalid_argument_with_details() {
    let recorder = Recorder::new();
    let channel = channel(&recorder.receiver()).await;
    let zero = Span {
        span_id: vec![0; 8],
        ..span("zero")
    };
    let mut client = TraceServiceClient::new(channel);
    let status = client.export(traces(vec![zero])).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let violation = &status.get_details_bad_request().unwrap().field_violations[0];
    assert_eq!(
        violation.field,
        "resourceSpans[0].scopeSpans[0].spans[0].spanId"
    );
    assert_eq!(violation.description, "must not be all zero");
}

#[tokio::test]
async fn too_large_is_resource_exhausted_without_a_delay() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver_with(Limits::default().request_bytes(10_000));
    let channel = channel(&receiver).await;
    let large = logs(vec![log(&"x".repeat(20_000))]);
    let plain = LogsServiceClient::new(channel.clone());
    let packed = LogsServiceClient::new(channel).send_compressed(CompressionEncoding::Gzip);
    for mut client in [plain, packed] {
        let status = client.export(large.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        assert!(status.get_details_retry_info().is_none());
    }
    assert_eq!(receiver.stats().refused(RefusedReason::TooLarge), 2);
}

#[tokio::test]
async fn backpressure_is_resource_exhausted_with_a_delay() {
    let recorder = Recorder::closed();
    let limits = Limits::default()
        .request_bytes(10_000)
        .in_flight_bytes(16_000)
        .retry_after(Duration::from_secs(4));
    let receiver = recorder.receiver_with(limits);
    let channel = channel(&receiver).await;
    let large = logs(vec![log(&"x".repeat(9_000))]);
    let first = {
        let (mut client, large) = (LogsServiceClient::new(channel.clone()), large.clone());
        tokio::spawn(async move { client.export(large).await })
    };
    crate::limits::until(|| recorder.batches().len() == 1).await;
    let status = LogsServiceClient::new(channel)
        .export(large)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let delay = status.get_details_retry_info().unwrap().retry_delay;
    assert_eq!(delay, Some(Duration::from_secs(4)));
    recorder.release();
    first.await.unwrap().unwrap();
}

/// Sends one body to a method, and returns the status wherever it was put.
async fn call(receiver: &Receiver, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Status {
    let mut request = HttpRequest::post(path).header("content-type", "application/grpc+proto");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body)).unwrap();
    let (parts, body) = receiver
        .router()
        .oneshot(request)
        .await
        .unwrap()
        .into_parts();
    assert_eq!(
        parts.status,
        StatusCode::OK,
        "errors of gRPC are not errors of HTTP"
    );
    assert_eq!(parts.headers["content-type"], "application/grpc");
    let trailers = body.collect().await.unwrap().trailers().cloned();
    status_of(&parts.headers)
        .or_else(|| status_of(&trailers?))
        .unwrap()
}

fn status_of(headers: &HeaderMap) -> Option<Status> {
    Status::from_header_map(headers)
}

fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    let mut frame = BytesMut::new();
    frame.put_u8(flag);
    frame.put_u32(message.len() as u32);
    frame.put_slice(message);
    frame.to_vec()
}

#[tokio::test]
async fn an_unknown_service_or_method_is_unimplemented() {
    let receiver = Recorder::new().receiver();
    for path in [
        "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Import",
        "/grpc.health.v1.Health/Check",
    ] {
        let status = call(&receiver, path, &[], frame(0, b"")).await;
        assert_eq!(status.code(), Code::Unimplemented);
        assert!(status.message().contains(path));
    }
}

#[tokio::test]
async fn an_unknown_compression_is_unimplemented_and_says_which_are_known() {
    let receiver = Recorder::new().receiver();
    let path = Signal::Logs.grpc_path();
    let status = call(
        &receiver,
        path,
        &[("grpc-encoding", "snappy")],
        frame(1, b""),
    )
    .await;
    assert_eq!(status.code(), Code::Unimplemented);
    let known = status.metadata().get("grpc-accept-encoding").unwrap();
    assert_eq!(known, "gzip, zstd, deflate, identity");
}

#[tokio::test]
async fn a_body_that_is_not_one_message_is_an_error_and_never_taken() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    let message = logs(vec![log("a")]).encode_to_vec();
    let whole = frame(0, &message);
    let mut two = whole.clone();
    two.extend(&whole);
    let mut endless = frame(0, &message);
    endless[1..5].copy_from_slice(&u32::MAX.to_be_bytes());
    let cases = [
        (vec![], Code::Internal),
        (whole[..3].to_vec(), Code::Internal),
        (whole[..whole.len() - 1].to_vec(), Code::InvalidArgument),
        (two, Code::Internal),
        (frame(1, &message), Code::Internal),
        (frame(7, &message), Code::Internal),
        (frame(0, b"\x07"), Code::InvalidArgument),
        (endless, Code::ResourceExhausted),
    ];
    for (body, code) in cases {
        let status = call(&receiver, Signal::Logs.grpc_path(), &[], body.clone()).await;
        assert_eq!(status.code(), code, "{body:?}: {status:?}");
    }
    assert!(recorder.batches().is_empty());
    assert_eq!(receiver.in_flight_bytes(), 0);
}

#[tokio::test]
async fn an_uncompressed_message_is_taken_even_if_an_encoding_is_named() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    let body = frame(0, &logs(vec![log("a")]).encode_to_vec());
    let status = call(
        &receiver,
        Signal::Logs.grpc_path(),
        &[("grpc-encoding", "gzip")],
        body,
    )
    .await;
    assert_eq!(status.code(), Code::Ok);
    assert_eq!(recorder.batches().len(), 1);
}

#[tokio::test]
async fn an_empty_message_is_a_success() {
    let recorder = Recorder::new();
    let status = call(
        &recorder.receiver(),
        Signal::Logs.grpc_path(),
        &[],
        frame(0, b""),
    )
    .await;
    assert_eq!(status.code(), Code::Ok);
    assert!(recorder.batches().is_empty());
}

#[tokio::test]
async fn what_is_not_grpc_is_an_unsupported_media_type() {
    let receiver = Recorder::new().receiver();
    let request = HttpRequest::post(Signal::Logs.grpc_path())
        .header("content-type", "application/grpc-web")
        .body(Body::empty())
        .unwrap();
    let answer = receiver.router().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}
