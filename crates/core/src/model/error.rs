//! Errors of chat models.

use super::{ChatResponse, Usage};
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
    partial: Option<Box<ChatResponse>>,
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
            partial: None,
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

    /// Adds the part of the answer that came before the failure.
    #[must_use]
    pub fn with_partial(mut self, partial: ChatResponse) -> Self {
        self.partial = Some(Box::new(partial));
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

    /// The part of the answer that came before the failure. Its tool calls must not be made: they may be incomplete.
    pub fn partial(&self) -> Option<&ChatResponse> {
        self.partial.as_deref()
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
