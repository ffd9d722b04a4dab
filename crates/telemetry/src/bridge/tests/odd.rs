//! Unusual events and fields.

use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A value whose formatting panics.
struct Broken;

impl std::fmt::Debug for Broken {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("cannot be shown");
    }
}

#[tokio::test]
async fn a_value_whose_showing_panics_takes_no_span_along() {
    let sink = sent(TracingLayer::Glassbox, || {
        let late = tracing::field::Empty;
        let span = tracing::info_span!(target: "app", "hurt", late);
        let said = catch_unwind(AssertUnwindSafe(|| {
            span.in_scope(|| tracing::error!(target: "app", error = ?Broken, "said"));
        }));
        let recorded = catch_unwind(AssertUnwindSafe(|| {
            span.record("late", tracing::field::debug(Broken));
        }));
        assert!(said.is_err() && recorded.is_err());
        span.record("late", "well");
    })
    .await;
    let spans = sink.spans();
    assert_eq!(spans.len(), 1);
    assert_eq!(text(&spans[0].attributes, "late").as_deref(), Some("well"));
}

#[tokio::test]
async fn an_event_with_a_parent_of_its_own_belongs_to_that_one() {
    let sink = sent(TracingLayer::Glassbox, || {
        let other = tracing::info_span!(target: "app", parent: None, "other");
        tracing::info_span!(target: "app", "current").in_scope(|| {
            tracing::info!(target: "app", "by nature");
            tracing::info!(target: "app", parent: &other, "by hand");
            tracing::info!(target: "app", parent: None, "to nobody");
        });
    })
    .await;
    let spans = sink.spans();
    let of = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let logs = sink.logs();
    let ids: Vec<_> = logs
        .iter()
        .map(|log| (&log.trace_id, &log.span_id))
        .collect();
    let (other, current) = (of("other"), of("current"));
    assert_eq!(ids[0], (&current.trace_id, &current.span_id));
    assert_eq!(ids[1], (&other.trace_id, &other.span_id));
    assert!(ids[2].0.is_empty() && ids[2].1.is_empty());
    assert_eq!(logs[1].flags & 1, 1);
}

/// Events as `tracing-log` creates them from records of the `log` crate.
fn bridged() {
    tracing::info!(
        target: "log",
        message = "SELECT 1",
        log.target = "sqlx::query",
        log.module_path = "sqlx::query::inner",
        log.file = "src/query.rs",
        log.line = 7u64,
    );
}

#[tokio::test]
async fn a_record_of_the_log_crate_is_its_authors_and_not_the_bridges() {
    let sink = sent(TracingLayer::Glassbox, bridged).await;
    let log = &sink.logs()[0];
    assert_eq!(log.scope.name, "sqlx::query");
    let mut keys: Vec<_> = log.attributes.iter().map(|set| set.key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["code.file.path", "code.line.number"]);
    let file = text(&log.attributes, "code.file.path");
    assert_eq!(file.as_deref(), Some("src/query.rs"));
    let line = text(&log.attributes, "code.line.number");
    assert_eq!(line.as_deref(), Some("7"));

    let shown = shown(Console::Json, bridged);
    let line: serde_json::Value = serde_json::from_str(shown.trim()).unwrap();
    assert_eq!(line["target"], "sqlx::query");
    assert_eq!(
        (&line["file"], &line["line"]),
        (&"src/query.rs".into(), &7.into())
    );
    assert!(line.get("fields").is_none(), "{line}");
}

#[test]
fn what_a_stranger_wrote_cannot_command_the_terminal() {
    let text = shown(Console::Pretty, || {
        let name = "\x1b[2J\u{9b}31mgone\x07";
        tracing::warn!(target: "app", name, "unknown city {name}\r\n  and more\tof it");
    });
    let commands = |c: char| c.is_control() && !['\n', '\t'].contains(&c);
    assert!(!text.contains(commands), "{text:?}");
    assert!(
        text.contains("unknown city \\u{1b}[2J\\u{9b}31mgone\\u{7}\\r\n  and more\tof it"),
        "{text:?}"
    );
}

#[tokio::test]
async fn two_errors_of_one_event_are_two_attributes() {
    let sink = sent(TracingLayer::Glassbox, || {
        let (first, second) = (io::Error::other("full"), io::Error::other("gone"));
        let first: &dyn std::error::Error = &first;
        let second: &dyn std::error::Error = &second;
        tracing::warn!(target: "app", error = first, fallback = second, "twice");
    })
    .await;
    let log = &sink.logs()[0];
    let first = text(&log.attributes, "exception.message");
    assert_eq!(first.as_deref(), Some("full"));
    assert_eq!(text(&log.attributes, "fallback").as_deref(), Some("gone"));
}

