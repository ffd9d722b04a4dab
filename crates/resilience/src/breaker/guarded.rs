//! The errors of a call through a breaker.

use std::time::Duration;

use glassbox_core::{Blame, Decide, Retry};

/// A call that was not made, to protect the peer and the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the circuit breaker is open")]
pub struct Rejected {
    retry_after: Option<Duration>,
}

impl Rejected {
    pub(super) const fn new(retry_after: Option<Duration>) -> Self {
        Self { retry_after }
    }

    /// When calls may go through again; `None` while probes are in progress.
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl Decide for Rejected {
    fn retry(&self) -> Retry {
        self.retry_after.map_or(Retry::Backoff, Retry::After)
    }

    fn blame(&self) -> Blame {
        Blame::Local
    }
}

/// The error of a call through a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Guarded<E> {
    /// The call was not made.
    #[error(transparent)]
    Rejected(Rejected),
    /// The call failed.
    #[error(transparent)]
    Failed(E),
}

impl<E: Decide> Decide for Guarded<E> {
    fn retry(&self) -> Retry {
        match self {
            Self::Rejected(rejected) => rejected.retry(),
            Self::Failed(error) => error.retry(),
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Rejected(rejected) => rejected.blame(),
            Self::Failed(error) => error.blame(),
        }
    }
}
