//! The bounds, each with the answer at it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use glassbox_otlp::proto::Message;
use glassbox_otlp::{Limits, Receiver, RefusedReason, Request};
use http_body_util::StreamBody;
use tonic::Code;

use crate::client::{JSON, PROTOBUF, post, post_protobuf};
use crate::recorder::{Recorder, log, logs, span, text_attribute, traces};

/// A request of exactly the given size.
fn request_of(bytes: usize) -> Request {
    let with = |text: usize| {
        let attribute = text_attribute("pad", "x".repeat(text));
        let mut span = span("a");
        span.attributes.push(attribute);
        traces(vec![span])
    };
    // The length prefixes grow with the text, so a guess is corrected until it fits.
    let mut text = bytes;
    loop {
        let length = with(text).encoded_len();
        if length <= bytes {
            assert_eq!(length, bytes, "no text gives exactly this size");
            return Request::Traces(with(text));
        }
        text -= length - bytes;
    }
}

async fn post_gzip(receiver: &Receiver, body: &[u8]) -> StatusCode {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).unwrap();
    let packed = encoder.finish().unwrap();
    let headers = [("content-type", PROTOBUF), ("content-encoding", "gzip")];
    post(receiver, "/v1/traces", &headers, packed).await.status
}

#[tokio::test]
async fn the_limit_holds_for_plain_bodies_and_after_decompression() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver_with(Limits::default().request_bytes(100_000));
    let largest = request_of(100_000);
    assert_eq!(
        post_protobuf(&receiver, &largest).await.status,
        StatusCode::OK
    );
    assert_eq!(
        post_gzip(&receiver, &largest.to_protobuf()).await,
        StatusCode::OK
    );

    let larger = request_of(100_001);
    let answer = post_protobuf(&receiver, &larger).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        answer.header("retry-after"),
        "",
        "too large stays too large"
    );
    let status = answer.rpc_status();
    assert_eq!(status.code, Code::ResourceExhausted as i32);
    assert!(status.details.is_empty(), "no RetryInfo: {status:?}");
    assert_eq!(
        post_gzip(&receiver, &larger.to_protobuf()).await,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(receiver.stats().refused(RefusedReason::TooLarge), 2);
    assert_eq!(recorder.batches().len(), 2);
    assert_eq!(receiver.in_flight_bytes(), 0);
}

