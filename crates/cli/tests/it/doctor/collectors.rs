//! A real collector owned by the backend, as reported by `/api/status`.

use super::{Answer, doctor_at};
use crate::strangers::{Reply, nobody, web};
use serde_json::{Value, json};

/// A backend with the recorded `/api/status` of a backend with an otelcol, with these changes, and with
/// a receiver on this port.
fn backend(changes: &Value, http: u16) -> String {
    let recorded = include_str!("../../../src/doctor/backend/status.json");
    let mut status: Value = serde_json::from_str(recorded).unwrap();
    let collector = status["collector"].as_object_mut().unwrap();
    collector.extend(changes.as_object().unwrap().clone());
    status["endpoints"]["http"] = json!(format!("http://127.0.0.1:{http}"));
    // The address at which it was reached is used, not the one that it reports.
    status["endpoints"]["page"] = json!("http://127.0.0.1:9");
    let port = web(move |path| match path {
        "/api/status" => Reply::json(&status),
        _ if path.starts_with("/api/otel/traces?trace_id=") => {
            Reply::json(&json!({"spans": [], "total": 0}))
        }
        _ if path.starts_with("/api/otel/traces") => Reply::json(&json!({"traces": []})),
        _ if path.starts_with("/api/otel/metrics?name=") => Reply::json(&json!({"series": []})),
        _ if path.starts_with("/api/otel/metrics") => Reply::json(&json!({"metrics": []})),
        _ => Reply::json(&json!({"total": 0, "records": []})),
    });
    format!("http://127.0.0.1:{port}")
}

fn asked(changes: &Value, http: u16) -> Answer {
    doctor_at(http)
        .backend(&backend(changes, http))
        .timeout(1)
        .ask()
}

fn exit() -> Value {
    let last_words = "starting\nError: cannot start pipelines: bind: address already in use\n";
    json!({"time_unix_nano": "1", "status": "exit status: 1", "last_words": last_words})
}

#[test]
fn a_collector_that_is_not_there_is_named_with_how_it_ended() {
    for (state, code) in [
        ("starting", "collector_not_ready"),
        ("restarting", "collector_not_ready"),
        ("stopped", "collector_stopped"),
    ] {
        let changes = json!({"state": state, "pid": null, "last_exit": exit()});
        let answer = asked(&changes, nobody());
        let port = answer.found("not_listening");
        port.says("", "see the collector below");
        let found = answer.found(code);
        assert_eq!(
            (found.hop.as_str(), found.mark.as_str()),
            ("collector", "broken")
        );
        found
            .says("otelcol 0.159.0 (/usr/local/bin/otelcol)", "")
            .says(
                "exit status: 1, last log line \"Error: cannot start pipelines",
                "",
            );
    }
}

#[test]
fn a_collector_that_takes_and_does_not_hand_on_is_named_with_its_process() {
    let taking = web(|_| Reply::new(200, "application/x-protobuf", ""));
    let answer = asked(&json!({}), taking);
    assert_eq!(answer.marks("collector"), ["well", "well"]);
    answer
        .broken("backend", "not_arrived")
        .says("lost between collector and backend", "otelcol 0.159.0")
        .says("", "pid 4711, running");
}

#[test]
fn a_collector_that_came_back_and_one_that_is_stood_in_for_are_told() {
    let taking = || web(|_| Reply::new(200, "application/x-protobuf", ""));
    let changes = json!({"restarts": 3, "last_exit": exit()});
    let found = asked(&changes, taking()).found("collector_restarted");
    assert_eq!(found.mark, "note");
    found.says("restarted 3 times; it exited with exit status: 1", "");
    let changes = json!({
        "mode": "embedded", "state": "fallen_back", "restarts": 6, "last_exit": exit(),
    });
    let found = asked(&changes, taking()).found("collector_fallen_back");
    assert_eq!(found.mark, "note");
    found.says("its collector exited too often", "restart the backend");
    let loss = json!({"items": 7, "last_error": "no route to host", "last_unix_nano": 1});
    let changes = json!({"lost": {"otlp_http/remote": loss}});
    let found = asked(&changes, taking()).found("collector_lost");
    assert_eq!(found.mark, "note");
    found.says("otlp_http/remote dropped at least 7", "is running");
}
