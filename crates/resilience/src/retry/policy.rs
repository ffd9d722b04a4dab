//! How often to try, and how long to wait.

use std::time::Duration;

use super::backoff::Backoff;
use super::error::RetryPolicyError;

/// How often to try, how to wait, and the longest wait that a peer may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    pub(super) max_attempts: u32,
    pub(super) backoff: Backoff,
    pub(super) longest_wait: Duration,
}

impl RetryPolicy {
    /// At most this many attempts, the first one included.
    ///
    /// # Errors
    /// If `max_attempts` is zero.
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

    /// The same policy with another number of attempts; zero counts as one.
    #[must_use]
    pub const fn with_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// The maximum number of attempts, the first one included.
    pub const fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// Sets the longest wait that a peer may ask for (60 s by default). If it asks for more, the call
    /// stops, and another peer may be tried.
    #[must_use]
    pub const fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
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
