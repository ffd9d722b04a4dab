//! The search of runs: fields, terms on different spans, and which runs a list leaves out.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message;
use serde_json::Value;

use crate::client::{export, get, get_json};
use crate::records::{attribute, now, span, text, traces};
use crate::{config, stop};
use glassbox_collector::Backend;

const SECOND: u64 = 1_000_000_000;

/// A backend with three runs, each in a trace of its own: an agent's, a slow request, and the doctor's.
async fn backend(folder: &std::path::Path) -> Backend {
    let backend = Backend::start(config(folder)).await.unwrap();
    let http = backend.endpoints().http();
    let time = now();
    let mut chat = span(1, 2, 1, "chat gpt", time + 10);
    chat.attributes = vec![
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.request.model", "gpt-5-mini"),
        attribute("gen_ai.usage.input_tokens", Any::IntValue(120)),
        attribute("gen_ai.usage.output_tokens", Any::IntValue(30)),
    ];
    let mut tool = span(1, 3, 1, "execute_tool geocode", time + 20);
    tool.attributes = vec![text("gen_ai.tool.name", "geocode")];
    failed(&mut tool);
    let agent = vec![span(1, 1, 0, "invoke_agent travel", time), chat, tool];
    export(
        http,
        "/v1/traces",
        &traces("travel-agent", agent).encode_to_vec(),
    )
    .await;
    let mut slow = span(2, 1, 0, "GET /report", time + 100);
    slow.end_time_unix_nano = slow.start_time_unix_nano + 3 * SECOND;
    slow.attributes = vec![
        attribute("http.response.status_code", Any::IntValue(503)),
        text("http.route", "/report"),
    ];
    export(
        http,
        "/v1/traces",
        &traces("reports", vec![slow]).encode_to_vec(),
    )
    .await;
    let mut doctor = span(3, 1, 0, "doctor", time + 200);
    doctor.attributes = vec![attribute("glassbox.internal", Any::BoolValue(true))];
    let registry = span(4, 1, 0, "GET /v1/registry/services", time + 300);
    export(
        http,
        "/v1/traces",
        &traces("glassbox", vec![doctor, registry]).encode_to_vec(),
    )
    .await;
    backend
}

fn failed(span: &mut Span) {
    span.status = Some(Status {
        code: 2,
        message: "no such city".to_owned(),
    });
}

async fn list(page: &str, parameters: &str) -> Value {
    get_json(page, &format!("/api/otel/traces?{parameters}")).await
}

fn roots(list: &Value) -> Vec<&str> {
    let traces = list["traces"].as_array().unwrap();
    let names = traces.iter().map(|one| one["root_name"].as_str().unwrap());
    names.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_finds_its_runs_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let backend = backend(folder.path()).await;
    let page = backend.endpoints().page();
    let (agent, report) = ("invoke_agent travel", "GET /report");
    for (search, expected) in [
        ("service=reports", vec![report]),
        ("span=%22chat+gpt%22", vec![agent]),
        ("error", vec![agent]),
        ("status=error", vec![agent]),
        ("error=false", vec![report, agent]),
        ("status=503", vec![report]),
        ("tool=geocode", vec![agent]),
        ("model=gpt-5", vec![agent]),
        ("tok>100", vec![agent]),
        ("tok>150", vec![]),
        ("tok<1", vec![report]),
        ("duration>1s", vec![report]),
        ("duration<1s", vec![agent]),
        ("http.route=/report", vec![report]),
        ("http.route=/rep", vec![]),
        ("%22no+such+city%22", vec![agent]),
        // Each term matches a different span of the run.
        ("tool=geocode+model=gpt+service=travel-agent", vec![agent]),
        ("tool=geocode+status=503", vec![]),
        ("", vec![report, agent]),
    ] {
        let search = search.replace('<', "%3C").replace('>', "%3E");
        let found = list(page, &format!("q={search}")).await;
        assert_eq!(roots(&found), expected, "{search}");
        assert_eq!(found["total"], expected.len(), "{search}");
    }
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_field_is_an_error_that_lists_the_known() {
    let folder = tempfile::tempdir().unwrap();
    let backend = backend(folder.path()).await;
    let page = backend.endpoints().page();
    let answer = get(page, "/api/otel/traces?q=servce=a").await;
    assert_eq!(answer.status, 400);
    let error = answer.json();
    assert_eq!(error["details"]["parameter"], "q");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("\"servce\"; known are service, span"),
        "{message}"
    );
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_traffic_is_hidden_and_counted_and_agents_can_be_listed_alone() {
    let folder = tempfile::tempdir().unwrap();
    let backend = backend(folder.path()).await;
    let page = backend.endpoints().page();
    let all = list(page, "").await;
    assert_eq!((&all["total"], &all["hidden"]), (&2.into(), &2.into()));
    let shown = list(page, "internal=true").await;
    assert_eq!((&shown["total"], &shown["hidden"]), (&4.into(), &0.into()));
    assert_eq!(roots(&shown)[0], "GET /v1/registry/services");
    let agents = list(page, "agents=true").await;
    assert_eq!(roots(&agents), ["invoke_agent travel"]);
    assert_eq!(agents["hidden"], 0);
    let one = list(
        page,
        &format!("trace_id={}", "ab".repeat(8) + "0000000000000003"),
    )
    .await;
    assert_eq!(one["total"], 1, "a hidden run is shown by its address");
    stop(backend).await;
}
