//! What has to be done next, as a function of the state alone.

use super::{
    Command,
    retry::{self, Verdict},
    state::RunState,
    step::StepState,
};
use crate::{EntryKind, binding::Scope};
use glassbox_core::{Category, Problem};
use serde_json::Value;

/// The commands in a state. A decision is returned alone.
pub(super) fn commands(run: &RunState) -> Vec<Command> {
    if !run.is_running() {
        return Vec::new();
    }
    match run_end(run).or_else(|| step_decision(run)) {
        Some(decision) => vec![Command::Append(decision)],
        None => calls_and_waits(run).unwrap_or_else(|decision| vec![Command::Append(decision)]),
    }
}

/// The end of the run, if nothing is left to do.
fn run_end(run: &RunState) -> Option<EntryKind> {
    if let Err(problem) = &run.inputs {
        let problem = problem.clone();
        return Some(EntryKind::RunFailed { problem });
    }
    if let Some(at) = run.failed {
        let problem = blame_step(run, at);
        return Some(EntryKind::RunFailed { problem });
    }
    run.is_complete().then(|| match output(run) {
        Ok(output) => EntryKind::RunCompleted { output },
        Err(problem) => EntryKind::RunFailed { problem },
    })
}

/// The first decision to make about a step.
fn step_decision(run: &RunState) -> Option<EntryKind> {
    run.in_progress.iter().find_map(|at| {
        let (step, node) = run.graph.step(*at);
        let id = step.id.clone();
        let decision = match &run.steps[*at] {
            StepState::Answered { attempt } => EntryKind::StepCompleted {
                step: id,
                attempts: *attempt,
            },
            StepState::Undecided(failed) => match retry::after(failed, &node.retry, run.deadline) {
                Verdict::RetryAt(until_unix_nano) => EntryKind::TimerSet {
                    step: id,
                    attempt: failed.attempt + 1,
                    until_unix_nano,
                },
                Verdict::Stop => EntryKind::StepFailed {
                    step: id,
                    attempts: failed.attempt,
                    problem: failed.problem.clone(),
                },
            },
            StepState::InDoubt { attempt } => EntryKind::StepFailed {
                problem: may_have_begun(&id, &step.capability),
                step: id,
                attempts: *attempt,
            },
            _ => return None,
        };
        Some(decision)
    })
}

/// The calls and waits, or the failure of a step whose input cannot be built.
fn calls_and_waits(run: &RunState) -> Result<Vec<Command>, EntryKind> {
    let mut commands = Vec::new();
    for at in &run.in_progress {
        match run.steps[*at] {
            StepState::Due { attempt } => commands.push(call(run, *at, attempt)?),
            StepState::Pausing {
                attempt,
                until_unix_nano,
            } => commands.push(Command::Wait {
                step: run.graph.step(*at).0.id.clone(),
                attempt,
                until_unix_nano,
            }),
            _ => {}
        }
    }
    let free = run.max_parallel.saturating_sub(run.in_progress.len());
    for at in run.ready.iter().take(free) {
        commands.push(call(run, *at, 1)?);
    }
    Ok(commands)
}

fn call(run: &RunState, at: usize, attempt: u32) -> Result<Command, EntryKind> {
    let (step, _) = run.graph.step(at);
    match input(run, at) {
        Ok(input) => Ok(Command::Call {
            step: step.id.clone(),
            attempt,
            key: format!("{}/{}", run.key, step.id),
            input,
        }),
        Err(problem) => Err(EntryKind::StepFailed {
            step: step.id.clone(),
            attempts: attempt - 1,
            problem,
        }),
    }
}

fn input(run: &RunState, at: usize) -> Result<Value, Problem> {
    let (step, node) = run.graph.step(at);
    let inputs = run.inputs.as_ref().map_err(Problem::clone)?;
    node.input
        .resolve(&Scope::new(inputs, &run.outputs))
        .map_err(|error| {
            let message = format!("the input of step '{}' cannot be built: {error}", step.id);
            Problem::new(Category::Invalid, "workflow.binding", message)
                .with_detail("step", step.id.clone())
        })
}

fn output(run: &RunState) -> Result<Value, Problem> {
    let Some(template) = run.graph.output() else {
        let steps = (0..run.graph.len()).map(|at| run.graph.step(at));
        return Ok(steps
            .filter(|(_, node)| node.after.is_empty())
            .filter_map(|(step, _)| Some((step.id.clone(), run.outputs.get(&step.id)?.clone())))
            .collect());
    };
    let inputs = run.inputs.as_ref().map_err(Problem::clone)?;
    template
        .resolve(&Scope::new(inputs, &run.outputs))
        .map_err(|error| {
            let message = format!("the output cannot be built: {error}");
            Problem::new(Category::Invalid, "workflow.binding", message)
        })
}

/// The problem of a step as the problem of the run.
fn blame_step(run: &RunState, at: usize) -> Problem {
    let (step, _) = run.graph.step(at);
    let StepState::Failed { attempts, problem } = &run.steps[at] else {
        unreachable!("invariant: only a failed step is noted as failed");
    };
    // A step that was never attempted failed in the workflow itself, and its problem names the cause.
    if *attempts == 0 {
        return problem.clone();
    }
    let message = format!(
        "step '{}' ({}) failed: {}",
        step.id,
        step.capability,
        problem.message()
    );
    // Whether the step's call may have had an effect does not apply to the run, which includes the steps
    // before it.
    problem
        .clone()
        .handed_on()
        .with_may_have_begun(true)
        .with_message(message)
        .with_detail("step", step.id.clone())
        .with_detail("capability", step.capability.clone())
}

fn may_have_begun(step: &str, capability: &str) -> Problem {
    let message = format!(
        "the run was interrupted while step '{step}' called '{capability}'; the call may have had its effect, and repeating it could cause the effect twice"
    );
    Problem::new(Category::Conflict, "workflow.may_have_begun", message)
        .with_detail("step", step)
        .with_detail("capability", capability)
}
