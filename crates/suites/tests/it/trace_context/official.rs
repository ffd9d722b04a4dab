//! The W3C's own test suite for trace context, levels 1 and 2: `vendor/w3c-trace-context`.

use super::service::{Mode, Service};
use crate::{backend::Running, python};
use std::{collections::BTreeMap, net::TcpListener, path::PathBuf};
use tokio::process::Command;

/// The number of cases in the suite.
const CASES: usize = 41;
/// The cases of level 2 only.
const LEVEL_2: &[&str] = &["test_propagates_random_flag"];

/// The cases that require no span of the service itself. A process without telemetry has no spans: it starts no trace
/// and forwards the caller's `traceparent`, together with a `tracestate` that only a participant may change.
const WITHOUT_SPANS: &[&str] = &[
    "test_traceparent_header_name_valid_casing",
    "test_traceparent_ows_handling",
    "test_tracestate_all_allowed_characters",
    "test_tracestate_duplicated_keys",
    "test_tracestate_empty_header",
    "test_tracestate_header_name",
    "test_tracestate_header_name_valid_casing",
    "test_tracestate_included_traceparent_included",
    "test_tracestate_multiple_headers_different_keys",
    "test_tracestate_ows_handling",
];

fn suite() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vendor/w3c-trace-context/test")
}

/// The outcome of each case.
async fn outcomes(service: &Service, level: u8) -> Option<BTreeMap<String, String>> {
    let python = python::interpreter()?;
    // This port was free a moment ago; the harness does not accept port 0.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let output = Command::new(python)
        .current_dir(suite())
        .args(["-B", "test.py", service.url()])
        .env("SPEC_LEVEL", level.to_string())
        .env("STRICT_LEVEL", "2")
        .env("HARNESS_PORT", port.to_string())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let outcomes = parse(&said);
    assert_eq!(outcomes.len(), CASES, "{said}");
    Some(outcomes)
}

/// Parses the output of Python's `unittest`: a line begins with the name of the case, and the outcome follows " ... "
/// at its end or, after a description, at the end of the next line.
fn parse(said: &str) -> BTreeMap<String, String> {
    let mut outcomes = BTreeMap::new();
    let mut case = None;
    // The details of failures follow.
    let lines = said
        .lines()
        .take_while(|line| !line.starts_with("====") && !line.starts_with("----"));
    for line in lines {
        if line.starts_with("test_") {
            case = line.split_whitespace().next();
        }
        if let Some((_, outcome)) = line.rsplit_once(" ... ")
            && let Some(case) = case.take()
        {
            outcomes.insert(case.to_owned(), outcome.to_owned());
        }
    }
    outcomes
}

#[tokio::test]
async fn a_service_with_telemetry_passes_every_case_of_both_levels() {
    let backend = Running::start().await;
    let service = Service::start(Mode::Exporting, Some(backend.http()));
    for level in [1, 2] {
        let Some(outcomes) = outcomes(&service, level).await else {
            return;
        };
        for (case, outcome) in &outcomes {
            match level == 1 && LEVEL_2.contains(&case.as_str()) {
                true => assert!(outcome.starts_with("skipped"), "{case}: {outcome}"),
                false => assert_eq!(outcome, "ok", "{case}, level {level}"),
            }
        }
        assert!(LEVEL_2.iter().all(|case| outcomes.contains_key(*case)));
    }
    // The remaining telemetry is delivered before it ends.
    tokio::task::spawn_blocking(|| drop(service)).await.unwrap();
    let list = backend.get_some("/api/otel/traces?service=hop").await;
    assert_ne!(
        list["traces"].as_array().unwrap().len(),
        0,
        "telemetry was on"
    );
}

#[tokio::test]
async fn a_service_without_telemetry_passes_the_cases_that_ask_for_no_spans() {
    let service = Service::start(Mode::Bare, None);
    let Some(outcomes) = outcomes(&service, 2).await else {
        return;
    };
    let passed: Vec<_> = (outcomes.iter())
        .filter(|(_, outcome)| *outcome == "ok")
        .map(|(case, _)| case.as_str())
        .collect();
    assert_eq!(passed, WITHOUT_SPANS);
}

#[test]
fn the_outcomes_are_read_from_what_the_runner_prints() {
    let said = "test_a (__main__.T.test_a)\nsends it ... ok\ntest_b (__main__.T.test_b) ... FAIL\n\
                test_c (__main__.T.test_c)\nskips ... skipped 'Level 2'\n\n======\nFAIL: test_b ... ok\n";
    let pairs = [
        ("test_a", "ok"),
        ("test_b", "FAIL"),
        ("test_c", "skipped 'Level 2'"),
    ];
    let expected = pairs.map(|(case, outcome)| (case.to_owned(), outcome.to_owned()));
    assert_eq!(parse(said), BTreeMap::from(expected));
}
