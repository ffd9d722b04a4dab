//! Runs one step: tries, pauses, time limits.

use super::Scene;
use crate::{
    RetryPolicy,
    record::{CallRecord, StepRecord},
    services::Callee,
};
use glassbox_core::{Category, Cx, Deadline, Decide, Problem, Retry, ToolError};
use serde_json::Value;
use std::time::Duration;

/// Runs the step at `at` until it gives its output, may not be tried again, or has no tries left.
pub(super) async fn run(
    scene: Scene<'_>,
    at: usize,
    callee: &Callee,
    input: Value,
) -> (u32, Result<Value, Problem>) {
    let (step, _) = scene.graph.step(at);
    let mut record = StepRecord::start(scene.told, scene.cx, &step.id, &step.capability);
    let key = scene.cx.idempotency_key().unwrap_or(scene.told.run_id);
    let cx = scene
        .cx
        .with_trace(record.span().context().clone())
        .with_idempotency_key(format!("{key}/{}", step.id));
    loop {
        let attempt = record.next_attempt();
        let call = call(scene, &cx, at, callee, attempt, input.clone());
        let result = record.span().around(call).await;
        let problem = match result {
            Ok(output) => {
                record.end(Ok(()));
                return (attempt, Ok(output));
            }
            Err(problem) => problem,
        };
        match pause(&scene, callee, &step.retry, attempt, &problem) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => {
                record.end(Err(&problem));
                return (attempt, Err(problem));
            }
        }
    }
}

/// One try.
async fn call(
    scene: Scene<'_>,
    cx: &Cx,
    at: usize,
    callee: &Callee,
    attempt: u32,
    input: Value,
) -> Result<Value, Problem> {
    let (step, _) = scene.graph.step(at);
    let clock = &scene.runner.clock;
    let instance = callee.instance(attempt);
    let timeout = step
        .timeout_ms
        .map_or(callee.capability.timeout, Duration::from_millis);
    let record = CallRecord::start(scene.told, cx, &step.capability, instance, attempt);
    let cx = cx
        .with_trace(record.context())
        .with_deadline(Deadline::after(clock, timeout));
    let left = cx.deadline().and_then(|deadline| deadline.remaining(clock));
    let result = match scene.world.connector.connect(instance) {
        Err(problem) => Err(problem),
        Ok(tool) => {
            let answer = record
                .span()
                .around(tool.call(&cx, &step.capability, input));
            match tokio::time::timeout(left.unwrap_or_default(), answer).await {
                Ok(answer) => answer
                    .map(|output| output.value)
                    .map_err(|error: ToolError| error.problem().clone()),
                Err(_) => Err(Problem::new(
                    Category::Timeout,
                    "workflow.step_timeout",
                    format!("{} did not answer within {timeout:?}", instance.name),
                )),
            }
        }
    };
    record.end(result.as_ref().map(|_| ()));
    result
}

/// How long to wait before the next try; `None` if there is to be none.
fn pause(
    scene: &Scene<'_>,
    callee: &Callee,
    policy: &RetryPolicy,
    attempt: u32,
    problem: &Problem,
) -> Option<Duration> {
    if attempt >= policy.attempts || !callee.capability.effect.is_repeatable() {
        return None;
    }
    let backoff = backoff(policy, attempt);
    let pause = match problem.retry() {
        Retry::Never => return None,
        Retry::After(floor) => floor.max(backoff),
        Retry::Backoff => backoff,
    };
    match scene.cx.deadline() {
        // Nobody would be there to take the answer.
        Some(deadline) if deadline.remaining(&scene.runner.clock)? <= pause => None,
        _ => Some(pause),
    }
}

/// A random part of a pause that doubles with each try.
fn backoff(policy: &RetryPolicy, attempt: u32) -> Duration {
    let doubled = policy
        .backoff_ms
        .saturating_mul(1_u64.checked_shl(attempt - 1).unwrap_or(u64::MAX));
    let longest = Duration::from_millis(doubled.min(policy.max_backoff_ms));
    longest.mul_f64(fastrand::f64())
}
