//! Errors of chat models.

use super::Usage;
use crate::{Blame, Decide, Problem, Retry};
use std::error::Error;

/// Why a model call failed.
#[derive(Debug, thiserror::Error)]
#[error("{}", problem.message())]
pub struct ModelError {
    problem: Problem,
    retry: Retry,
    blame: Blame,
    usage: Option<Usage>,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ModelError {
    /// An error that is classified by its problem.
    pub fn from_problem(problem: Problem) -> Self {
        Self {
            retry: problem.retry(),
            blame: problem.blame(),
            problem,
            usage: None,
            source: None,
        }
    }

    /// Overrides whether to retry.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Overrides the blame.
    #[must_use]
    pub fn with_blame(mut self, blame: Blame) -> Self {
        self.blame = blame;
        self
    }

    /// Sets the usage before the failure.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = Some(usage);
        self
    }

    /// Adds the cause, for logs.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The problem, for people and the wire.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The usage before the failure.
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }
}

impl Decide for ModelError {
    fn retry(&self) -> Retry {
        self.retry
    }

    fn blame(&self) -> Blame {
        self.blame
    }
}
