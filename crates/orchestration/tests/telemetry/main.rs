//! The telemetry of a run. In a process of its own, because telemetry is global.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod replaying;
#[path = "../it/world.rs"]
mod world;

use glassbox_core::telemetry::{Span, SpanKind, Status};
use glassbox_core::{Category, Cx, telemetry};
use glassbox_orchestration::{Graph, Input, RetryPolicy, Step, Workflow};
use glassbox_testkit::{CapturedSpan, TelemetryCapture};
use serde_json::{Map, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};
use world::{Fixture, failure};

/// `look` succeeds, `flaky` succeeds on the second call, `fail` fails, `hang` never returns, `slow`
/// takes 20 seconds.
fn fixture() -> Fixture {
    prefixed("")
}

/// The same with a prefix, for tests that count what is emitted about a capability.
fn prefixed(prefix: &str) -> Fixture {
    let name = |name: &str| format!("{prefix}{name}");
    let calls = Arc::new(AtomicU32::new(0));
    Fixture::new()
        .with(&name("look"), async |cx: Cx, _| {
            // The call's span is the current context, so that outgoing requests propagate it.
            assert_eq!(cx.trace().span_id, telemetry::current().span_id);
            Ok(json!("moon"))
        })
        .with(&name("flaky"), move |_, _| {
            let calls = calls.fetch_add(1, SeqCst);
            async move {
                match calls {
                    0 => Err(failure(Category::Unavailable)),
                    _ => Ok(json!("star")),
                }
            }
        })
        .with(&name("fail"), async |_, _| Err(failure(Category::NotFound)))
        .with(&name("hang"), async |_, _| std::future::pending().await)
        .with(&name("slow"), async |_, _| {
            tokio::time::sleep(Duration::from_secs(20)).await;
            Ok(json!("comet"))
        })
}

fn named<'a>(spans: &'a [CapturedSpan], name: &str) -> &'a CapturedSpan {
    let found: Vec<_> = spans.iter().filter(|span| span.name() == name).collect();
    assert_eq!(found.len(), 1, "{name}");
    found[0]
}

async fn run(graph: &Graph) -> Vec<CapturedSpan> {
    let capture = TelemetryCapture::install();
    let fixture = fixture();
    let root = Span::builder("root").root().start();
    let trace = root.context().trace_id;
    let cx = Cx::background().with_trace(root.context().clone());
    let _ended = fixture
        .runner()
        .run(&cx, &fixture.world(), graph, Map::new())
        .await;
    drop(root);
    capture.trace(trace)
}

