//! What a resumed run inherits: time, budget, baggage.

use crate::{
    resuming::{diamond, interrupt, noting, resume, runner, step},
    world::{Fixture, capability},
};
use glassbox_core::{Allowance, Baggage, Category, Cx, Deadline, Problem, Remaining};
use glassbox_orchestration::{MemoryJournal, RetryPolicy, Workflow};
use serde_json::{Map, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{Instant, timeout};

#[tokio::test(start_paused = true)]
async fn a_resumed_run_inherits_from_both_its_callers() {
    let fixture = Fixture::new().with("x", async |cx: Cx, input| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let left = cx.budget().unwrap().remaining().tokens;
        let tenant = cx.baggage().get("tenant").map(str::to_owned);
        Ok(json!({"step": input["step"], "left": left, "tenant": tenant, "tokens": 10}))
    });
    let journal = Arc::new(MemoryJournal::new());
    let runner = runner(&fixture, &journal);
    let graph = diamond();
    let budget = |tokens| Arc::new(Allowance::new(Remaining::unlimited().with_tokens(tokens)));
    let cx = Cx::background()
        .with_budget(budget(45))
        .with_baggage(Baggage::default().with("tenant", "acme"));
    let world = fixture.world();
    let run = runner.run(&cx, &world, &graph, Map::new());
    assert!(timeout(Duration::from_millis(1_500), run).await.is_err());
    let run_id = runner.unfinished().await.unwrap().remove(0);
    // `a` used 10 of 45, `b` and `c` use 10 each; the caller that resumes has 50.
    let cx = Cx::background().with_budget(budget(50));
    let run = runner.resume(&cx, &world, &run_id).await.unwrap();
    assert_eq!(run.output["d"]["left"], 15);
    assert_eq!(run.output["d"]["tenant"], "acme");
    assert_eq!(cx.budget().unwrap().remaining().tokens, Some(20));
}

#[tokio::test(start_paused = true)]
async fn a_pause_goes_on_where_it_stood() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    let fixture = Fixture::new().with("x", move |_, _| {
        let mut calls = calls.lock().unwrap();
        calls.push(Instant::now());
        let problem = Problem::new(Category::RateLimited, "x.busy", "busy");
        let answer = match calls.len() {
            1 => Err(problem.with_retry_after(Duration::from_secs(50)).into()),
            _ => Ok(json!("at last")),
        };
        async move { answer }
    });
    let journal = Arc::new(MemoryJournal::new());
    let runner = runner(&fixture, &journal);
    let retry =
        RetryPolicy::attempts(2).with_backoff(Duration::from_millis(1), Duration::from_millis(1));
    let graph = Workflow::new("w")
        .with_step(step("s").with_retry(retry))
        .validate()
        .unwrap();
    let run_id = interrupt(&fixture, &runner, &graph, Duration::from_secs(20)).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let output = resume(&fixture, &runner, &run_id).await.unwrap();
    assert_eq!(output, json!({"s": "at last"}));
    let calls = seen.lock().unwrap();
    let pause = calls[1] - calls[0];
    assert!((50_000..=50_010).contains(&pause.as_millis()), "{pause:?}");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_goes_on_during_an_interruption() {
    let (fixture, calls) = noting(capability("x"));
    let journal = Arc::new(MemoryJournal::new());
    let runner = runner(&fixture, &journal);
    let graph = diamond();
    let deadline = Deadline::after(&*fixture.clock, Duration::from_secs(10));
    let cx = Cx::background().with_deadline(deadline);
    let world = fixture.world();
    let run = runner.run(&cx, &world, &graph, Map::new());
    assert!(timeout(Duration::from_millis(1_500), run).await.is_err());
    tokio::time::sleep(Duration::from_secs(10)).await;
    let run_id = runner.unfinished().await.unwrap().remove(0);
    calls.lock().unwrap().clear();
    let error = resume(&fixture, &runner, &run_id).await.unwrap_err();
    assert_eq!(error.problem().code(), "workflow.timeout");
    assert_eq!(calls.lock().unwrap().len(), 0);
}
