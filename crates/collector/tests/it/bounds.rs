//! Responses are limited in bytes: what does not fit is in the next part or has a URL of its own.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use prost::Message;
use serde_json::Value;

use crate::client::{export, get, get_json};
use crate::records::{
    attribute, hex, log, logs, metrics, now, point, span, sum, text, trace_id, traces,
};
use crate::{start, stop};

/// The default limit of a response, and the last record that exceeds it.
const MOST: usize = (8 << 20) + (1 << 20);

/// Reads a result part by part; returns the items of all parts.
async fn parts(page: &str, path: &str, list: &str) -> (Vec<Value>, usize) {
    let (mut items, mut parts, mut after) = (Vec::new(), 0, String::new());
    loop {
        let answer = get(page, &format!("{path}&after={after}")).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.len() < MOST, "{}", answer.body.len());
        let mut answer = answer.json();
        let Value::Array(found) = answer[list].take() else {
            panic!("no list");
        };
        assert_eq!(answer["returned"], found.len());
        items.extend(found);
        parts += 1;
        assert_eq!(answer["truncated"], !answer["next"].is_null());
        match answer["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => return (items, parts),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_that_do_not_fit_come_in_parts_in_order_of_time_and_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let time = now() - 1_000_000;
    // In no order of time, many at the same time, and some larger than others.
    for request in 0..20 {
        let records = (0..50).map(|number| {
            let at = time + (request * 7 + number * 13) % 101;
            let filler = "x".repeat(30_000 * usize::from(number % 3 == 0));
            log(&format!("{request}.{number} {filler}"), at, 9)
        });
        export(
            http,
            "/v1/logs",
            &logs("agent", records.collect()).encode_to_vec(),
        )
        .await;
    }
    let (items, parts) = parts(page, "/api/otel/logs?limit=10000", "logs").await;
    assert!(parts > 1);
    assert_eq!(items.len(), 1000);
    let key = |one: &Value| {
        let cursor = one["cursor"].as_str().unwrap().parse::<u64>().unwrap();
        (one["time_unix_nano"].as_u64().unwrap(), cursor)
    };
    let keys: Vec<_> = items.iter().map(key).collect();
    assert!(keys.is_sorted_by(|a, b| a > b), "newest first, none twice");
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_ends_at_the_limit_too_and_the_cursor_survives_what_arrives_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let time = now() - 1_000_000;
    let numbers = async |from: u64, to: u64| {
        let records = (from..to).map(|number| log(&number.to_string(), time + number, 9));
        export(
            http,
            "/v1/logs",
            &logs("agent", records.collect()).encode_to_vec(),
        )
        .await;
    };
    numbers(0, 10).await;
    let first = get_json(page, "/api/otel/logs?limit=4").await;
    assert_eq!(
        (&first["total"], &first["returned"]),
        (&10.into(), &4.into())
    );
    numbers(10, 20).await;
    let after = first["next"].as_str().unwrap();
    let second = get_json(page, &format!("/api/otel/logs?limit=4&after={after}")).await;
    let bodies = second["logs"].as_array().unwrap();
    let bodies: Vec<_> = bodies
        .iter()
        .map(|one| one["body"].as_str().unwrap())
        .collect();
    assert_eq!(bodies, ["5", "4", "3", "2"]);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_traces_and_points_come_in_parts_too() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let time = now() - 1_000_000;
    for request in 0..10 {
        let spans = (0..20).map(|number| {
            let number = request * 20 + number;
            let mut span = span(
                1,
                number + 1,
                number,
                &"n".repeat(60_000),
                time + number % 7,
            );
            span.attributes = vec![text("filler", &"y".repeat(30_000))];
            span
        });
        export(
            http,
            "/v1/traces",
            &traces("agent", spans.collect()).encode_to_vec(),
        )
        .await;
    }
    let path = format!("/api/otel/traces?trace_id={}", hex(&trace_id(1)));
    let (items, count) = parts(page, &path, "spans").await;
    assert!(count > 1);
    let mut ids: Vec<_> = items.iter().map(|one| one["span_id"].to_string()).collect();
    let starts: Vec<_> = items
        .iter()
        .map(|one| one["start_unix_nano"].as_u64().unwrap())
        .collect();
    assert!(starts.is_sorted());
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 200);

    let roots = (2..9).map(|trace| span(trace, 1, 0, "root", time + trace % 3));
    export(
        http,
        "/v1/traces",
        &traces("agent", roots.collect()).encode_to_vec(),
    )
    .await;
    let (items, count) = parts(page, "/api/otel/traces?limit=3", "traces").await;
    assert_eq!((items.len(), count), (8, 3));

    let points = (0..100).map(|number| {
        let attributes = vec![
            text("filler", &"z".repeat(200_000)),
            text("n", &number.to_string()),
        ];
        point(1, time + number, attributes)
    });
    let sums = vec![sum("calls", points.collect())];
    export(http, "/v1/metrics", &metrics("agent", sums).encode_to_vec()).await;
    let path = "/api/otel/metrics?name=calls&limit=1000";
    let (mut times, mut after) = (Vec::new(), String::new());
    loop {
        let answer = get(page, &format!("{path}&after={after}")).await;
        assert!(answer.body.len() < MOST);
        let answer = answer.json();
        for series in answer["series"].as_array().unwrap() {
            let points = series["points"].as_array().unwrap();
            times.extend(
                points
                    .iter()
                    .map(|one| one["time_unix_nano"].as_u64().unwrap()),
            );
        }
        let Some(next) = answer["next"].as_str() else {
            break;
        };
        after = next.to_owned();
    }
    times.sort_unstable();
    times.dedup();
    assert_eq!(times.len(), 100);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_value_is_cut_and_whole_under_its_url() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let body = "ä".repeat(1_500_000);
    let mut record = log(&body, now(), 9);
    record.attributes = vec![
        text("small", "s"),
        attribute("raw", Any::BytesValue(vec![7; 100_000])),
    ];
    export(
        http,
        "/v1/logs",
        &logs("agent", vec![record]).encode_to_vec(),
    )
    .await;
    let mut large = span(1, 1, 0, "step", now());
    large.attributes = (0..40)
        .map(|number| text(&format!("a{number}"), &number.to_string().repeat(40_000)))
        .collect();
    export(
        http,
        "/v1/traces",
        &traces("agent", vec![large.clone()]).encode_to_vec(),
    )
    .await;

    let answer = get_json(page, "/api/otel/logs?query=small").await;
    let log = &answer["logs"][0];
    assert!(log["body"].as_str().unwrap().len() <= 64 << 10);
    assert_eq!(log["attributes"]["small"], "s");
    let cuts = log["cut"].as_array().unwrap();
    assert_eq!(cuts.len(), 2, "{cuts:?}");
    assert_eq!(
        (&cuts[0]["path"], &cuts[0]["bytes"]),
        (&"/body".into(), &body.len().into())
    );
    let whole = get(page, cuts[0]["url"].as_str().unwrap()).await;
    assert_eq!(whole.body, body.as_bytes());
    assert_eq!(cuts[1]["key"], "raw");
    assert_eq!(
        get(page, cuts[1]["url"].as_str().unwrap()).await.body,
        [7; 100_000]
    );

    let path = format!("/api/otel/traces?trace_id={}", hex(&trace_id(1)));
    let answer = get(page, &path).await;
    assert!(answer.body.len() < 400 << 10, "{}", answer.body.len());
    let answer = answer.json();
    let cuts = answer["spans"][0]["cut"].as_array().unwrap();
    let last = cuts.last().unwrap();
    assert_eq!(last["path"], "/attributes/39");
    let whole = get(page, last["url"].as_str().unwrap()).await;
    assert_eq!(whole.body, "39".repeat(40_000).as_bytes());
    let all = get(page, "/api/otel/value?signal=traces&record=1&path=").await;
    assert_eq!(all.json()["attributes"].as_array().unwrap().len(), 40);
    for (wrong, status) in [
        ("signal=logs&record=7&path=/body", 404),
        ("signal=logs&record=1&path=/nose", 404),
        ("signal=smoke&record=1", 400),
        ("record=1", 400),
    ] {
        assert_eq!(
            get(page, &format!("/api/otel/value?{wrong}")).await.status,
            status,
            "{wrong}"
        );
    }
    stop(backend).await;
}
