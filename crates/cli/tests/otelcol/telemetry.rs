//! Sends test data, and reads it back.

use crate::{
    backend::Backend,
    glassbox::{get, request, until},
};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

/// The service name of all test data.
pub(crate) const SERVICE: &str = "caravan";

fn now() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_nanos().to_string()
}

fn resource() -> Value {
    json!({"attributes": [{"key": "service.name", "value": {"stringValue": SERVICE}}]})
}

/// A request with one span for each name.
pub(crate) fn spans(names: &[String]) -> Value {
    let spans: Vec<_> = names
        .iter()
        .zip(1..)
        .map(|(name, number): (_, u64)| {
            json!({
                "traceId": format!("{:032x}", u128::from(number) + (1 << 64)),
                "spanId": format!("{number:016x}"),
                "name": name,
                "kind": 1,
                "startTimeUnixNano": now(),
                "endTimeUnixNano": now(),
            })
        })
        .collect();
    json!({"resourceSpans": [{"resource": resource(), "scopeSpans": [{"spans": spans}]}]})
}

pub(crate) fn log(body: &str) -> Value {
    let record = json!({"timeUnixNano": now(), "severityNumber": 9, "body": {"stringValue": body}});
    json!({"resourceLogs": [{"resource": resource(), "scopeLogs": [{"logRecords": [record]}]}]})
}

pub(crate) fn metric(name: &str) -> Value {
    let point = json!({"timeUnixNano": now(), "asInt": "7"});
    let metric = json!({"name": name, "gauge": {"dataPoints": [point]}});
    json!({"resourceMetrics": [{"resource": resource(), "scopeMetrics": [{"metrics": [metric]}]}]})
}

/// Sends a request by OTLP/HTTP to a base address. Returns whether it was acknowledged.
pub(crate) fn post(endpoint: &str, signal: &str, body: &Value) -> bool {
    let answer = request(
        "POST",
        &format!("{endpoint}/v1/{signal}"),
        &body.to_string(),
    );
    matches!(answer, Some((200, _)))
}

impl Backend {
    /// Sends one span until it is acknowledged, as an application retries as well.
    pub(crate) fn send_span(&self, name: &str) {
        let endpoint = self.endpoint("http");
        let body = spans(&[name.to_owned()]);
        until("a span to be taken", || {
            post(&endpoint, "traces", &body).then_some(())
        });
    }

    /// The stored spans with this name.
    pub(crate) fn spans_named(&self, name: &str) -> Vec<Value> {
        let page = &self.page;
        let traces = get(&format!("{page}/api/otel/traces?span_name={name}")).unwrap();
        let ids = traces["traces"].as_array().unwrap().iter();
        let ids = ids.map(|trace| trace["trace_id"].as_str().unwrap().to_owned());
        ids.flat_map(|id| {
            let trace = get(&format!("{page}/api/otel/traces?trace_id={id}")).unwrap();
            trace["spans"].as_array().unwrap().clone()
        })
        .filter(|span| span["name"] == name)
        .collect()
    }

    /// Waits until a span is stored.
    pub(crate) fn until_span(&self, name: &str) -> Value {
        until(name, || self.spans_named(name).pop())
    }
}

/// The contents of a signal's archive.
pub(crate) fn archived(data: &Path, signal: &str) -> String {
    fs::read_to_string(data.join("otel").join(format!("{signal}.jsonl"))).unwrap_or_default()
}
