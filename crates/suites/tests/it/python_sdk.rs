//! Tests the OpenTelemetry SDK for Python over both protocols, configured as by its users.

use crate::{backend::Running, python};
use serde_json::Value;
use std::path::Path;
use tokio::process::Command;

async fn emitted_is_shown(protocol: &str) {
    let Some(python) = python::interpreter() else {
        return;
    };
    let backend = Running::start().await;
    let endpoint = match protocol {
        "http" => backend.http(),
        _ => backend.grpc(),
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/emit.py");
    let mut program = Command::new(python);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTEL_")) {
        program.env_remove(name);
    }
    let output = program
        .arg(script)
        .args([protocol, endpoint])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let trace_id = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let service = format!("python-{protocol}");

    let trace = backend
        .get_some(&format!("/api/otel/traces?trace_id={trace_id}"))
        .await;
    let span = &trace["spans"][0];
    assert_eq!(span["name"], "checkout");
    assert_eq!(span["service"], service);
    assert_eq!(span["instance"], "i-1");
    assert_eq!(span["attributes"]["order.items"], 3);
    assert_eq!(span["events"][0]["name"], "priced");
    assert_eq!(span["events"][0]["attributes"]["total"], 9.5);
    assert_eq!(span["resource"]["telemetry.sdk.language"], "python");
    assert_eq!(span["scope"]["name"], "suite");

    let orders = backend
        .get_some("/api/otel/metrics?name=python.orders")
        .await;
    assert_eq!(orders["metric"]["unit"], "{order}");
    assert_eq!(orders["series"][0]["attributes"]["region"], "north");
    let last = |series: &Value| series["points"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last(&orders["series"][0])["value"], 3);
    let latency = backend
        .get_some("/api/otel/metrics?name=python.latency")
        .await;
    assert_eq!(last(&latency["series"][0])["count"], 1);

    let logs = backend
        .get_some(&format!("/api/otel/logs?trace_id={trace_id}"))
        .await;
    assert_eq!(logs["logs"][0]["body"], "stock is low");
    assert_eq!(logs["logs"][0]["service"], service);
    assert_eq!(logs["logs"][0]["span_id"], span["span_id"]);

    let list = backend
        .get_some(&format!("/api/otel/traces?service={service}"))
        .await;
    assert_eq!(list["traces"][0]["trace_id"], trace_id.as_str());
}

#[tokio::test]
async fn over_http() {
    emitted_is_shown("http").await;
}

#[tokio::test]
async fn over_grpc() {
    emitted_is_shown("grpc").await;
}
