//! Odd telemetry: impossible times, spans sent twice, usage under other names, metrics that differ in
//! little.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};

use crate::client::{export, get_json};
use crate::records::{
    attribute, hex, log, logs, metrics, now, point, span, sum, text, trace_id, traces,
};
use crate::{start, stop};

const SECOND: u64 = 1_000_000_000;

async fn listed(page: &str, trace: u64) -> Value {
    let answer = get_json(page, "/api/otel/traces?limit=100").await;
    let traces = answer["traces"].as_array().unwrap();
    let id = hex(&trace_id(trace));
    traces
        .iter()
        .find(|one| one["trace_id"] == *id)
        .unwrap()
        .clone()
}

async fn shown(page: &str, trace: u64) -> Value {
    get_json(
        page,
        &format!("/api/otel/traces?trace_id={}", hex(&trace_id(trace))),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn impossible_times_are_shown_marked_and_left_out_of_sums_and_orders() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let time = now() - 60 * SECOND;
    let day = 24 * 3600 * SECOND;
    let mut spans = vec![span(1, 1, 0, "root", time)];
    spans[0].end_time_unix_nano = time + SECOND;
    for (number, (start, end)) in [
        (0, 0),
        (time / 1_000_000, time / 1_000_000 + 5),
        (time + 400 * day, time + 401 * day),
        (u64::MAX, u64::MAX),
        (time, 0),
        (time, time + 400 * day),
        (time + 10, time),
    ]
    .into_iter()
    .enumerate()
    {
        let mut odd = span(1, 2 + number as u64, 1, "odd", time);
        odd.start_time_unix_nano = start;
        odd.end_time_unix_nano = end;
        spans.push(odd);
    }
    export(http, "/v1/traces", &traces("agent", spans).encode_to_vec()).await;
    let newer = span(2, 1, 0, "newer", time + 2 * SECOND);
    export(
        http,
        "/v1/traces",
        &traces("agent", vec![newer]).encode_to_vec(),
    )
    .await;

    let answer = get_json(page, "/api/otel/traces").await;
    assert_eq!(
        answer["traces"][0]["root_name"], "newer",
        "the future does not stay on top"
    );
    let one = listed(page, 1).await;
    assert_eq!(
        (&one["start_unix_nano"], &one["duration_nano"]),
        (&json!(time), &json!(SECOND))
    );
    assert_eq!(
        (&one["spans"], &one["unusable_times"]),
        (&json!(8), &json!(7))
    );
    let trace = shown(page, 1).await;
    assert_eq!(trace["duration_nano"], SECOND);
    let spans = trace["spans"].as_array().unwrap();
    let marked = spans.iter().filter(|one| one["unusable_times"] == true);
    assert_eq!(marked.count(), 7);
    let kept = spans.iter().any(|one| one["start_unix_nano"] == u64::MAX);
    assert!(kept, "what was sent is shown");
    assert_eq!(spans[0]["name"], "root");

    let records = vec![log("future", time + 400 * day, 9), log("past", time, 9)];
    export(http, "/v1/logs", &logs("agent", records).encode_to_vec()).await;
    export(
        http,
        "/v1/logs",
        &logs("agent", vec![log("later", now(), 9)]).encode_to_vec(),
    )
    .await;
    let answer = get_json(page, "/api/otel/logs").await;
    assert_eq!(answer["logs"][0]["body"], "later");
    stop(backend).await;
}

fn call(number: u64, parent: u64, attributes: Vec<KeyValue>) -> Span {
    let mut span = span(1, number, parent, "call", now());
    span.attributes = attributes;
    span
}

fn used(input: i64, output: i64) -> [KeyValue; 2] {
    [
        attribute("gen_ai.usage.input_tokens", Any::IntValue(input)),
        attribute("gen_ai.usage.output_tokens", Any::IntValue(output)),
    ]
}

fn operation(name: &str, input: i64, output: i64) -> Vec<KeyValue> {
    let usage = used(input, output).into_iter();
    usage.chain([text("gen_ai.operation.name", name)]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn list_and_run_agree_on_tokens_however_they_are_sent() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let cases: Vec<(&str, Vec<Span>, (u64, u64))> = vec![
        (
            "every call of a model",
            ["chat", "generate_content", "text_completion", "embeddings"]
                .iter()
                .zip(1..)
                .map(|(name, number)| call(number, 0, operation(name, 10, 1)))
                .collect(),
            (40, 4),
        ),
        (
            "numbers as text and as doubles",
            vec![call(
                1,
                0,
                vec![
                    text("gen_ai.operation.name", "chat"),
                    text("gen_ai.usage.input_tokens", " 12 "),
                    attribute("gen_ai.usage.output_tokens", Any::DoubleValue(3.0)),
                ],
            )],
            (12, 3),
        ),
        (
            "no numbers",
            vec![call(
                1,
                0,
                vec![
                    text("gen_ai.operation.name", "chat"),
                    text("gen_ai.usage.input_tokens", "many"),
                    attribute("gen_ai.usage.output_tokens", Any::DoubleValue(f64::NAN)),
                ],
            )],
            (0, 0),
        ),
        (
            "old names",
            [
                (
                    "gen_ai.usage.prompt_tokens",
                    "gen_ai.usage.completion_tokens",
                ),
                ("llm.usage.prompt_tokens", "llm.usage.completion_tokens"),
                ("llm.token_count.prompt", "llm.token_count.completion"),
            ]
            .iter()
            .zip(1..)
            .map(|((input, output), number)| {
                let usage = vec![
                    attribute(input, Any::IntValue(7)),
                    attribute(output, Any::IntValue(2)),
                ];
                call(number, 0, usage)
            })
            .collect(),
            (21, 6),
        ),
        (
            "both names",
            vec![call(
                1,
                0,
                vec![
                    attribute("gen_ai.usage.prompt_tokens", Any::IntValue(7)),
                    attribute("gen_ai.usage.input_tokens", Any::IntValue(8)),
                ],
            )],
            (8, 0),
        ),
        (
            "an agent repeats the sum, through spans without usage",
            vec![
                call(1, 0, operation("invoke_agent", 30, 3)),
                call(2, 1, vec![]),
                call(3, 2, operation("chat", 10, 1)),
                call(4, 2, operation("chat", 20, 2)),
            ],
            (30, 3),
        ),
        (
            "an agent without calls within",
            vec![call(1, 0, operation("invoke_agent", 30, 3))],
            (30, 3),
        ),
        (
            "a wrapper repeats its call",
            vec![
                call(1, 0, operation("chat", 10, 1)),
                call(2, 1, operation("chat", 10, 1)),
            ],
            (10, 1),
        ),
        (
            "a call within a call is another one",
            vec![
                call(1, 0, operation("chat", 10, 1)),
                call(2, 1, operation("chat", 4, 1)),
            ],
            (14, 2),
        ),
        (
            "a circle",
            vec![
                call(1, 2, operation("chat", 10, 1)),
                call(2, 1, operation("chat", 4, 1)),
            ],
            (14, 2),
        ),
        (
            "its own parent",
            vec![call(1, 1, operation("chat", 10, 1))],
            (10, 1),
        ),
    ];
    for (number, (what, mut spans, (input, output))) in (1..).zip(cases) {
        for span in &mut spans {
            span.trace_id = trace_id(number);
        }
        let body = traces("agent", spans.clone()).encode_to_vec();
        // Once more, as after a lost acknowledgement.
        for _ in 0..2 {
            export(http, "/v1/traces", &body).await;
        }
        let (list, run) = (listed(page, number).await, shown(page, number).await);
        let usage = json!({"input_tokens": input, "output_tokens": output});
        assert_eq!(run["usage"], usage, "{what}");
        assert_eq!(run["summary"], list, "{what}");
        assert_eq!(
            (&list["input_tokens"], &list["output_tokens"]),
            (&json!(input), &json!(output))
        );
        assert_eq!(
            (&list["spans"], &list["repeated"]),
            (&json!(spans.len()), &json!(spans.len()))
        );
        assert_eq!(run["total"], spans.len(), "{what}");
    }
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn different_spans_with_one_id_are_both_shown_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let time = now();
    let spans = vec![
        span(1, 1, 0, "one", time),
        span(1, 1, 0, "two", time),
        span(1, 2, 0, "x", time),
    ];
    export(http, "/v1/traces", &traces("agent", spans).encode_to_vec()).await;
    let same = vec![span(1, 2, 0, "x", time)];
    export(http, "/v1/traces", &traces("tool", same).encode_to_vec()).await;
    let trace = shown(page, 1).await;
    assert_eq!(
        trace["total"], 4,
        "the same span of another service is another one"
    );
    let conflicts = trace["conflicts"].as_array().unwrap();
    assert_eq!(conflicts.len(), 2);
    assert!(conflicts[0].as_str().unwrap().contains("0000000000000001"));
    let spans = trace["spans"].as_array().unwrap();
    assert!(spans.iter().all(|one| one["conflict"] == true));
    assert_eq!(listed(page, 1).await["conflicts"], 2);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_severity_text_alone_is_found_by_the_filter() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let records = ["WARNING", "error", "INFO2", "Critical", "custom", "9"].map(|severity| {
        let mut record = log(severity, now(), 0);
        record.severity_text = severity.to_owned();
        record
    });
    export(
        http,
        "/v1/logs",
        &logs("agent", records.to_vec()).encode_to_vec(),
    )
    .await;
    for (severity, expected) in [("warn", 3), ("info", 4), ("10", 4), ("11", 3), ("fatal", 1)] {
        let answer = get_json(page, &format!("/api/otel/logs?severity={severity}")).await;
        assert_eq!(answer["total"], expected, "{severity}");
    }
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn series_are_told_apart_as_the_data_model_says_and_conflicts_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let time = now();
    let send = async |metric: Metric, host: &str, scope: &str, at: u64| {
        let mut request = metrics("shop", vec![metric]);
        let group = &mut request.resource_metrics[0];
        let resource = group.resource.as_mut().unwrap();
        resource.attributes.push(text("host.name", host));
        if at.is_multiple_of(2) {
            resource.attributes.reverse();
        }
        group.scope_metrics[0].scope = Some(InstrumentationScope {
            name: scope.to_owned(),
            ..InstrumentationScope::default()
        });
        export(http, "/v1/metrics", &request.encode_to_vec()).await;
    };
    for at in 0..3 {
        let one = |name: &str| sum(name, vec![point(1, time + at, vec![])]);
        send(one("replicas"), "h1", "lib", at).await;
        send(one("replicas"), "h2", "lib", at).await;
        send(one("libraries"), "h1", "a", at).await;
        send(one("libraries"), "h1", "b", at).await;
        let mut seconds = one("durations");
        send(seconds.clone(), "h1", "lib", at).await;
        seconds.unit = "s".to_owned();
        send(seconds.clone(), "h1", "lib", at).await;
        let Some(Data::Sum(sum)) = &mut seconds.data else {
            panic!("a sum");
        };
        sum.aggregation_temporality = 1;
        send(seconds.clone(), "h1", "lib", at).await;
    }
    for (name, count) in [("replicas", 2), ("libraries", 2), ("durations", 3)] {
        let answer = get_json(page, &format!("/api/otel/metrics?name={name}")).await;
        let series = answer["series"].as_array().unwrap();
        assert_eq!(series.len(), count, "{name}");
        assert!(
            series
                .iter()
                .all(|one| one["points"].as_array().unwrap().len() == 3)
        );
        let conflicts = answer["metric"]["conflicts"].as_array().unwrap();
        assert_eq!(
            conflicts.len(),
            if count == 3 { 3 } else { 0 },
            "{name}: {conflicts:?}"
        );
    }
    let answer = get_json(page, "/api/otel/metrics?name=replicas").await;
    assert_eq!(answer["series"][0]["resource"]["host.name"], "h1");
    assert_eq!(answer["series"][1]["resource"]["host.name"], "h2");
    let answer = get_json(page, "/api/otel/metrics?name=libraries").await;
    assert_eq!(answer["series"][1]["scope"]["name"], "b");
    let answer = get_json(page, "/api/otel/metrics?name=durations").await;
    assert_eq!(answer["series"][2]["unit"], "{call}");
    let said = answer["metric"]["conflicts"][0].as_str().unwrap();
    assert!(
        said.contains("cumulative monotonic sum in s") || said.contains("in {call}"),
        "{said}"
    );
    stop(backend).await;
}