#[tokio::test(start_paused = true)]
async fn a_run_is_one_trace_of_steps_and_calls() {
    let graph = Workflow::new("good")
        .with_step(Step::new("one", "look"))
        .with_step(
            Step::new("two", "flaky")
                .after("one")
                .with_retry(RetryPolicy::attempts(3)),
        )
        .validate()
        .unwrap();
    let spans = run(&graph).await;
    let run = named(&spans, "invoke_workflow good");
    assert!(run.is_child_of(named(&spans, "root")));
    assert_eq!(run.kind(), SpanKind::Internal);
    assert_eq!(run.text("gen_ai.operation.name"), Some("invoke_workflow"));
    assert_eq!(run.text("gen_ai.workflow.name"), Some("good"));
    assert_eq!(run.text("glassbox.workflow.run.id").map(str::len), Some(32));
    assert_eq!(run.status(), &Status::Unset);

    let one = named(&spans, "step one");
    assert!(one.is_child_of(run));
    assert_eq!(one.text("glassbox.workflow.step"), Some("one"));
    assert_eq!(one.text("glassbox.capability"), Some("look"));
    assert_eq!(one.int("glassbox.attempt"), Some(1));
    let look = named(&spans, "execute_tool look");
    assert!(look.is_child_of(one));
    assert_eq!(look.text("gen_ai.tool.name"), Some("look"));

    let two = named(&spans, "step two");
    assert_eq!(two.int("glassbox.attempt"), Some(2));
    assert_eq!(two.status(), &Status::Unset, "it went well in the end");
    let tries: Vec<_> = spans
        .iter()
        .filter(|span| span.name() == "execute_tool flaky")
        .collect();
    assert!(tries.iter().all(|call| call.is_child_of(two)));
    let seen: Vec<_> = tries.iter().map(|call| call.text("error.type")).collect();
    assert_eq!(seen, [Some("unavailable"), None]);

    let capture = TelemetryCapture::install();
    let good = [("gen_ai.workflow.name", "good")];
    assert_eq!(capture.counter("workflows.started", &good), 1);
    assert_eq!(capture.counter("workflows.completed", &good), 1);
    assert_eq!(capture.counter("workflows.failed", &good), 0);
    assert_eq!(capture.histogram("workflow.duration", &good).len(), 1);
    assert_eq!(
        capture
            .histogram("gen_ai.invoke_workflow.duration", &good)
            .len(),
        1
    );
    let two = [good[0], ("glassbox.workflow.step", "two")];
    assert_eq!(capture.histogram("workflow.step.duration", &two).len(), 1);
    assert_eq!(capture.counter("workflow.step.retries", &two), 1);
    let flaky = [("gen_ai.tool.name", "flaky"), ("error.type", "unavailable")];
    assert_eq!(
        capture
            .histogram("gen_ai.execute_tool.duration", &flaky)
            .len(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_marked_from_the_call_to_the_run() {
    let graph = Workflow::new("bad")
        .with_step(Step::new("wait", "hang"))
        .with_step(Step::new("break", "fail"))
        .validate()
        .unwrap();
    let spans = run(&graph).await;
    for (name, class, says) in [
        // The call's own span omits the parts of the message that quote the input; the other spans do
        // not contain the message.
        ("execute_tool fail", "not_found", "the tool said no"),
        ("step break", "not_found", "test.failed"),
        (
            "invoke_workflow bad",
            "not_found",
            "step 'break' failed: test.failed",
        ),
        (
            "step wait",
            "cancelled",
            "the step was cancelled before it ended",
        ),
        (
            "execute_tool hang",
            "cancelled",
            "the call was cancelled before it ended",
        ),
    ] {
        let span = named(&spans, name);
        assert_eq!(span.text("error.type"), Some(class), "{name}");
        assert_eq!(
            span.status(),
            &Status::Error(says.to_owned().into()),
            "{name}"
        );
    }
    let capture = TelemetryCapture::install();
    let bad = [("gen_ai.workflow.name", "bad"), ("error.type", "not_found")];
    assert_eq!(capture.counter("workflows.failed", &bad), 1);
    assert_eq!(capture.counter("workflows.completed", &bad[..1]), 0);
    assert_eq!(capture.histogram("workflow.duration", &bad).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_dropped_is_interrupted_and_told_once() {
    let capture = TelemetryCapture::install();
    let fixture = fixture();
    let graph = Workflow::new("dropped")
        .with_step(Step::new("wait", "hang"))
        .validate()
        .unwrap();
    let (runner, cx, world) = (fixture.runner(), Cx::background(), fixture.world());
    let run = runner.run(&cx, &world, &graph, Map::new());
    let after = Duration::from_millis(250);
    assert!(tokio::time::timeout(after, run).await.is_err());
    let dropped = [
        ("gen_ai.workflow.name", "dropped"),
        ("error.type", "interrupted"),
    ];
    assert_eq!(capture.counter("workflows.failed", &dropped), 1);
    for name in ["workflow.step.duration", "workflow.duration"] {
        assert_eq!(capture.histogram(name, &dropped), [0.25], "{name}");
    }
    let spans = spans_of(&capture, "dropped");
    for (name, says) in [
        ("step wait", "the step was interrupted before it ended"),
        (
            "invoke_workflow dropped",
            "the run was interrupted before it ended",
        ),
    ] {
        let span = named(&spans, name);
        assert_eq!(span.text("error.type"), Some("interrupted"));
        assert_eq!(span.status(), &Status::Error(says.into()));
    }
    assert_eq!(
        fixture.told(),
        [
            "workflow.started",
            "workflow.step_started wait",
            "workflow.step_interrupted wait",
            "workflow.interrupted"
        ]
    );
}

/// The spans of runs and steps of a workflow.
fn spans_of(capture: &TelemetryCapture, workflow: &str) -> Vec<CapturedSpan> {
    let mut spans = capture.spans();
    spans.retain(|span| span.text("gen_ai.workflow.name") == Some(workflow));
    spans
}

#[tokio::test(start_paused = true)]
async fn content_is_on_the_spans_only_when_asked_for() {
    let graph = Workflow::new("trip")
        .with_input("city", Input::default())
        .with_step(Step::new("one", "look").with_input(json!({"where": "${inputs.city}"})))
        .with_output(json!("${steps.one.output}"))
        .validate()
        .unwrap();
    let inputs = json!({"city": "Oslo"}).as_object().cloned().unwrap();
    let run = async |captures_content| {
        let capture = TelemetryCapture::install();
        let fixture = fixture();
        let root = Span::builder("root").root().start();
        let trace = root.context().trace_id;
        let cx = Cx::background().with_trace(root.context().clone());
        let runner = fixture.runner().with_content_capture(captures_content);
        let ended = runner
            .run(&cx, &fixture.world(), &graph, inputs.clone())
            .await;
        assert!(ended.is_ok());
        drop(root);
        capture.trace(trace)
    };
    let spans = run(true).await;
    let whole = named(&spans, "invoke_workflow trip");
    assert_eq!(whole.text("glassbox.question"), Some("trip city=Oslo"));
    let said =
        |key| -> serde_json::Value { serde_json::from_str(whole.text(key).unwrap()).unwrap() };
    let asked = said("gen_ai.input.messages");
    assert_eq!(asked[0]["parts"][0]["content"], r#"{"city":"Oslo"}"#);
    let answered = said("gen_ai.output.messages");
    assert_eq!(answered[0]["parts"][0]["content"], "moon");
    let call = named(&spans, "execute_tool look");
    assert_eq!(
        call.text("gen_ai.tool.call.arguments"),
        Some(r#"{"where":"Oslo"}"#)
    );
    assert_eq!(call.text("gen_ai.tool.call.result"), Some(r#""moon""#));

    for span in run(false).await {
        for key in [
            "glassbox.question",
            "gen_ai.input.messages",
            "gen_ai.output.messages",
            "gen_ai.tool.call.arguments",
            "gen_ai.tool.call.result",
        ] {
            assert_eq!(span.text(key), None, "{} {key}", span.name());
        }
    }
}
