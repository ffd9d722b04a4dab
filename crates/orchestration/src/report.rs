//! What a run gives.

use glassbox_core::{Problem, ToolError};
use serde_json::Value;

/// A run that completed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Run {
    /// Unique.
    pub run_id: String,
    /// The workflow's output template, filled.
    pub output: Value,
    /// All steps, as declared.
    pub steps: Vec<StepReport>,
}

/// A run that did not complete.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", problem.message())]
pub struct RunError {
    pub(crate) run_id: String,
    pub(crate) problem: Problem,
    pub(crate) steps: Vec<StepReport>,
}

impl RunError {
    /// Unique.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// Why, for people and the wire; its details name the step, if it was one.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// All steps, as declared.
    pub fn steps(&self) -> &[StepReport] {
        &self.steps
    }
}

impl From<RunError> for ToolError {
    fn from(error: RunError) -> Self {
        Self::from(error.problem)
    }
}

/// What became of one step.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepReport {
    /// The step.
    pub id: String,
    /// What became of it.
    pub outcome: StepOutcome,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StepOutcome {
    /// It gave its output.
    Completed {
        /// What it gave.
        output: Value,
        /// Tries in all.
        attempts: u32,
    },
    /// It failed.
    Failed {
        /// Why the last try failed.
        problem: Problem,
        /// Tries in all; none where the input could not be filled.
        attempts: u32,
    },
    /// It was under way when the run ended.
    Cancelled,
    /// The run ended before its turn.
    NotStarted,
}

impl StepOutcome {
    pub(crate) fn failed(problem: &Problem, attempts: u32) -> Self {
        Self::Failed {
            problem: problem.clone(),
            attempts,
        }
    }
}
