//! What applications say that nobody expected.

use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A value that cannot be shown.
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

/// As `tracing-log` hands on what libraries say through the `log` crate.
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
