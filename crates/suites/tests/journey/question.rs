//! One question, one answer, one trace.

use crate::stage::{AGENT, LEASE, SERVICES, Stage};
use std::collections::{BTreeMap, BTreeSet};

/// A question that needs every tool. The weather is unavailable, and the answer includes that.
const QUESTION: &str = "How long is the day in Tromsø tomorrow, and what time is it there now? \
    What is the weather in Tromsø?";

#[tokio::test(flavor = "multi_thread")]
async fn one_question_is_one_answer_and_one_trace_across_all_services() {
    let stage = Stage::set(LEASE).await;
    let answer = stage.ask(QUESTION).await;
    for capability in ["geocode", "local_time", "daylight", "weather"] {
        let called = answer.tools.iter().any(|tool| tool == capability);
        assert!(called, "{capability}: {answer:?}");
    }
    assert!(answer.text.contains("Tromsø"), "{answer:?}");
    assert!(answer.text.contains("internet"), "{answer:?}");

    // After all services have ended, all telemetry has been sent.
    stage.close().await;
    let spans = stage.archive.spans();
    let traces: BTreeSet<_> = spans.iter().map(|span| &span.trace).collect();
    assert_eq!(traces, BTreeSet::from([&answer.trace_id]), "{spans:#?}");

    let by_id: BTreeMap<_, _> = spans.iter().map(|span| (&span.id, span)).collect();
    assert_eq!(by_id.len(), spans.len(), "each span came once");
    let roots: Vec<_> = spans.iter().filter(|span| span.parent.is_empty()).collect();
    assert_eq!(roots.len(), 1, "{roots:#?}");
    assert_eq!(roots[0].service, AGENT);
    for span in &spans {
        let is_whole = span.parent.is_empty() || by_id.contains_key(&span.parent);
        assert!(
            is_whole,
            "the parent of {span:?} is missing among {spans:#?}"
        );
    }

    // Every service is present, and every tool's spans are below the agent's.
    let services: BTreeSet<_> = spans.iter().map(|span| span.service.as_str()).collect();
    assert_eq!(services, BTreeSet::from(SERVICES));
    for span in spans.iter().filter(|span| span.service != AGENT) {
        let parent = &by_id[&span.parent].service;
        assert!(
            [AGENT, &span.service].contains(&parent.as_str()),
            "{span:?}"
        );
    }
    let named = |begin: &str| {
        let begin = |span: &&_| -> bool {
            let span: &crate::archive::Span = span;
            span.service == AGENT && span.name.starts_with(begin)
        };
        spans.iter().filter(begin).count()
    };
    assert_eq!(named("invoke_agent"), 1, "{spans:#?}");
    assert!(named("chat") >= 2, "{spans:#?}");
    assert_eq!(named("execute_tool"), answer.tools.len(), "{spans:#?}");
    println!(
        "{} spans of {} services in one trace",
        spans.len(),
        services.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_logged_on_the_way_belongs_to_the_spans_of_the_trace() {
    let stage = Stage::set(LEASE).await;
    let answer = stage.ask("What time is it in Tromsø?").await;
    stage.close().await;
    let spans = stage.archive.spans();
    let logs = stage.archive.logs();
    for log in logs.iter().filter(|log| !log.trace.is_empty()) {
        assert_eq!(log.trace, answer.trace_id, "{log:?}");
        let of = spans.iter().find(|span| span.id == log.span);
        assert_eq!(of.map(|span| &span.service), Some(&log.service), "{log:?}");
    }
    let correlated = |service: &str, body: &str| {
        let mut logs = logs.iter().filter(|log| log.service == service);
        logs.any(|log| log.body == body && !log.trace.is_empty())
    };
    assert!(correlated("time-tool", "told the time"), "{logs:#?}");
    assert!(correlated(AGENT, "answered"), "{logs:#?}");

    // Logs outside of a question belong to no trace.
    for service in SERVICES {
        let mut own = logs.iter().filter(|log| log.service == service);
        assert!(
            own.any(|log| log.body == "ready" && log.trace.is_empty()),
            "{service}: {logs:#?}"
        );
    }
}
