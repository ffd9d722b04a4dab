//! The state of a run, and which entries change it.

use super::step::StepState;
use crate::{
    Entry, EntryKind, Graph, InvalidWorkflow, RunStarted,
    report::{StepOutcome, StepReport},
};
use glassbox_core::{Category, Deadline, Problem};
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A run that has started.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RunState {
    pub(super) graph: Arc<Graph>,
    /// The prefix of the steps' idempotency keys.
    pub(super) key: String,
    pub(super) max_parallel: usize,
    /// The run's deadline, on a clock that shows the time since the Unix epoch.
    pub(super) deadline: Option<Deadline>,
    /// The inputs with defaults, or why they are not valid.
    pub(super) inputs: Result<Map<String, Value>, Problem>,
    /// The outputs so far, by step id.
    pub(super) outputs: BTreeMap<String, Value>,
    pub(super) steps: Vec<StepState>,
    /// The steps in the state [`StepState::Ready`].
    pub(super) ready: BTreeSet<usize>,
    /// The steps that count against the cap on parallel steps.
    pub(super) in_progress: BTreeSet<usize>,
    /// How many steps have completed.
    completed: usize,
    /// The step that failed first.
    pub(super) failed: Option<usize>,
    phase: Phase,
}

#[derive(Clone, Debug, PartialEq)]
enum Phase {
    Running,
    Interrupted,
    Ended(Result<Value, Problem>),
}

impl RunState {
    pub(super) fn try_new(started: &RunStarted) -> Result<Self, InvalidWorkflow> {
        let graph = started.workflow.clone().validate()?;
        let inputs = graph.inputs(started.inputs.clone()).map_err(|wrong| {
            let name = &graph.workflow().name;
            let message = format!("the inputs of workflow '{name}' are not valid: {wrong}");
            Problem::new(Category::Invalid, "workflow.inputs", message).with_may_have_begun(false)
        });
        let caller = started.caller();
        let mut ready = BTreeSet::new();
        let steps = (0..graph.len())
            .map(|at| match graph.step(at).1.before.len() {
                0 => {
                    ready.insert(at);
                    StepState::Ready
                }
                before => StepState::Waiting(before),
            })
            .collect();
        Ok(Self {
            graph: Arc::new(graph),
            key: caller
                .idempotency_key()
                .unwrap_or(&started.run_id)
                .to_owned(),
            max_parallel: started.max_parallel.get(),
            deadline: caller.deadline(),
            inputs,
            outputs: BTreeMap::new(),
            steps,
            ready,
            in_progress: BTreeSet::new(),
            completed: 0,
            failed: None,
            phase: Phase::Running,
        })
    }

    /// How the run ended, if it has.
    pub(super) fn end(&self) -> Option<&Result<Value, Problem>> {
        match &self.phase {
            Phase::Ended(result) => Some(result),
            Phase::Running | Phase::Interrupted => None,
        }
    }

    /// Whether all steps have completed.
    pub(super) fn is_complete(&self) -> bool {
        self.completed == self.steps.len()
    }

    pub(super) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Applies an entry that is not the first. Returns why if it is not possible in this state.
    pub(super) fn apply(&mut self, entry: &Entry) -> Result<(), String> {
        match (&self.phase, &entry.kind) {
            (Phase::Ended(_), _) => return Err("the run has ended".to_owned()),
            (Phase::Interrupted, EntryKind::RunResumed { .. }) | (Phase::Running, _) => {}
            (Phase::Interrupted, _) => return Err("the run is interrupted".to_owned()),
        }
        match &entry.kind {
            EntryKind::RunStarted(_) => return Err("the run has started already".to_owned()),
            EntryKind::RunResumed { .. } => self.resume(),
            EntryKind::RunCompleted { output } => {
                if !self.is_complete() {
                    return Err("not all steps have completed".to_owned());
                }
                self.phase = Phase::Ended(Ok(output.clone()));
            }
            EntryKind::RunFailed { problem } | EntryKind::RunCancelled { problem } => {
                self.phase = Phase::Ended(Err(problem.clone()));
            }
            EntryKind::RunInterrupted => self.phase = Phase::Interrupted,
            EntryKind::AttemptStarted { step, .. }
            | EntryKind::AttemptCompleted { step, .. }
            | EntryKind::AttemptFailed { step, .. }
            | EntryKind::TimerSet { step, .. }
            | EntryKind::TimerFired { step, .. }
            | EntryKind::StepCompleted { step, .. }
            | EntryKind::StepFailed { step, .. } => {
                let at = self.graph.position(step);
                let at = at.ok_or_else(|| format!("there is no step '{step}'"))?;
                let next = self.steps[at]
                    .after(entry)
                    .ok_or_else(|| format!("step '{step}' is {:?}", self.steps[at]))?;
                self.enter(at, next, entry);
            }
        }
        Ok(())
    }

    /// Puts a step into its next state, and updates the steps that wait for it.
    fn enter(&mut self, at: usize, next: StepState, entry: &Entry) {
        let (step, node) = self.graph.step(at);
        match &next {
            StepState::Completed { .. } => {
                self.completed += 1;
                for after in &node.after {
                    if let StepState::Waiting(before) = &mut self.steps[*after] {
                        *before -= 1;
                        if *before == 0 {
                            self.steps[*after] = StepState::Ready;
                            self.ready.insert(*after);
                        }
                    }
                }
            }
            StepState::Failed { .. } => {
                self.failed.get_or_insert(at);
            }
            _ => {}
        }
        if let EntryKind::AttemptCompleted { output, .. } = &entry.kind {
            self.outputs.insert(step.id.clone(), output.clone());
        }
        self.ready.remove(&at);
        match next.is_in_progress() {
            true => self.in_progress.insert(at),
            false => self.in_progress.remove(&at),
        };
        self.steps[at] = next;
    }

    /// Handles calls in progress whose outcome is unknown. Repeatable ones are due again, under the same
    /// number and key. The others are in doubt.
    fn resume(&mut self) {
        self.phase = Phase::Running;
        for at in &self.in_progress {
            let state = &mut self.steps[*at];
            if let StepState::Calling {
                attempt,
                repeatable,
            } = *state
            {
                *state = match repeatable {
                    true => StepState::Due { attempt },
                    false => StepState::InDoubt { attempt },
                };
            }
        }
    }

    /// The outcome of every step so far.
    pub(super) fn reports(&self) -> Vec<StepReport> {
        let outcome = |at: usize| match &self.steps[at] {
            StepState::Completed { attempts } => StepOutcome::Completed {
                output: self.outputs[&self.graph.step(at).0.id].clone(),
                attempts: *attempts,
            },
            StepState::Failed { attempts, problem } => StepOutcome::Failed {
                problem: problem.clone(),
                attempts: *attempts,
            },
            state if !state.is_in_progress() => StepOutcome::NotStarted,
            _ if self.end().is_some() => StepOutcome::Cancelled,
            _ => StepOutcome::Interrupted,
        };
        (0..self.graph.len())
            .map(|at| StepReport {
                id: self.graph.step(at).0.id.clone(),
                outcome: outcome(at),
            })
            .collect()
    }
}
