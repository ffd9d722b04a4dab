//! Queries: every parameter, invalid ones, order, limits, large and late traces.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Status;
use prost::Message;
use serde_json::{Value, json};

use crate::client::{export, get, get_json, send};
use crate::records::{
    attribute, hex, log, logs, metrics, now, point, span, sum, text, trace_id, traces,
};
use crate::{config, start, stop};
use glassbox_collector::Backend;

const SECOND: u64 = 1_000_000_000;

/// The names of the listed traces' root spans.
async fn roots(page: &str, query: &str) -> Vec<String> {
    let answer = get_json(page, &format!("/api/otel/traces?{query}")).await;
    let traces = answer["traces"].as_array().unwrap();
    traces
        .iter()
        .map(|one| one["root_name"].as_str().unwrap_or("?").to_owned())
        .collect()
}

async fn bodies(page: &str, query: &str) -> Vec<String> {
    let answer = get_json(page, &format!("/api/otel/logs?{query}")).await;
    assert_eq!(answer["returned"], answer["logs"].as_array().unwrap().len());
    let logs = answer["logs"].as_array().unwrap();
    logs.iter()
        .map(|one| one["body"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_summary_adds_up_what_its_spans_say() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let time = now();
    let mut root = span(1, 1, 0, "invoke_agent travel", time);
    root.attributes = vec![text("glassbox.question", "How far is Rome?")];
    root.end_time_unix_nano = time + 5_000;
    let mut chat = span(1, 2, 1, "chat offline", time + 10);
    chat.attributes = vec![
        text("gen_ai.operation.name", "chat"),
        attribute("gen_ai.usage.input_tokens", Any::IntValue(120)),
        attribute("gen_ai.usage.output_tokens", Any::IntValue(30)),
    ];
    // The agent repeats the sum of its calls; counting both would double it.
    root.attributes
        .push(attribute("gen_ai.usage.input_tokens", Any::IntValue(120)));
    let mut tool = span(1, 3, 2, "execute_tool", time + 20);
    tool.status = Some(Status {
        code: 2,
        message: String::new(),
    });
    export(
        http,
        "/v1/traces",
        &traces("agent", vec![chat, root]).encode_to_vec(),
    )
    .await;
    export(
        http,
        "/v1/traces",
        &traces("tool", vec![tool]).encode_to_vec(),
    )
    .await;
    let answer = get_json(page, "/api/otel/traces").await;
    let expected = json!({
        "trace_id": hex(&trace_id(1)),
        "question": "How far is Rome?",
        "root_service": "agent",
        "root_name": "invoke_agent travel",
        "services": [
            {"name": "agent", "spans": 2, "errors": 0},
            {"name": "tool", "spans": 1, "errors": 1},
        ],
        "spans": 3,
        "errors": 1,
        "input_tokens": 120,
        "output_tokens": 30,
        "start_unix_nano": time,
        "end_unix_nano": time + 5_000,
        "duration_nano": 5_000,
        "unusable_times": 0,
        "repeated": 0,
        "conflicts": 0,
    });
    assert_eq!(
        answer,
        json!({"total": 1, "hidden": 0, "returned": 1, "truncated": false, "next": null, "traces": [expected]})
    );
    stop(backend).await;
}

/// Three traces, a minute apart: `one` (agent), `two` (agent and a failing tool), `three` (tool).
async fn three_traces() -> (tempfile::TempDir, Backend, u64) {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let http = backend.endpoints().http();
    let time = now() - 3600 * SECOND;
    let minute = 60 * SECOND;
    let mut failing = span(2, 2, 1, "forecast", time + minute + 1);
    failing.status = Some(Status {
        code: 2,
        message: "No Such Town".to_owned(),
    });
    failing.attributes = vec![
        text("city", "Atlantis"),
        attribute("http.response.status_code", Any::IntValue(40_417)),
    ];
    let agent = vec![
        span(1, 1, 0, "one", time),
        span(2, 1, 0, "two", time + minute),
    ];
    export(http, "/v1/traces", &traces("agent", agent).encode_to_vec()).await;
    let tool = vec![failing, span(3, 1, 0, "three", time + 2 * minute)];
    export(http, "/v1/traces", &traces("tool", tool).encode_to_vec()).await;
    (folder, backend, time)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_parameter_narrows_the_list_of_traces() {
    let (_folder, backend, time) = three_traces().await;
    let page = backend.endpoints().page();
    let all = roots(page, "").await;
    assert_eq!(all, ["three", "two", "one"], "newest first");
    assert_eq!(roots(page, "service=agent").await, ["two", "one"]);
    assert_eq!(roots(page, "span_name=forecast").await, ["two"]);
    assert_eq!(roots(page, "errors=true").await, ["two"]);
    assert_eq!(roots(page, "errors=false").await, all);
    assert_eq!(
        roots(page, &format!("since={}", time + 1)).await,
        ["three", "two"]
    );
    assert_eq!(roots(page, &format!("until={time}")).await, ["one"]);
    assert_eq!(roots(page, "since=59m").await, ["three"]);
    assert_eq!(roots(page, "limit=1").await, ["three"]);
    // One span has to satisfy all conditions: the failing span is not the agent's.
    assert_eq!(roots(page, "errors=true&service=agent").await, [""; 0]);
    for found in [
        "atlantis",
        "no+such%20town",
        "40417",
        "FORECAST",
        "&service=&errors=",
    ] {
        let expected: &[&str] = if found.starts_with('&') {
            &["three", "two", "one"]
        } else {
            &["two"]
        };
        assert_eq!(
            roots(page, &format!("query={found}")).await,
            expected,
            "{found}"
        );
    }
    let id = hex(&trace_id(3));
    assert_eq!(roots(page, &format!("query={id}")).await, ["three"]);
    let limited = get_json(page, "/api/otel/traces?limit=1").await;
    assert_eq!(
        (&limited["total"], &limited["returned"]),
        (&json!(3), &json!(1))
    );
    let none = get_json(page, "/api/otel/traces?limit=0").await;
    let expected = json!({"total": 3, "hidden": 0, "returned": 0, "truncated": true, "next": null, "traces": []});
    assert_eq!(none, expected);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_spans_of_one_trace_can_be_searched() {
    let (_folder, backend, _) = three_traces().await;
    let page = backend.endpoints().page();
    let id = hex(&trace_id(2));
    let names = async |query: &str| {
        let answer = get_json(page, &format!("/api/otel/traces?trace_id={id}&{query}")).await;
        let spans = answer["spans"].as_array().unwrap();
        spans
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["two", "forecast"]);
    assert_eq!(names("query=atlantis").await, ["forecast"]);
    assert_eq!(names("service=agent").await, ["two"]);
    assert_eq!(names("errors=true").await, ["forecast"]);
    assert_eq!(names("limit=1").await, ["two"]);
    let unknown = format!("/api/otel/traces?trace_id={}", hex(&trace_id(77)));
    let expected = json!({
        "total": 0, "returned": 0, "truncated": false, "next": null,
        "trace_id": hex(&trace_id(77)), "start_unix_nano": null, "end_unix_nano": null,
        "duration_nano": null, "usage": null, "summary": null, "conflicts": [], "spans": [],
    });
    assert_eq!(get_json(page, &unknown).await, expected);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_parameter_narrows_the_logs() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let time = now() - 600 * SECOND;
    let mut inside = log("inside", time + SECOND, 9);
    inside.trace_id = trace_id(1);
    inside.span_id = 5_u64.to_be_bytes().to_vec();
    inside.attributes = vec![text("city", "Oslo")];
    let agent = logs("agent", vec![log("quiet", time, 5), inside]);
    let tool = logs("tool", vec![log("loud", time + 2 * SECOND, 17)]);
    export(http, "/v1/logs", &agent.encode_to_vec()).await;
    export(http, "/v1/logs", &tool.encode_to_vec()).await;
    assert_eq!(
        bodies(page, "").await,
        ["loud", "inside", "quiet"],
        "newest first"
    );
    assert_eq!(bodies(page, "service=agent").await, ["inside", "quiet"]);
    assert_eq!(bodies(page, "severity=info").await, ["loud", "inside"]);
    assert_eq!(bodies(page, "severity=10").await, ["loud"]);
    let id = hex(&trace_id(1));
    assert_eq!(bodies(page, &format!("trace_id={id}")).await, ["inside"]);
    let in_span = format!("trace_id={id}&span_id=0000000000000005");
    assert_eq!(bodies(page, &in_span).await, ["inside"]);
    assert_eq!(bodies(page, "span_id=0000000000000006").await, [""; 0]);
    assert_eq!(bodies(page, "query=oslo").await, ["inside"]);
    assert_eq!(bodies(page, "query=LOUD").await, ["loud"]);
    assert_eq!(
        bodies(page, &format!("since={}", time + 1)).await,
        ["loud", "inside"]
    );
    assert_eq!(
        bodies(page, &format!("until={}", time + 1)).await,
        ["quiet"]
    );
    assert_eq!(bodies(page, "limit=1").await, ["loud"]);
    assert_eq!(get_json(page, "/api/otel/logs?limit=1").await["total"], 3);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_record_without_any_time_takes_the_time_of_its_arrival() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let before = now();
    let both = vec![log("timeless", 0, 9), log("old", before - SECOND, 9)];
    export(http, "/v1/logs", &logs("agent", both).encode_to_vec()).await;
    assert_eq!(bodies(page, "").await, ["timeless", "old"]);
    let answer = get_json(page, "/api/otel/logs?since=1h").await;
    assert_eq!(answer["logs"][0]["time_unix_nano"], 0);
    assert!(answer["logs"][0]["observed_unix_nano"].as_u64().unwrap() >= before);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_parameter_narrows_the_metrics_and_their_points() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    for (service, time) in [("agent", 10), ("tool", 20), ("agent", 30)] {
        let calls = sum("calls", vec![point(1, time, vec![text("to", service)])]);
        let other = sum("other.tokens", vec![point(1, time, vec![])]);
        let all = if service == "tool" {
            vec![calls]
        } else {
            vec![other, calls]
        };
        export(http, "/v1/metrics", &metrics(service, all).encode_to_vec()).await;
    }
    let names = async |query: &str| {
        let answer = get_json(page, &format!("/api/otel/metrics?{query}")).await;
        let list = answer["metrics"].as_array().unwrap();
        list.iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["calls", "other.tokens"]);
    assert_eq!(names("service=tool").await, ["calls"]);
    assert_eq!(names("query=TOKENS").await, ["other.tokens"]);
    assert_eq!(names("since=11&until=29").await, ["calls"]);
    assert_eq!(names("limit=1").await, ["calls"]);
    let times = async |query: &str| {
        let answer = get_json(page, &format!("/api/otel/metrics?name=calls&{query}")).await;
        let series = answer["series"].as_array().unwrap();
        let points = series
            .iter()
            .flat_map(|one| one["points"].as_array().unwrap());
        let times = points.map(|point| point["time_unix_nano"].as_u64().unwrap());
        (answer["total"].as_u64().unwrap(), times.collect::<Vec<_>>())
    };
    assert_eq!(
        times("").await,
        (3, vec![10, 30, 20]),
        "by service, then by time"
    );
    assert_eq!(times("service=agent").await, (2, vec![10, 30]));
    assert_eq!(times("since=20").await, (2, vec![30, 20]));
    assert_eq!(times("until=20").await, (2, vec![10, 20]));
    assert_eq!(times("limit=1").await, (3, vec![30]), "the newest");
    assert_eq!(times("query=tool").await, (1, vec![20]));
    let none = get_json(page, "/api/otel/metrics?name=nothing").await;
    assert_eq!(
        none,
        json!({
            "total": 0, "returned": 0, "truncated": false, "next": null,
            "metric": null, "series": [],
        })
    );
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_parameter_is_a_400_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let page = backend.endpoints().page();
    for (path, parameter) in [
        ("/api/otel/traces?trace_id=abc", "trace_id"),
        (
            "/api/otel/traces?trace_id=00000000000000000000000000000000",
            "trace_id",
        ),
        ("/api/otel/traces?since=yesterday", "since"),
        ("/api/otel/traces?until=-5", "until"),
        ("/api/otel/traces?limit=many", "limit"),
        ("/api/otel/traces?limit=-1", "limit"),
        ("/api/otel/traces?errors=perhaps", "errors"),
        ("/api/otel/traces?severity=info", "severity"),
        ("/api/otel/traces?service=a&service=b", "service"),
        ("/api/otel/traces?query=%ff", "query"),
        ("/api/otel/metrics?span_name=a", "span_name"),
        ("/api/otel/logs?severity=loud", "severity"),
        ("/api/otel/logs?severity=25", "severity"),
        ("/api/otel/logs?span_id=12", "span_id"),
        ("/api/logs/stream?since=1h", "since"),
        ("/api/status?verbose=1", "verbose"),
    ] {
        let answer = get(page, path).await;
        assert_eq!(answer.status, 400, "{path}");
        let body = answer.json();
        assert_eq!(body["details"]["parameter"], parameter, "{path}: {body}");
        assert!(
            body["message"].as_str().unwrap().contains(parameter),
            "{path}: {body}"
        );
        assert_eq!(body["category"], "invalid");
        assert_eq!(body["retryable"], false);
    }
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_path_and_a_wrong_method_are_answered_in_the_same_form() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let page = backend.endpoints().page();
    let unknown = get(page, "/api/otel/profiles").await;
    assert_eq!(
        (unknown.status, unknown.json()["category"].clone()),
        (404, json!("not_found"))
    );
    let wrong = send("DELETE", page, "/api/otel/traces", &[], &[]).await;
    assert_eq!(wrong.status, 405);
    assert!(wrong.json()["message"].as_str().unwrap().contains("DELETE"));
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_and_disordered_spans_take_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let time = now();
    // The root arrives last, as usual; others arrive in no order and in several requests.
    for numbers in [[5_u64, 3], [4, 2]] {
        let spans = numbers.map(|number| span(1, number, 1, &number.to_string(), time + number));
        export(
            http,
            "/v1/traces",
            &traces("agent", spans.to_vec()).encode_to_vec(),
        )
        .await;
    }
    let before = get_json(page, "/api/otel/traces").await;
    assert_eq!(before["traces"][0]["root_name"], Value::Null);
    assert_eq!(before["traces"][0]["start_unix_nano"], time + 2);
    let root = span(1, 1, 0, "1", time);
    export(
        http,
        "/v1/traces",
        &traces("agent", vec![root]).encode_to_vec(),
    )
    .await;
    let after = get_json(page, "/api/otel/traces").await;
    assert_eq!(after["traces"][0]["root_name"], "1");
    assert_eq!(after["traces"][0]["spans"], 5);
    let id = hex(&trace_id(1));
    let trace = get_json(page, &format!("/api/otel/traces?trace_id={id}")).await;
    let names = trace["spans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap());
    assert_eq!(names.collect::<String>(), "12345");
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_of_ten_thousand_spans_comes_whole_and_more_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let time = now();
    let make = |numbers: std::ops::Range<u64>| {
        let spans = numbers.map(|number| span(1, number, number / 2, "step", time + number));
        traces("agent", spans.collect()).encode_to_vec()
    };
    for start in (1..10_001).step_by(500) {
        export(http, "/v1/traces", &make(start..start + 500)).await;
    }
    let path = format!("/api/otel/traces?trace_id={}", hex(&trace_id(1)));
    let whole = get_json(page, &path).await;
    assert_eq!(
        (&whole["total"], &whole["returned"]),
        (&json!(10_000), &json!(10_000))
    );
    let spans = whole["spans"].as_array().unwrap();
    for (at, found) in spans.iter().enumerate() {
        assert_eq!(found["start_unix_nano"], time + 1 + at as u64);
    }
    export(http, "/v1/traces", &make(10_001..10_003)).await;
    let more = get_json(page, &path).await;
    assert_eq!(
        (&more["total"], &more["returned"]),
        (&json!(10_002), &json!(10_000))
    );
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_never_holds_more_than_the_cap() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::start(config(folder.path()).max_records(3))
        .await
        .unwrap();
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let records = (0..5)
        .map(|number| log(&number.to_string(), now(), 9))
        .collect();
    export(http, "/v1/logs", &logs("agent", records).encode_to_vec()).await;
    let answer = get_json(page, "/api/otel/logs?limit=100").await;
    assert_eq!(
        (&answer["total"], &answer["returned"]),
        (&json!(5), &json!(3))
    );
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_name_is_found_by_all_of_it_and_shown_whole() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let name = format!("{}tail", "n".repeat(3_000));
    let body = traces("agent", vec![span(1, 1, 0, &name, now())]).encode_to_vec();
    export(http, "/v1/traces", &body).await;
    for question in [format!("span_name={name}"), "query=ntail".to_owned()] {
        let list = get_json(page, &format!("/api/otel/traces?{question}")).await;
        assert_eq!(list["total"], 1, "{question}");
    }
    let path = format!("/api/otel/traces?trace_id={}", hex(&trace_id(1)));
    let trace = get_json(page, &path).await;
    assert_eq!(trace["spans"][0]["name"], name.as_str());
    stop(backend).await;
}
