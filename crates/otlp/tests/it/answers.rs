//! OTLP/HTTP: the response to a request, for each of its outcomes.

use std::time::Duration;

use axum::http::StatusCode;
use glassbox_otlp::proto::{
    ExportLogsServiceResponse, ExportMetricsServiceResponse, ExportTraceServiceResponse, Message,
};
use glassbox_otlp::{Accepted, Refusal, RefusedReason, Request, Signal, json};
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt;

use crate::client::{PROTOBUF, post, post_json, post_protobuf};
use crate::recorder::{Recorder, log, logs, one_of_each};

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
    assert_eq!(receiver.stats().refused(RefusedReason::Malformed), 1);
    assert_eq!(receiver.stats().refused(RefusedReason::NothingValid), 1);
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
