//! Runs that are interrupted and resumed from their journal.

use crate::world::{Fixture, capability, failure};
use glassbox_core::{Capability, Category, Cx, Effect, async_trait};
use glassbox_orchestration::{
    Entry, EntryKind, Graph, Journal, JournalError, MemoryJournal, RunError, Runner, Step,
    StepOutcome, Workflow,
};
use serde_json::{Map, Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::timeout;

/// A journal whose storage fails after a number of appends.
struct Failing {
    kept: Arc<MemoryJournal>,
    appends: Mutex<usize>,
}

#[async_trait]
impl Journal for Failing {
    async fn append(&self, run_id: &str, entries: &[Entry]) -> Result<(), JournalError> {
        let left = {
            let mut appends = self.appends.lock().unwrap();
            let left = *appends;
            *appends = left.saturating_sub(1);
            left
        };
        match left {
            0 => Err(JournalError::storage("the disk is full")),
            _ => self.kept.append(run_id, entries).await,
        }
    }

    async fn read(&self, run_id: &str) -> Result<Vec<Entry>, JournalError> {
        self.kept.read(run_id).await
    }

    async fn unfinished(&self) -> Result<Vec<String>, JournalError> {
        self.kept.unfinished().await
    }
}

/// Which steps were called, in order, each with its key.
pub(crate) type Calls = Arc<Mutex<Vec<(String, String)>>>;

/// A world whose capability `x` records each call, takes a second, and returns its step's name.
pub(crate) fn noting(capability: Capability) -> (Fixture, Calls) {
    let calls = Calls::default();
    let seen = calls.clone();
    let fixture = Fixture::new().with_capability("x-tool", capability, move |cx, input| {
        let step = input["step"].as_str().unwrap().to_owned();
        let key = cx.idempotency_key().unwrap().to_owned();
        calls.lock().unwrap().push((step.clone(), key));
        async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(json!(step))
        }
    });
    (fixture, seen)
}

pub(crate) fn step(id: &str) -> Step {
    Step::new(id, "x").with_input(json!({ "step": id }))
}

/// `a`, then `b` and `c`, then `d`.
pub(crate) fn diamond() -> Graph {
    Workflow::new("diamond")
        .with_step(step("a"))
        .with_step(step("b").after("a"))
        .with_step(step("c").after("a"))
        .with_step(step("d").after("b").after("c"))
        .validate()
        .unwrap()
}

pub(crate) fn runner(fixture: &Fixture, journal: &Arc<MemoryJournal>) -> Runner {
    fixture.runner().with_journal(journal.clone())
}

pub(crate) async fn start(
    fixture: &Fixture,
    runner: &Runner,
    graph: &Graph,
) -> Result<Value, RunError> {
    let cx = Cx::background().with_idempotency_key("order-7");
    let run = runner.run(&cx, &fixture.world(), graph, Map::new()).await?;
    Ok(run.output)
}

pub(crate) async fn resume(
    fixture: &Fixture,
    runner: &Runner,
    run_id: &str,
) -> Result<Value, RunError> {
    let world = fixture.world();
    let run = runner.resume(&Cx::background(), &world, run_id).await?;
    Ok(run.output)
}

/// Runs `graph`, drops the run after a time, and returns the run's id.
pub(crate) async fn interrupt(
    fixture: &Fixture,
    runner: &Runner,
    graph: &Graph,
    after: Duration,
) -> String {
    let run = start(fixture, runner, graph);
    assert!(timeout(after, run).await.is_err());
    runner.unfinished().await.unwrap().remove(0)
}

fn completed(entries: &[Entry]) -> Vec<String> {
    let steps = entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::StepCompleted { step, .. } => Some(step.clone()),
        _ => None,
    });
    steps.collect()
}

#[tokio::test(start_paused = true)]
async fn whatever_was_durable_when_the_journal_failed_is_not_done_again() {
    let graph = diamond();
    for appends in 0.. {
        let (fixture, calls) = noting(capability("x"));
        let kept = Arc::new(MemoryJournal::new());
        let failing = Failing {
            kept: kept.clone(),
            appends: Mutex::new(appends),
        };
        let failing = fixture.runner().with_journal(Arc::new(failing));
        let error = match start(&fixture, &failing, &graph).await {
            Ok(_) => {
                assert!(appends > 3, "there was something to interrupt");
                return;
            }
            Err(error) => error,
        };
        assert_eq!(error.problem().code(), "workflow.journal");
        assert!(error.to_string().ends_with("the disk is full"), "{error}");
        if appends == 0 {
            assert_eq!(
                calls.lock().unwrap().len(),
                0,
                "a run that is not durable has no effect"
            );
            continue;
        }
        let durable = completed(&kept.read(error.run_id()).await.unwrap());
        calls.lock().unwrap().clear();
        let output = resume(&fixture, &runner(&fixture, &kept), error.run_id()).await;
        assert_eq!(output.unwrap(), json!({"d": "d"}));
        let again = calls.lock().unwrap().clone();
        assert_eq!(
            again.len() + durable.len(),
            4,
            "{appends}: {again:?} {durable:?}"
        );
        assert!(again.iter().all(|(step, _)| !durable.contains(step)));
    }
}

