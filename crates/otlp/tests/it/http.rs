//! OTLP/HTTP: paths, content types and encodings.

use std::io::Write;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request as HttpRequest, StatusCode};
use glassbox_otlp::proto::Message;
use glassbox_otlp::{RefusedReason, Signal, json};
use serde_json::json;
use tonic::Code;

use crate::client::{JSON, PROTOBUF, post, post_json, post_protobuf, send};
use crate::recorder::{Recorder, log, logs, one_of_each, span, traces};

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
