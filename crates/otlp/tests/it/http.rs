//! OTLP/HTTP: paths, content types, answers.

use std::io::Write;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request as HttpRequest, StatusCode};
use glassbox_otlp::proto::{
    ExportLogsServiceResponse, ExportMetricsServiceResponse, ExportTraceServiceResponse, Message,
};
use glassbox_otlp::{Accepted, Receiver, Refusal, RefusedReason, Request, Signal, json};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tonic::Code;
use tonic_types::{StatusExt, pb};
use tower::ServiceExt;

use crate::recorder::{Recorder, log, logs, one_of_each, span, traces};

pub(crate) const PROTOBUF: &str = "application/x-protobuf";
pub(crate) const JSON: &str = "application/json";

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), JSON);
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn rpc_status(&self) -> pb::Status {
        assert_eq!(self.header("content-type"), PROTOBUF);
        pb::Status::decode(&*self.body).unwrap()
    }
}

pub(crate) async fn send(router: Router, request: HttpRequest<Body>) -> Answer {
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

pub(crate) async fn post(
    receiver: &Receiver,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = HttpRequest::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(receiver.router(), request.body(body.into()).unwrap()).await
}

pub(crate) async fn post_protobuf(receiver: &Receiver, request: &Request) -> Answer {
    let path = request.signal().http_path();
    post(
        receiver,
        path,
        &[("content-type", PROTOBUF)],
        request.to_protobuf(),
    )
    .await
}

pub(crate) async fn post_json(receiver: &Receiver, path: &str, body: impl Into<Body>) -> Answer {
    post(receiver, path, &[("content-type", JSON)], body).await
}

#[tokio::test]
async fn protobuf_arrives_and_is_answered_in_protobuf() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    for request in one_of_each() {
        let answer = post_protobuf(&receiver, &request).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), PROTOBUF);
        assert!(
            answer.body.is_empty(),
            "full success leaves partial_success unset"
        );
    }
    let requests = recorder
        .batches()
        .into_iter()
        .map(|batch| batch.into_parts().0);
    assert_eq!(requests.collect::<Vec<_>>(), one_of_each());
}

#[tokio::test]
async fn json_arrives_and_is_answered_in_json() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    for request in one_of_each() {
        let answer = post_json(&receiver, request.signal().http_path(), request.to_json()).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json(), json!({}));
    }
    for (batch, request) in recorder.batches().iter().zip(one_of_each()) {
        assert_eq!(batch.request(), &request);
        assert_eq!(
            batch.bytes(),
            &request.to_protobuf(),
            "the bytes are protobuf"
        );
    }
}

#[tokio::test]
async fn parameters_and_case_of_the_content_type_do_not_matter() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    for media in [
        "application/json; charset=utf-8",
        "Application/JSON",
        " application/json ;x=y",
    ] {
        let answer = post(&receiver, "/v1/traces", &[("content-type", media)], "{}").await;
        assert_eq!(answer.status, StatusCode::OK, "{media}");
        assert_eq!(answer.json(), json!({}));
    }
}

