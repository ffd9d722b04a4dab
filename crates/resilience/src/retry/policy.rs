//! What a dependency's retries have in common.

use std::time::Duration;

use super::{Attempts, Backoff};
use crate::Jitter;

/// How often to try, how to wait, and how long a wait the peer may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    pub(super) max_attempts: u32,
    pub(super) backoff: Backoff,
    pub(super) longest_wait: Duration,
}

/// Why a policy makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RetryPolicyError {
    /// Nothing would be tried at all.
    #[error("at least one attempt must be allowed")]
    NoAttempts,
    /// Retries would not wait.
    #[error("the first wait must be longer than zero")]
    NoBase,
    /// The longest wait is shorter than the first.
    #[error("the longest wait, {cap:?}, must not be shorter than the first, {base:?}")]
    #[non_exhaustive]
    CapBelowBase {
        /// The first wait.
        base: Duration,
        /// The longest wait.
        cap: Duration,
    },
    /// A budget's numbers are out of range.
    #[error("a retry budget needs a ratio from 0 to 1000 and a window of a millisecond or more")]
    Budget,
}

impl RetryPolicy {
    /// At most this many attempts, the first one included.
    ///
    /// # Errors
    /// If that is none.
    pub const fn try_new(max_attempts: u32, backoff: Backoff) -> Result<Self, RetryPolicyError> {
        if max_attempts == 0 {
            return Err(RetryPolicyError::NoAttempts);
        }
        Ok(Self {
            max_attempts,
            backoff,
            longest_wait: Duration::from_secs(60),
        })
    }

    /// The longest wait that a peer may ask for (60 s unless said): beyond it, the call stops and
    /// somebody else may be asked.
    #[must_use]
    pub const fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// Begins a call.
    pub const fn attempts(&self, jitter: Jitter) -> Attempts<'static> {
        Attempts::new(*self, jitter)
    }
}

impl Default for RetryPolicy {
    /// Three attempts, with the default [`Backoff`].
    fn default() -> Self {
        Self {
            max_attempts: 3,
            backoff: Backoff::default(),
            longest_wait: Duration::from_secs(60),
        }
    }
}
