//! The outcomes of a run and of its steps.

use glassbox_core::{Problem, ToolError};
use serde_json::Value;

/// A run that completed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Run {
    /// Unique.
    pub run_id: String,
    /// The workflow's output.
    pub output: Value,
    /// All steps, in the order of declaration.
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
    /// Unique. The run can be resumed under this id if it was interrupted.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// Why the run did not complete. If a step failed, the problem's details name it.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// All steps, in the order of declaration.
    pub fn steps(&self) -> &[StepReport] {
        &self.steps
    }
}

impl From<RunError> for ToolError {
    fn from(error: RunError) -> Self {
        Self::from(error.problem)
    }
}

/// The outcome of one step.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepReport {
    /// The step.
    pub id: String,
    /// The outcome.
    pub outcome: StepOutcome,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StepOutcome {
    /// It completed with an output.
    #[non_exhaustive]
    Completed {
        /// What its call returned.
        output: Value,
        /// Attempts in all.
        attempts: u32,
    },
    /// It failed.
    #[non_exhaustive]
    Failed {
        /// Why the last attempt failed.
        problem: Problem,
        /// Attempts in all; zero if the input could not be built.
        attempts: u32,
    },
    /// It was in progress when the run ended.
    Cancelled,
    /// It was in progress when the run was interrupted.
    Interrupted,
    /// The run ended before the step started.
    NotStarted,
}
