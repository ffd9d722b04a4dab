//! Runs that fail, are retried or are cancelled.

use crate::{
    inputs::object,
    world::{Fixture, capability, failure},
};
use glassbox_core::{
    CancellationSource, Cancelled, Capability, Category, Cx, Deadline, Effect, Problem, ToolError,
};
use glassbox_orchestration::{Graph, RetryPolicy, RunError, Step, StepOutcome, Workflow};
use serde_json::{Map, Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;

fn one_step(step: Step) -> Graph {
    Workflow::new("w").with_step(step).validate().unwrap()
}

async fn run(fixture: &Fixture, graph: &Graph) -> Result<Value, RunError> {
    run_under(fixture, graph, Cx::background()).await
}

async fn run_under(fixture: &Fixture, graph: &Graph, cx: Cx) -> Result<Value, RunError> {
    let run = fixture
        .runner()
        .run(&cx, &fixture.world(), graph, Map::new())
        .await;
    run.map(|run| run.output)
}

/// When each call was made, and its key.
type Calls = Arc<Mutex<Vec<(Instant, String)>>>;

/// A capability that fails with `error` until it was called `failures` times, and its calls.
fn flaky(
    capability: Capability,
    failures: usize,
    error: impl Fn() -> ToolError + Send + Sync + 'static,
) -> (Fixture, Calls) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    let fixture = Fixture::new().with_capability("flaky-tool", capability, move |cx, _| {
        let mut calls = calls.lock().unwrap();
        calls.push((Instant::now(), cx.idempotency_key().unwrap().to_owned()));
        let answer = match calls.len() > failures {
            true => Ok(json!("at last")),
            false => Err(error()),
        };
        async move { answer }
    });
    (fixture, seen)
}

#[tokio::test(start_paused = true)]
async fn a_step_is_tried_again_under_the_same_key() {
    let (fixture, calls) = flaky(capability("x"), 2, || failure(Category::Unavailable));
    let graph = one_step(Step::new("s", "x").with_retry(RetryPolicy::attempts(3)));
    let cx = Cx::background().with_idempotency_key("order-7");
    let output = run_under(&fixture, &graph, cx).await.unwrap();
    assert_eq!(output, json!({"s": "at last"}));
    let keys: Vec<String> = calls
        .lock()
        .unwrap()
        .iter()
        .map(|call| call.1.clone())
        .collect();
    assert_eq!(keys, ["order-7/s"; 3]);
    assert_eq!(
        fixture.told()[2..4],
        ["workflow.step_retried s", "workflow.step_retried s"]
    );
}