#[tokio::test(start_paused = true)]
async fn intent_is_durable_before_the_effect_and_completion_before_successors() {
    let journal = Arc::new(MemoryJournal::new());
    let seen = journal.clone();
    let fixture = Fixture::new().with("x", move |_, input| {
        let journal = seen.clone();
        async move {
            let run_id = journal.unfinished().await.unwrap().remove(0);
            let entries = journal.read(&run_id).await.unwrap();
            let id = input["step"].as_str().unwrap();
            let intent = entries.iter().any(
                |entry| matches!(&entry.kind, EntryKind::AttemptStarted { step, .. } if step == id),
            );
            assert!(intent, "{id} has an effect before its intent is durable");
            let before = diamond()
                .dependencies(id)
                .map(str::to_owned)
                .collect::<Vec<_>>();
            let done = completed(&entries);
            assert!(
                before.iter().all(|step| done.contains(step)),
                "{id}: {done:?}"
            );
            Ok(json!(id))
        }
    });
    let runner = runner(&fixture, &journal);
    start(&fixture, &runner, &diamond()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_have_begun_is_made_again_under_its_key_if_it_may_be() {
    let (fixture, calls) = noting(capability("x").with_effect(Effect::Idempotent));
    let journal = Arc::new(MemoryJournal::new());
    let runner = runner(&fixture, &journal);
    let run_id = interrupt(&fixture, &runner, &diamond(), Duration::from_millis(1_500)).await;
    let output = resume(&fixture, &runner, &run_id).await.unwrap();
    assert_eq!(output, json!({"d": "d"}));
    let calls: Vec<String> = calls
        .lock()
        .unwrap()
        .iter()
        .map(|call| call.1.clone())
        .collect();
    let keys = ["a", "b", "c", "b", "c", "d"].map(|step| format!("order-7/{step}"));
    assert_eq!(calls, keys);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_have_begun_and_changes_something_fails_its_step() {
    let (fixture, calls) = noting(capability("x").with_effect(Effect::Mutating));
    let journal = Arc::new(MemoryJournal::new());
    let runner = runner(&fixture, &journal);
    let run_id = interrupt(&fixture, &runner, &diamond(), Duration::from_millis(1_500)).await;
    let error = resume(&fixture, &runner, &run_id).await.unwrap_err();
    assert_eq!(error.problem().code(), "workflow.may_have_begun");
    assert_eq!(error.problem().details()["step"], "b");
    let outcomes: Vec<&StepOutcome> = error.steps().iter().map(|step| &step.outcome).collect();
    assert!(matches!(
        outcomes[..],
        [
            StepOutcome::Completed { .. },
            StepOutcome::Failed { attempts: 1, .. },
            StepOutcome::Cancelled,
            StepOutcome::NotStarted
        ]
    ));
    assert_eq!(calls.lock().unwrap().len(), 3, "a, b and c, once each");
}

#[tokio::test(start_paused = true)]
async fn a_mutating_call_that_may_have_begun_is_made_again_if_its_key_is_honoured() {
    let mutating = capability("x").with_effect(Effect::Mutating);
    let (fixture, calls) = noting(mutating.with_honours_idempotency_key(true));
    let journal = Arc::new(MemoryJournal::new());
    let runner = runner(&fixture, &journal);
    let run_id = interrupt(&fixture, &runner, &diamond(), Duration::from_millis(500)).await;
    resume(&fixture, &runner, &run_id).await.unwrap();
    let calls = calls.lock().unwrap();
    assert_eq!(calls[0], calls[1]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_ended_returns_its_result_and_calls_nothing() {
    let (fixture, calls) = noting(capability("x"));
    let journal = Arc::new(MemoryJournal::new());
    let runner = runner(&fixture, &journal);
    let cx = Cx::background();
    let run = runner
        .run(&cx, &fixture.world(), &diamond(), Map::new())
        .await
        .unwrap();
    calls.lock().unwrap().clear();
    let told = fixture.told();
    let again = runner
        .resume(&cx, &fixture.world(), &run.run_id)
        .await
        .unwrap();
    assert_eq!(again, run);
    assert_eq!(calls.lock().unwrap().len(), 0);
    assert_eq!(fixture.told(), told);
    assert!(runner.unfinished().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_another_runner_drives_is_left_to_it() {
    let (fixture, calls) = noting(capability("x"));
    let journal = Arc::new(MemoryJournal::new());
    let runner = runner(&fixture, &journal);
    let graph = diamond();
    let first = start(&fixture, &runner, &graph);
    let second = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let run_id = runner.unfinished().await.unwrap().remove(0);
        resume(&fixture, &runner, &run_id).await
    };
    let (first, second) = tokio::join!(first, second);
    // The second runner took over the run, so the first can no longer save anything.
    assert_eq!(second.unwrap(), json!({"d": "d"}));
    let error = first.unwrap_err();
    assert_eq!(error.problem().code(), "workflow.conflict");
    assert_eq!(error.steps()[1].outcome, StepOutcome::Interrupted);
    let called = |id: &str| {
        calls
            .lock()
            .unwrap()
            .iter()
            .filter(|call| call.0 == id)
            .count()
    };
    assert_eq!(["b", "c", "d"].map(called), [1, 1, 1]);
}

#[tokio::test]
async fn a_run_that_the_journal_does_not_have_is_not_found() {
    let fixture = Fixture::new().with("x", async |_, _| Err(failure(Category::Internal)));
    let error = resume(&fixture, &fixture.runner(), "nobody")
        .await
        .unwrap_err();
    assert_eq!(error.problem().category(), Category::NotFound);
    assert_eq!(
        error.to_string(),
        "run 'nobody' cannot continue: the journal has no run 'nobody'"
    );
}
