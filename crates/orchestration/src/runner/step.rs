//! Runs one step: tries, pauses, time limits.

use super::Scene;
use crate::{
    record::{CallRecord, StepRecord},
    services::Callee,
};
use glassbox_core::{Category, Cx, Deadline, Problem, ToolError};
use glassbox_resilience::{Jitter, Next, Stop};
use serde_json::Value;
use std::time::Duration;

/// How much longer than the capability itself a try waits where the step says nothing. The tool's own
/// limit and that of its client pass before, and both know better than we do whose fault it was: a
/// shorter deadline would be the caller's.
const GRACE: Duration = Duration::from_secs(3);

/// Runs the step at `at` until it gives its output, may not be tried again, or has no tries left.
pub(super) async fn run(
    scene: Scene<'_>,
    at: usize,
    callee: &Callee,
    input: Value,
) -> (u32, Result<Value, Problem>) {
    let (step, node) = scene.graph.step(at);
    let jitter = Jitter::seeded(fastrand::u64(..));
    let mut attempts = node.retry.attempts(jitter).until(scene.cx.deadline());
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
        // A call that may have changed something is not repeated, whatever its error says.
        let next = match callee.capability.effect.is_repeatable() {
            true => attempts.next(&problem, &scene.runner.clock),
            false => Next::Stop(Stop::NotRetryable),
        };
        match next {
            Next::Retry(pause) => tokio::time::sleep(pause).await,
            Next::Stop(_) => {
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
    let timeout = match step.timeout_ms {
        Some(own) => Duration::from_millis(own),
        None => callee.capability.timeout.saturating_add(GRACE),
    };
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