#[tokio::test]
async fn the_bytes_handed_on_are_those_that_were_sent_unknown_fields_included() {
    let recorder = Recorder::new();
    let mut bytes = traces(vec![span("a")]).encode_to_vec();
    // Field 99, a varint: a later version of the protocol.
    bytes.extend([0x98, 0x06, 0x01]);
    let headers = [("content-type", PROTOBUF)];
    let answer = post(&recorder.receiver(), "/v1/traces", &headers, bytes.clone()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(recorder.batches()[0].bytes(), &bytes);
}

#[tokio::test]
async fn an_empty_request_is_a_success_and_reaches_nobody() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    for signal in Signal::ALL {
        let path = signal.http_path();
        let answer = post(&receiver, path, &[("content-type", PROTOBUF)], "").await;
        assert_eq!(answer.status, StatusCode::OK);
        let answer = post_json(&receiver, path, "{}").await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let answer = post_json(
        &receiver,
        "/v1/logs",
        r#"{"resourceLogs":[{"scopeLogs":[]}]}"#,
    )
    .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(recorder.batches().is_empty());
}

#[tokio::test]
async fn only_post_is_allowed() {
    let receiver = Recorder::new().receiver();
    for method in [
        Method::GET,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
    ] {
        let request = HttpRequest::builder().method(&method).uri("/v1/traces");
        let answer = send(receiver.router(), request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.header("allow"), "POST");
        assert_eq!(answer.json()["code"], Code::Unimplemented as i32);
    }
    assert_eq!(receiver.stats().refused(RefusedReason::Method), 5);
}

#[tokio::test]
async fn other_content_types_are_unsupported() {
    let receiver = Recorder::new().receiver();
    let answer = post(&receiver, "/v1/logs", &[], "{}").await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for media in [
        "text/plain",
        "application/x-ndjson",
        "application/jsonl",
        "nonsense",
    ] {
        let answer = post(&receiver, "/v1/logs", &[("content-type", media)], "{}").await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media}");
        assert_eq!(answer.json()["code"], Code::InvalidArgument as i32);
    }
    assert_eq!(receiver.stats().refused(RefusedReason::ContentType), 5);
}

#[tokio::test]
async fn an_unknown_path_is_answered_with_the_paths_that_exist() {
    let receiver = Recorder::new().receiver();
    for path in ["/", "/v1/trace", "/v1/traces/", "/v1development/profiles"] {
        let answer = post_json(&receiver, path, "{}").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(path) && message.contains("/v1/traces, /v1/metrics, /v1/logs"));
    }
    let answer = post(&receiver, "/v2/traces", &[("content-type", PROTOBUF)], "").await;
    assert!(answer.rpc_status().message.contains("/v2/traces"));
    assert_eq!(receiver.stats().refused(RefusedReason::Path), 5);
}

