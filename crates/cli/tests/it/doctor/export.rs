//! The export itself: rejected, discarded, too late, unanswered; and the cost of emitting.

use super::{Answer, doctor, doctor_at};
use crate::{
    glassbox::PATIENCE,
    strangers::{Reply, web},
};
use glassbox_testkit::{OtlpSink, SinkMode};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use std::{
    io::ErrorKind,
    process::Stdio,
    time::{Duration, Instant},
};

const PROTOBUF: &str = "application/x-protobuf";

/// The doctor's findings for a receiver with this behaviour, by each protocol.
async fn refused(http: u16, grpc: u16) -> [Answer; 2] {
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Status { http, grpc });
    let answer = || doctor(&sink.endpoint()).timeout(3);
    [answer().ask(), answer().grpc().ask()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_does_not_know_us_asks_for_credentials() {
    for answer in refused(401, 16).await {
        answer
            .broken("collector", "credentials")
            .says("traces, metrics, logs", "OTEL_EXPORTER_OTLP_HEADERS")
            .says("", "no header is set");
    }
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Status { http: 403, grpc: 7 });
    let found = doctor(&sink.endpoint())
        .with("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20stale")
        .ask()
        .broken("collector", "credentials")
        .says(
            "403",
            "currently set by variable OTEL_EXPORTER_OTLP_HEADERS",
        );
    assert!(!format!("{found:?}").contains("stale"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_has_no_room_is_told_from_one_that_is_not_there() {
    for answer in refused(503, 14).await {
        answer
            .broken("collector", "overloaded")
            .says("traces, metrics, logs", "it is running but rejects data");
    }
}

#[test]
fn a_receiver_that_wants_something_else_is_quoted() {
    let answer = |path: &str| match path {
        "/v1/traces" => Reply::new(400, "text/plain", "tenant is missing"),
        _ => Reply::new(200, PROTOBUF, ""),
    };
    // The empty request is accepted, the full one is not, so the port is fine.
    let asked = std::sync::atomic::AtomicBool::new(false);
    let port = web(
        move |path| match asked.swap(true, std::sync::atomic::Ordering::SeqCst) {
            true => answer(path),
            false => Reply::new(200, PROTOBUF, ""),
        },
    );
    doctor_at(port)
        .ask()
        .broken("collector", "refused")
        .says("does not accept traces: 400", "collector's log")
        .says("tenant is missing", "");
}

#[test]
fn a_receiver_without_a_pipeline_for_a_signal_is_told() {
    let port = web(|path| match path {
        "/v1/traces" => Reply::new(200, PROTOBUF, ""),
        _ => Reply::new(404, "text/plain", "404 page not found"),
    });
    doctor_at(port)
        .ask()
        .broken("collector", "not_accepted")
        .says(
            "does not accept metrics, logs: 404",
            "for which it has a pipeline",
        );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_with_http2_and_no_grpc_on_it_is_told() {
    let [_, grpc] = refused(404, 12).await;
    grpc.broken("port", "grpc_to_http");
}

#[test]
fn what_is_taken_and_thrown_away_is_told() {
    // `partial_success` with 26 rejected records, in the protobuf of every signal.
    let port = web(|_| Reply::new(200, PROTOBUF, [0x0a, 0x02, 0x08, 0x1a]));
    doctor_at(port).ask().broken("collector", "discarded").says(
        "traces, metrics, logs and discarded them",
        "collector's log",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_answers_an_export_is_given_up() {
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Hang);
    doctor(&sink.endpoint())
        .grpc()
        .timeout(2)
        .ask()
        .broken("collector", "no_answer")
        .says("does not respond", "restart it");
}

#[test]
fn a_slow_receiver_is_told_with_the_rate_that_is_left() {
    let port = web(|path| {
        if path == "/v1/logs" {
            // Simulates a slow network, which is tested here.
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(2100) {
                std::thread::park_timeout(Duration::from_millis(100));
            }
        }
        Reply::new(200, PROTOBUF, "")
    });
    doctor_at(port)
        .ask()
        .broken("collector", "slow_export")
        .says("spans a second", "OTEL_EXPORTER_OTLP_COMPRESSION");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_waits_for_who_reads_its_log_is_slow() {
    let sink = OtlpSink::start().await;
    // Standard error is a full pipe without a reader.
    let (unread, full) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    fcntl_setpipe_size(&full, 4096).unwrap();
    rustix::io::ioctl_fionbio(&full, true).unwrap();
    while match rustix::io::write(&full, &[b'.'; 4096]) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            false
        }
    } {}
    rustix::io::ioctl_fionbio(&full, false).unwrap();

    let doctor = doctor(&sink.endpoint())
        .with("GLASSBOX_LOG_FORMAT", "json")
        .timeout(1);
    let start = Instant::now();
    let output = doctor
        .command()
        .arg("--json")
        .arg("--backend=http://127.0.0.1:9")
        .stderr(Stdio::from(full))
        .output()
        .unwrap();
    assert!(start.elapsed() < PATIENCE / 3);
    let answer = Answer::read(&output);
    let found = answer.found("slow_emission");
    assert_eq!(
        (found.hop.as_str(), found.mark.as_str()),
        ("application", "broken")
    );
    found.says("does not finish within 1s", "variable GLASSBOX_LOG_FORMAT");
    drop(unread);
}
