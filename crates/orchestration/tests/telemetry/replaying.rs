//! The telemetry of replays and resumptions.

use crate::{prefixed, spans_of};
use glassbox_core::{Cx, telemetry::Span};
use glassbox_orchestration::{Graph, Journal, Machine, MemoryJournal, RetryPolicy, Step, Workflow};
use glassbox_testkit::{CapturedSpan, TelemetryCapture};
use serde_json::Map;
use std::{sync::Arc, time::Duration};

/// How many spans and measurements were emitted for a workflow.
fn emitted(capture: &TelemetryCapture, workflow: &str) -> usize {
    let label = [("gen_ai.workflow.name", workflow)];
    let counted: u64 = [
        "workflows.started",
        "workflows.completed",
        "workflows.failed",
        "workflow.step.retries",
    ]
    .map(|name| capture.counter(name, &label))
    .iter()
    .sum();
    let measured: usize = [
        "workflow.duration",
        "gen_ai.invoke_workflow.duration",
        "workflow.step.duration",
    ]
    .map(|name| capture.histogram(name, &label).len())
    .iter()
    .sum();
    spans_of(capture, workflow).len() + counted as usize + measured
}

/// `one`, then `two`, which is retried, then `three`.
fn three_steps(workflow: &str, last: &str) -> Graph {
    let name = |name: &str| format!("{workflow}_{name}");
    Workflow::new(workflow)
        .with_step(Step::new("one", name("look")))
        .with_step(
            Step::new("two", name("flaky"))
                .after("one")
                .with_retry(RetryPolicy::attempts(3)),
        )
        .with_step(Step::new("three", name(last)).after("two"))
        .validate()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_run_without_a_caller_is_one_trace_after_a_resumption_too() {
    let capture = TelemetryCapture::install();
    let fixture = prefixed("alone_");
    let journal = Arc::new(MemoryJournal::new());
    let runner = fixture.runner().with_journal(journal.clone());
    let graph = three_steps("alone", "slow");
    let (cx, world) = (Cx::background(), fixture.world());
    let run = runner.run(&cx, &world, &graph, Map::new());
    let after = Duration::from_secs(10);
    assert!(tokio::time::timeout(after, run).await.is_err());
    let run_id = runner.unfinished().await.unwrap().remove(0);
    runner.resume(&cx, &world, &run_id).await.unwrap();
    let spans = capture.trace(u128::from_str_radix(&run_id, 16).unwrap());
    let runs = spans
        .iter()
        .filter(|span| span.name() == "invoke_workflow alone");
    assert_eq!(runs.count(), 2);
    assert_eq!(spans_of(&capture, "alone").len(), 2 + 4);
    let of_the_run = |span: &&CapturedSpan| span.text("gen_ai.workflow.name").is_some();
    assert_eq!(spans.iter().filter(of_the_run).count(), 2 + 4);
}

#[tokio::test(start_paused = true)]
async fn a_replay_emits_nothing() {
    let capture = TelemetryCapture::install();
    let fixture = prefixed("replayed_");
    let journal = Arc::new(MemoryJournal::new());
    let runner = fixture.runner().with_journal(journal.clone());
    let graph = three_steps("replayed", "look");
    let (cx, world) = (Cx::background(), fixture.world());
    let run = runner.run(&cx, &world, &graph, Map::new()).await.unwrap();
    let (live, told) = (emitted(&capture, "replayed"), fixture.told().len());
    // A run and three steps as spans; started, completed and one retry; 2 + 3 durations.
    assert_eq!(live, 4 + 3 + 5);
    let all = capture.spans_named("execute_tool replayed_look").len();

    let entries = journal.read(&run.run_id).await.unwrap();
    for len in 0..=entries.len() {
        Machine::replay(&entries[..len]).unwrap().commands();
    }
    let again = runner.resume(&cx, &world, &run.run_id).await.unwrap();
    assert_eq!(again, run);
    let inflation = emitted(&capture, "replayed") as f64 / live as f64;
    assert_eq!(inflation, 1.0);
    assert_eq!(fixture.told().len(), told);
    assert_eq!(capture.spans_named("execute_tool replayed_look").len(), all);
}

#[tokio::test(start_paused = true)]
async fn a_resumed_run_emits_only_what_is_new() {
    let capture = TelemetryCapture::install();
    let fixture = prefixed("resumed_");
    let journal = Arc::new(MemoryJournal::new());
    let runner = fixture.runner().with_journal(journal.clone());
    let graph = three_steps("resumed", "slow");
    let world = fixture.world();
    let caller = Span::builder("caller").root().start();
    let cx = Cx::background();
    let run = caller.around(runner.run(&cx, &world, &graph, Map::new()));
    let after = Duration::from_secs(10);
    assert!(tokio::time::timeout(after, run).await.is_err());
    tokio::time::sleep(Duration::from_secs(30)).await;
    let before = spans_of(&capture, "resumed").len();
    let told = fixture.told().len();

    let run_id = runner.unfinished().await.unwrap().remove(0);
    let (resumer, cx) = (Span::builder("resumer").root().start(), Cx::background());
    let run = runner.resume(&cx, &world, &run_id);
    resumer.around(run).await.unwrap();
    let spans = spans_of(&capture, "resumed");
    let new: Vec<&str> = spans[before..].iter().map(CapturedSpan::name).collect();
    assert_eq!(new, ["step three", "invoke_workflow resumed"]);
    // The resumed run stays in the trace in which it started.
    let resumed = spans.last().unwrap();
    assert_eq!(resumed.parent().span_id, caller.context().span_id);
    assert_eq!(
        resumed.links()[0].context.span_id,
        resumer.context().span_id
    );
    assert_eq!(
        fixture.told()[told..],
        [
            "workflow.resumed",
            "workflow.step_completed three",
            "workflow.completed"
        ]
    );
    let label = ("gen_ai.workflow.name", "resumed");
    assert_eq!(capture.counter("workflows.started", &[label]), 1);
    assert_eq!(capture.counter("workflow.step.retries", &[label]), 1);
    let interrupted = [label, ("error.type", "interrupted")];
    let ended = |name| {
        let all = capture.histogram(name, &[label]);
        assert_eq!(capture.histogram(name, &interrupted).len(), 1, "{name}");
        *all.last().unwrap()
    };
    // A run lasts from its start, an invocation from its own start.
    assert_eq!(ended("workflow.duration"), 60.0);
    assert_eq!(ended("gen_ai.invoke_workflow.duration"), 20.0);
}