#[test]
fn a_line_has_the_ids_of_the_parent_that_its_event_names() {
    let text = shown(Console::Json, || {
        let other = tracing::info_span!(target: "app", parent: None, "other");
        other.in_scope(|| tracing::info!(target: "app", "within"));
        tracing::info_span!(target: "app", "current").in_scope(|| {
            tracing::info!(target: "app", parent: &other, "by hand");
            tracing::info!(target: "app", parent: None, "to nobody");
        });
    });
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines[0]["span_id"].is_string());
    assert_eq!(lines[1]["span_id"], lines[0]["span_id"]);
    assert_eq!(lines[1]["trace_id"], lines[0]["trace_id"]);
    assert_eq!(lines[2].get("trace_id"), None);
}

fn body(log: &opentelemetry_proto::tonic::logs::v1::LogRecord) -> String {
    match log.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_name_of_an_event_arrives_and_a_generated_one_does_not() {
    let sink = sent(TracingLayer::Glassbox, || {
        tracing::info!(name: "order.paid", target: "app", amount = 7, "paid");
        tracing::info!(name: "event of the year", target: "app", "named");
        tracing::info!(target: "app", "unnamed");
        tracing::info!(target: "log", message = "from the log crate");
    })
    .await;
    // Records of one target arrive together, and the targets in any order.
    let logs = sink.logs();
    let mut named: Vec<_> = logs
        .iter()
        .map(|log| (log.event_name.as_str(), body(log)))
        .collect();
    named.sort();
    let expected = [
        ("", "from the log crate"),
        ("", "unnamed"),
        ("event of the year", "named"),
        ("order.paid", "paid"),
    ];
    assert_eq!(named, expected.map(|(name, text)| (name, text.to_owned())));
}

#[tokio::test]
async fn an_event_without_a_message_has_a_body_all_the_same() {
    let failed = || -> Result<(), io::Error> { Err(io::Error::other("no sky today")) };
    let long = "ü".repeat(1000);
    let sink = sent(TracingLayer::Glassbox, || {
        tracing::info!(name: "named.event", target: "app", only = 1);
        tracing::info!(target: "app", city = "Oslo", n = 7_u64, share = 0.5, yes = true);
        let error = failed().unwrap_err();
        let error: &dyn std::error::Error = &error;
        tracing::error!(target: "app", attempt = 2, error);
        tracing::error!(target: "app", error = %"shown");
        tracing::info!(target: "app", long);
    })
    .await;
    let logs = sink.logs();
    let bodies: Vec<String> = logs.iter().map(|log| body(log)).collect();
    assert_eq!(
        &bodies[..4],
        [
            "named.event",
            "city=Oslo n=7 share=0.5 yes=true",
            "no sky today",
            "shown",
        ]
    );
    assert!(
        bodies[4].len() < 600 && bodies[4].ends_with("ü…"),
        "{}",
        bodies[4]
    );
    // The fields of the body remain attributes.
    assert_eq!(text(&logs[0].attributes, "only").as_deref(), Some("1"));
    assert_eq!(text(&logs[4].attributes, "long"), Some(long));
    assert_eq!(
        text(&logs[3].attributes, "exception.message").as_deref(),
        Some("shown")
    );
    assert_eq!(text(&logs[3].attributes, "error"), None);
}

#[test]
fn the_console_shows_the_name_of_an_event() {
    let say = || tracing::info!(name: "order.paid", target: "app", amount = 7);
    let line: serde_json::Value = serde_json::from_str(&shown(Console::Json, say)).unwrap();
    assert_eq!(line["event_name"], "order.paid");
    assert!(shown(Console::Pretty, say).contains(" order.paid amount=7"));
    let say = || tracing::info!(name: "order.paid", target: "app", "thanks");
    assert!(shown(Console::Pretty, say).contains(" order.paid: thanks"));
    let unnamed: serde_json::Value =
        serde_json::from_str(&shown(Console::Json, || tracing::info!(target: "app", "x"))).unwrap();
    assert!(unnamed.get("event_name").is_none());
}

#[tokio::test]
async fn fields_that_are_bytes_arrive_as_bytes() {
    let sink = sent(TracingLayer::Glassbox, || {
        let payload: &[u8] = &[0, 255];
        tracing::info_span!(target: "app", "sending", payload).in_scope(|| {
            tracing::info!(target: "app", payload, "sent");
        });
    })
    .await;
    let bytes = |attributes: &[KeyValue]| {
        let found = attributes.iter().find(|found| found.key == "payload");
        found.unwrap().value.clone().unwrap().value.unwrap()
    };
    assert_eq!(
        bytes(&sink.spans()[0].attributes),
        Value::BytesValue(vec![0, 255])
    );
    assert_eq!(
        bytes(&sink.logs()[0].attributes),
        Value::BytesValue(vec![0, 255])
    );
}