#[tokio::test(start_paused = true)]
async fn only_what_may_be_repeated_is() {
    let policy = RetryPolicy::attempts(3);
    for (capability, category) in [
        (
            capability("x").with_effect(Effect::Mutating),
            Category::Unavailable,
        ),
        (capability("x"), Category::NotFound),
    ] {
        let (fixture, calls) = flaky(capability, 2, move || failure(category));
        let graph = one_step(Step::new("s", "x").with_retry(policy));
        let error = run(&fixture, &graph).await.unwrap_err();
        assert_eq!(error.to_string(), "step 's' (x) failed: the tool said no");
        assert_eq!(error.problem().category(), category);
        assert_eq!(error.problem().details()["step"], "s");
        assert!(error.problem().may_have_begun());
        assert_eq!(calls.lock().unwrap().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_mutating_call_is_repeated_if_nothing_began_or_its_key_is_honoured() {
    let mutating = || capability("x").with_effect(Effect::Mutating);
    for (capability, may_have_begun) in [
        (mutating(), false),
        (mutating().with_honours_idempotency_key(true), true),
    ] {
        let (fixture, calls) = flaky(capability, 2, move || {
            Problem::new(Category::Unavailable, "x.down", "down")
                .with_may_have_begun(may_have_begun)
                .into()
        });
        let graph = one_step(Step::new("s", "x").with_retry(RetryPolicy::attempts(3)));
        run(&fixture, &graph).await.unwrap();
        assert_eq!(calls.lock().unwrap().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_peer_asks_for_is_the_least_that_is_waited() {
    let wait = Duration::from_secs(7);
    let (fixture, calls) = flaky(capability("x"), 1, move || {
        Problem::new(Category::RateLimited, "x.busy", "busy")
            .with_retry_after(wait)
            .into()
    });
    let graph = one_step(Step::new("s", "x").with_retry(RetryPolicy::attempts(2)));
    run(&fixture, &graph).await.unwrap();
    let calls = calls.lock().unwrap();
    assert!(calls[1].0 - calls[0].0 >= wait);
}

#[tokio::test(start_paused = true)]
async fn no_pause_outlasts_the_deadline() {
    let (fixture, calls) = flaky(capability("x"), 1, || {
        Problem::new(Category::RateLimited, "x.busy", "busy")
            .with_retry_after(Duration::from_secs(60))
            .into()
    });
    let graph = one_step(Step::new("s", "x").with_retry(RetryPolicy::attempts(2)));
    let deadline = Deadline::after(&*fixture.clock, Duration::from_secs(10));
    let before = Instant::now();
    let cx = Cx::background().with_deadline(deadline);
    let error = run_under(&fixture, &graph, cx).await.unwrap_err();
    assert_eq!(error.problem().code(), "x.busy");
    assert_eq!(calls.lock().unwrap().len(), 1);
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_try_ends_after_its_time() {
    let fixture = Fixture::new().with("x", async |_, _| std::future::pending().await);
    let graph = one_step(Step::new("s", "x").with_timeout(Duration::from_millis(250)));
    let before = Instant::now();
    let error = run(&fixture, &graph).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "step 's' (x) failed: x did not answer within 250.0ms"
    );
    assert_eq!(error.problem().category(), Category::Timeout);
    assert_eq!(before.elapsed(), Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn a_tool_is_told_how_long_it_has() {
    let fixture = Fixture::new();
    let clock = fixture.clock.clone();
    let fixture = fixture.with("x", move |cx: Cx, _| {
        let left = cx.deadline().unwrap().remaining(&*clock).unwrap();
        async move { Ok(json!(left.as_millis() as u64)) }
    });
    let graph = one_step(Step::new("s", "x").with_timeout(Duration::from_millis(250)));
    assert_eq!(run(&fixture, &graph).await.unwrap(), json!({"s": 250}));
    let deadline = Deadline::after(&*fixture.clock, Duration::from_millis(100));
    let cx = Cx::background().with_deadline(deadline);
    let output = run_under(&fixture, &graph, cx).await.unwrap();
    assert_eq!(output, json!({"s": 100}));
    // Without a timeout of the step, the tool's own limit of 30 s and that of its client apply first.
    let graph = one_step(Step::new("s", "x"));
    assert_eq!(run(&fixture, &graph).await.unwrap(), json!({"s": 33_000}));
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_ends_the_run_and_every_step_is_accounted_for() {
    let fixture = Fixture::new()
        .with("quick", async |_, _| Ok(json!(1)))
        .with("hang", async |_, _| std::future::pending().await)
        .with("fail", async |_, _| {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Err(failure(Category::Forbidden))
        });
    let graph = Workflow::new("w")
        .with_step(Step::new("a", "quick"))
        .with_step(Step::new("b", "hang"))
        .with_step(Step::new("c", "fail"))
        .with_step(Step::new("d", "quick").after("b"))
        .validate()
        .unwrap();
    let error = run(&fixture, &graph).await.unwrap_err();
    let outcomes: Vec<&StepOutcome> = error.steps().iter().map(|step| &step.outcome).collect();
    assert!(matches!(
        outcomes[..],
        [
            StepOutcome::Completed { .. },
            StepOutcome::Cancelled,
            StepOutcome::Failed { attempts: 1, .. },
            StepOutcome::NotStarted
        ]
    ));
    let told = fixture.told();
    assert!(told.contains(&"workflow.step_failed b".to_owned()));
    assert_eq!(
        told.iter()
            .filter(|kind| *kind == "workflow.failed")
            .count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_workflow_ends_at_its_deadline() {
    let fixture = Fixture::new().with("x", async |_, _| std::future::pending().await);
    let graph = Workflow::new("slow")
        .with_step(Step::new("s", "x"))
        .with_timeout(Duration::from_secs(2))
        .validate()
        .unwrap();
    let error = run(&fixture, &graph).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "workflow 'slow' did not end before its deadline"
    );
    assert_eq!(error.steps()[0].outcome, StepOutcome::Cancelled);
}

struct Always;

impl CancellationSource for Always {
    fn cancelled(&self) -> Cancelled<'_> {
        Box::pin(std::future::ready(()))
    }

    fn is_cancelled(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_caller_that_gave_up_starts_nothing() {
    let fixture = Fixture::new().with("x", async |_, _| Ok(json!(1)));
    let cx = Cx::background().with_cancellation(Arc::new(Always));
    let graph = one_step(Step::new("s", "x"));
    let error = run_under(&fixture, &graph, cx).await.unwrap_err();
    assert_eq!(error.problem().category(), Category::Cancelled);
    assert_eq!(error.steps()[0].outcome, StepOutcome::NotStarted);
}

#[tokio::test]
async fn a_binding_without_a_value_names_the_step_and_the_path() {
    let fixture = Fixture::new().with("x", async |_, _| Ok(json!({"a": 1})));
    let graph = Workflow::new("w")
        .with_step(Step::new("one", "x"))
        .with_step(Step::new("two", "x").with_input(json!("${steps.one.output.b}")))
        .validate()
        .unwrap();
    let error = run(&fixture, &graph).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the input of step 'two' cannot be built: ${steps.one.output.b} has no value: steps.one.output has no member 'b' (it has a)"
    );
}

#[tokio::test]
async fn capabilities_are_held_against_discovery_before_anything_runs() {
    let strict = serde_json::from_value(json!({"type": "object", "required": ["city"]})).unwrap();
    let any = serde_json::from_value(json!({})).unwrap();
    let fixture = Fixture::new()
        .with_capability("a-tool", capability("both"), async |_, _| panic!("ran"))
        .with_capability("b-tool", capability("both"), async |_, _| panic!("ran"))
        .with_capability(
            "c-tool",
            Capability::from_schemas("geocode", "", strict, any),
            async |_, _| panic!("ran"),
        );
    let graph = Workflow::new("w")
        .with_step(Step::new("a", "both"))
        .with_step(Step::new("b", "invented"))
        .with_step(Step::new("c", "geocode").with_input(json!({"town": "Oslo"})))
        .validate()
        .unwrap();
    let error = run(&fixture, &graph).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "workflow 'w' cannot run: step 'a' calls 'both', which a-tool, b-tool have: set the step's `service` to one of them; \
         step 'b' calls 'invented', which no ready service has; available: both, geocode; \
         step 'c' calls 'geocode' without 'city', which it requires"
    );
    let checked = fixture
        .runner()
        .check(&Cx::background(), &fixture.world(), &graph)
        .await;
    assert_eq!(checked.unwrap_err().category(), Category::Invalid);
}

#[tokio::test]
async fn inputs_that_do_not_fit_are_refused() {
    let fixture = Fixture::new().with("x", async |_, _| Ok(json!(1)));
    let graph = one_step(Step::new("s", "x"));
    let inputs = object(json!({"city": "Oslo"}));
    let error = fixture
        .runner()
        .run(&Cx::background(), &fixture.world(), &graph, inputs)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the inputs of workflow 'w' are not valid: it has no input 'city'"
    );
    assert!(!error.problem().may_have_begun());
}