#[tokio::test]
async fn the_routes_can_be_nested_and_merged_into_a_larger_router() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    let page = Router::new().route("/", axum::routing::get(async || "page"));
    let router = page
        .merge(receiver.http_router())
        .nest("/otlp", receiver.http_router())
        .fallback(async || "something else");
    let request = HttpRequest::post("/otlp/v1/logs").header("content-type", JSON);
    let body = Body::from(json::to_vec(&logs(vec![log("a")])));
    let answer = send(router.clone(), request.body(body).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(recorder.batches().len(), 1);
    let request = HttpRequest::get("/nowhere").body(Body::empty()).unwrap();
    assert_eq!(send(router, request).await.body, "something else");
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn every_request_encoding_is_understood() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    let plain = traces(vec![span("a")]).encode_to_vec();
    for (encoding, body) in [
        ("", plain.clone()),
        ("none", plain.clone()),
        ("identity", plain.clone()),
        ("gzip", gzip(&plain)),
        ("GZIP", gzip(&plain)),
        ("zstd", zstd::encode_all(&*plain, 3).unwrap()),
        ("deflate", zlib(&plain)),
    ] {
        let headers = [("content-type", PROTOBUF), ("content-encoding", encoding)];
        let answer = post(&receiver, "/v1/traces", &headers, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{encoding}");
    }
    let batches = recorder.batches();
    assert_eq!(batches.len(), 7);
    assert!(batches.iter().all(|batch| batch.bytes() == &plain));
}

#[tokio::test]
async fn an_unknown_encoding_is_a_bad_request_that_says_which_are_known() {
    let receiver = Recorder::new().receiver();
    for encoding in ["br", "snappy", "gzip, gzip"] {
        let headers = [("content-type", PROTOBUF), ("content-encoding", encoding)];
        let answer = post(&receiver, "/v1/traces", &headers, "").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{encoding}");
        assert_eq!(
            answer.header("accept-encoding"),
            "gzip, zstd, deflate, identity"
        );
        assert!(answer.rpc_status().message.contains(encoding));
    }
    let headers = [
        ("content-type", JSON),
        ("content-encoding", "gzip"),
        ("content-encoding", "gzip"),
    ];
    let answer = post(&receiver, "/v1/traces", &headers, "").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(receiver.stats().refused(RefusedReason::Encoding), 4);
}

#[tokio::test]
async fn data_that_does_not_decompress_is_a_bad_request() {
    let receiver = Recorder::new().receiver();
    let whole = gzip(&traces(vec![span("a")]).encode_to_vec());
    for (encoding, body) in [
        ("gzip", &whole[..whole.len() - 5]),
        ("gzip", b"{}"),
        ("zstd", &whole),
        ("deflate", &whole),
    ] {
        let headers = [("content-type", PROTOBUF), ("content-encoding", encoding)];
        let answer = post(&receiver, "/v1/traces", &headers, body.to_vec()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{encoding}");
        assert_eq!(answer.rpc_status().code, Code::InvalidArgument as i32);
    }
    assert_eq!(receiver.stats().refused(RefusedReason::Corrupt), 4);
}

#[tokio::test]
async fn bad_data_is_a_bad_request_with_a_status_that_names_the_field() {
    let receiver = Recorder::new().receiver();
    let body = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}"#;
    let answer = post_json(&receiver, "/v1/traces", body).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let status = answer.json();
    assert_eq!(status["code"], Code::InvalidArgument as i32);
    let detail = &status["details"][0];
    assert_eq!(detail["@type"], "type.googleapis.com/google.rpc.BadRequest");
    let violation = &detail["fieldViolations"][0];
    assert_eq!(
        violation["field"],
        "resourceSpans[0].scopeSpans[0].spans[0].traceId"
    );

    let answer = post(
        &receiver,
        "/v1/traces",
        &[("content-type", PROTOBUF)],
        "\u{7}",
    )
    .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let status = answer.rpc_status();
    assert_eq!(status.code, Code::InvalidArgument as i32);
    assert_eq!(
        status.details[0].type_url,
        "type.googleapis.com/google.rpc.BadRequest"
    );
    assert_eq!(receiver.stats().refused(RefusedReason::Malformed), 2);
}

#[tokio::test]
async fn a_string_that_is_not_utf8_is_a_bad_request() {
    let receiver = Recorder::new().receiver();
    let mut bytes = traces(vec![span("NAME")]).encode_to_vec();
    let at = bytes
        .windows(4)
        .position(|window| window == b"NAME")
        .unwrap();
    bytes[at] = 0xff;
    let answer = post(
        &receiver,
        "/v1/traces",
        &[("content-type", PROTOBUF)],
        bytes,
    )
    .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn every_refusal_has_its_status() {
    let text = || "why".to_owned();
    let soon = Duration::from_millis(1500);
    let cases = [
        (
            Refusal::Overloaded { retry_after: soon },
            429,
            Code::Unavailable,
            "2",
        ),
        (
            Refusal::unavailable("disk full", soon),
            503,
            Code::Unavailable,
            "2",
        ),
        (
            Refusal::unavailable("moment", Duration::ZERO),
            503,
            Code::Unavailable,
            "0",
        ),
        (
            Refusal::Invalid { message: text() },
            400,
            Code::InvalidArgument,
            "",
        ),
        (
            Refusal::Unauthenticated { message: text() },
            401,
            Code::Unauthenticated,
            "",
        ),
        (
            Refusal::PermissionDenied { message: text() },
            403,
            Code::PermissionDenied,
            "",
        ),
        (
            Refusal::Internal { message: text() },
            500,
            Code::Internal,
            "",
        ),
    ];
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    for (refusal, http, grpc, retry_after) in cases {
        recorder.answer(Err(refusal.clone()));
        let request = Request::Logs(logs(vec![log("a")]));
        let answer = post_protobuf(&receiver, &request).await;
        assert_eq!(answer.status.as_u16(), http, "{refusal:?}");
        assert_eq!(answer.header("retry-after"), retry_after, "{refusal:?}");
        let status = answer.rpc_status();
        assert_eq!(status.code, grpc as i32);
        assert_eq!(status.message, refusal.to_string());

        let answer = post_json(&receiver, "/v1/logs", request.to_json()).await;
        assert_eq!(answer.status.as_u16(), http);
        let status = answer.json();
        assert_eq!(status["code"], grpc as i32);
        let delay = &status["details"][0]["retryDelay"];
        match refusal.retry_after() {
            Some(after) => assert_eq!(delay, &format!("{}s", after.as_secs_f64())),
            None => assert!(delay.is_null()),
        }
    }
    let stats = receiver.stats();
    assert_eq!(stats.refused(RefusedReason::Overloaded), 2);
    assert_eq!(stats.refused(RefusedReason::Unavailable), 4);
    assert_eq!(stats.refused(RefusedReason::Denied), 4);
    assert_eq!(stats.signal(Signal::Logs).accepted, 0);
    assert_eq!(stats.signal(Signal::Logs).received, 14);
}

#[tokio::test]
async fn a_partial_success_says_how_many_and_why() {
    let recorder = Recorder::new();
    recorder.answer(Ok(Accepted::partial(1, "too old")));
    let receiver = recorder.receiver();
    for request in one_of_each() {
        let answer = post_protobuf(&receiver, &request).await;
        assert_eq!(answer.status, StatusCode::OK);
        let (rejected, message) = match request.signal() {
            Signal::Traces => {
                let answer = ExportTraceServiceResponse::decode(&*answer.body).unwrap();
                let partial = answer.partial_success.unwrap();
                (partial.rejected_spans, partial.error_message)
            }
            Signal::Metrics => {
                let answer = ExportMetricsServiceResponse::decode(&*answer.body).unwrap();
                let partial = answer.partial_success.unwrap();
                (partial.rejected_data_points, partial.error_message)
            }
            Signal::Logs => {
                let answer = ExportLogsServiceResponse::decode(&*answer.body).unwrap();
                let partial = answer.partial_success.unwrap();
                (partial.rejected_log_records, partial.error_message)
            }
        };
        assert_eq!((rejected, message.as_str()), (1, "too old"));
    }
    let body = json::to_vec(&logs(vec![log("a")]));
    let answer = post_json(&receiver, "/v1/logs", body).await;
    let expected = json!({"rejectedLogRecords": "1", "errorMessage": "too old"});
    assert_eq!(answer.json()["partialSuccess"], expected);
}

#[tokio::test]
async fn a_warning_is_a_partial_success_that_rejected_nothing() {
    let recorder = Recorder::new();
    recorder.answer(Ok(Accepted::with_warning("attribute shortened")));
    let receiver = recorder.receiver();
    let answer = post_json(&receiver, "/v1/logs", json::to_vec(&logs(vec![log("a")]))).await;
    assert_eq!(answer.status, StatusCode::OK);
    let expected = json!({"partialSuccess": {"errorMessage": "attribute shortened"}});
    assert_eq!(answer.json(), expected);
    assert_eq!(receiver.stats().signal(Signal::Logs).accepted, 1);
}

#[tokio::test]
async fn an_answer_stays_small_whatever_the_consumer_says() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    let endless = "é".repeat(8 << 20);
    recorder.answer(Ok(Accepted::with_warning(endless.clone())));
    let answer = post_protobuf(&receiver, &Request::Logs(logs(vec![log("a")]))).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.len() < 4 << 10);
    recorder.answer(Err(Refusal::Invalid { message: endless }));
    let answer = post_protobuf(&receiver, &Request::Logs(logs(vec![log("a")]))).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.len() < 16 << 10, "{}", answer.body.len());
}

#[tokio::test]
async fn the_retry_delay_is_in_the_details_of_the_protobuf_status() {
    let recorder = Recorder::new();
    recorder.answer(Err(Refusal::unavailable(
        "disk full",
        Duration::from_secs(3),
    )));
    let receiver = recorder.receiver();
    let answer = post_protobuf(&receiver, &Request::Logs(logs(vec![log("a")]))).await;
    let status = tonic::Status::with_details(Code::Unavailable, "", answer.body);
    let retry = status.get_details_retry_info().unwrap();
    assert_eq!(retry.retry_delay, Some(Duration::from_secs(3)));
}