#[tokio::test]
async fn the_default_limit_is_64_mib() {
    let receiver = Recorder::new().receiver();
    let answer = post_protobuf(&receiver, &request_of(64 << 20)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let answer = post_protobuf(&receiver, &request_of((64 << 20) + 1)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_body_of_unknown_length_is_stopped_at_the_limit() {
    let receiver = Recorder::new().receiver_with(Limits::default().request_bytes(100_000));
    let (sender, frames) = tokio::sync::mpsc::channel(1);
    let sending = tokio::spawn(async move {
        let mut sent = 0_usize;
        let piece = Bytes::from_static(&[b'x'; 10_000]);
        while sender
            .send(Ok::<_, std::io::Error>(frame(piece.clone())))
            .await
            .is_ok()
        {
            sent += piece.len();
        }
        sent
    });
    let frames = tokio_stream::wrappers::ReceiverStream::new(frames);
    let body = Body::new(StreamBody::new(frames));
    let answer = post(&receiver, "/v1/traces", &[("content-type", PROTOBUF)], body).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(
        sending.await.unwrap() <= 130_000,
        "nobody reads on after the limit"
    );
}

fn frame(data: Bytes) -> http_body::Frame<Bytes> {
    http_body::Frame::data(data)
}

#[tokio::test]
async fn a_request_that_does_not_fit_beside_the_others_is_asked_to_come_again() {
    let recorder = Recorder::closed();
    let limits = Limits::default()
        .request_bytes(100_000)
        .in_flight_bytes(150_000)
        .retry_after(Duration::from_secs(5));
    let receiver = recorder.receiver_with(limits);
    let first = {
        let receiver = receiver.clone();
        tokio::spawn(async move { post_protobuf(&receiver, &request_of(100_000)).await })
    };
    until(|| recorder.batches().len() == 1).await;
    let held = receiver.in_flight_bytes();
    assert!(
        (100_000..105_000).contains(&held),
        "held until it is answered: {held}"
    );

    let answer = post_protobuf(&receiver, &request_of(50_001)).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "5");
    let status = answer.rpc_status();
    assert_eq!(status.code, Code::ResourceExhausted as i32);
    assert!(
        status.message.contains("other requests"),
        "{}",
        status.message
    );
    assert_eq!(status.details.len(), 1, "a RetryInfo");
    assert_eq!(receiver.stats().refused(RefusedReason::InFlight), 1);

    recorder.release();
    assert_eq!(first.await.unwrap().status, StatusCode::OK);
    assert_eq!(receiver.in_flight_bytes(), 0);
    recorder.release();
    assert_eq!(
        post_protobuf(&receiver, &request_of(50_001)).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn what_is_larger_than_everything_in_flight_is_too_large_for_ever() {
    let limits = || Limits::default().request_bytes(100_000);
    let receiver = Recorder::new().receiver_with(limits().in_flight_bytes(10_000));
    let answer = post_protobuf(&receiver, &request_of(10_001)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    // Small enough as bytes, but not as a message.
    let answer = post_protobuf(&receiver, &request_of(10_000)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.header("retry-after"), "");
    assert_eq!(receiver.stats().refused(RefusedReason::TooLarge), 1);
    assert_eq!(receiver.stats().refused(RefusedReason::TooCostly), 1);
    let receiver = Recorder::new().receiver_with(limits().in_flight_bytes(15_000));
    let answer = post_protobuf(&receiver, &request_of(10_000)).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn what_costs_more_than_one_request_may_is_refused_in_words() {
    let limits = Limits::default().request_memory(100_000);
    let receiver = Recorder::new().receiver_with(limits);
    let many = Request::Logs(logs(vec![log("a"); 1_000]));
    for json in [false, true] {
        let answer = if json {
            let headers = [("content-type", JSON)];
            post(&receiver, "/v1/logs", &headers, many.to_json()).await
        } else {
            post_protobuf(&receiver, &many).await
        };
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(answer.header("retry-after"), "");
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            text.contains("needs more memory than the limit of 100000 bytes"),
            "{text}"
        );
    }
    assert_eq!(receiver.stats().refused(RefusedReason::TooCostly), 2);
    assert_eq!(receiver.in_flight_bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_in_time_gives_its_bytes_back() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver_with(Limits::default().read_timeout(Duration::from_secs(9)));
    let (sender, frames) = tokio::sync::mpsc::channel(1);
    let body = Body::new(StreamBody::new(
        tokio_stream::wrappers::ReceiverStream::new(frames),
    ));
    let started = tokio::time::Instant::now();
    let answer = {
        let receiver = receiver.clone();
        let headers = [("content-type", PROTOBUF)];
        tokio::spawn(async move { post(&receiver, "/v1/logs", &headers, body).await })
    };
    let piece = Bytes::from_static(b"the start of something");
    sender
        .send(Ok::<_, std::io::Error>(frame(piece)))
        .await
        .unwrap();
    let answer = answer.await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(9));
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.rpc_status().code, Code::DeadlineExceeded as i32);
    assert_eq!(receiver.stats().refused(RefusedReason::SlowBody), 1);
    assert_eq!(receiver.in_flight_bytes(), 0);
}

#[tokio::test]
async fn a_client_that_breaks_off_costs_nothing_but_a_count() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    let pieces = [
        Ok(frame(Bytes::from_static(b"half"))),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ];
    let body = Body::new(StreamBody::new(tokio_stream::iter(pieces)));
    let answer = post(&receiver, "/v1/logs", &[("content-type", PROTOBUF)], body).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(receiver.stats().refused(RefusedReason::Aborted), 1);
    assert_eq!(receiver.in_flight_bytes(), 0);
    assert!(recorder.batches().is_empty());
}

#[tokio::test]
async fn a_request_that_is_dropped_while_it_waits_gives_its_bytes_back() {
    let recorder = Recorder::closed();
    let receiver = recorder.receiver();
    let waiting = {
        let receiver = receiver.clone();
        let request = Request::Logs(logs(vec![log("a")]));
        tokio::spawn(async move { post_protobuf(&receiver, &request).await })
    };
    until(|| !recorder.batches().is_empty()).await;
    assert!(receiver.in_flight_bytes() > 0);
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!(receiver.in_flight_bytes(), 0);
}

#[tokio::test]
async fn the_counters_are_readable_as_json() {
    let recorder = Recorder::new();
    let receiver = recorder.receiver();
    let size = post_counted(&receiver).await;
    let stats = serde_json::to_value(receiver.stats().snapshot()).unwrap();
    assert_eq!(
        stats["logs"],
        serde_json::json!({"requests": 1, "bytes": size, "received": 2, "accepted": 2, "rejected": 0,
            "mended": 0})
    );
    assert_eq!(stats["traces"]["requests"], 0);
    assert_eq!(stats["refused"]["too_large"], 0);
    assert_eq!(stats["rejected"]["trace_id"], 0);
}

async fn post_counted(receiver: &Receiver) -> usize {
    let request = Request::Logs(logs(vec![log("a"), log("b")]));
    assert_eq!(
        post_protobuf(receiver, &request).await.status,
        StatusCode::OK
    );
    request.to_protobuf().len()
}

/// Waits until something is true, ten seconds at most.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting)
        .await
        .expect("it never became true");
}

#[test]
fn a_receiver_can_be_shared_between_tasks() {
    fn shareable<T: Clone + Send + Sync + 'static>(_: &T) {}
    let recorder = Recorder::new();
    shareable(&recorder.receiver());
    shareable(&Arc::clone(&recorder.receiver().stats()));
}
