//! Why a model did not answer.

use super::Usage;
use crate::{Blame, Decide, Problem, Retry};
use std::error::Error;

/// Why a model did not answer.
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
    /// A failure whose decisions follow from its problem.
    pub fn from_problem(problem: Problem) -> Self {
        Self {
            retry: problem.retry(),
            blame: problem.blame(),
            problem,
            usage: None,
            source: None,
        }
    }

    /// Says what to do next, where the problem alone does not.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Says whom to blame, where the problem alone does not.
    #[must_use]
    pub fn with_blame(mut self, blame: Blame) -> Self {
        self.blame = blame;
        self
    }

    /// Says what was used before it failed.
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

    /// For people and the wire.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What was used before it failed.
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
