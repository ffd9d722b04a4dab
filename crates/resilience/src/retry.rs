//! Trying again: when, how long to wait, and when to stop.

mod attempts;
mod backoff;
mod budget;
mod policy;

#[cfg(test)]
mod tests;

pub use attempts::{Attempts, Next, Stop};
pub use backoff::Backoff;
pub use budget::RetryBudget;
pub use policy::{RetryPolicy, RetryPolicyError};

use std::future::Future;
use std::time::Duration;

use glassbox_core::{Blame, Clock, Decide};

/// The last error of a call that was not tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("gave up after {attempts} {}: {stop}", if *attempts == 1 { "attempt" } else { "attempts" })]
pub struct RetryError<E> {
    #[source]
    error: E,
    attempts: u32,
    stop: Stop,
}

impl<E> RetryError<E> {
    /// What the last try failed with.
    pub const fn error(&self) -> &E {
        &self.error
    }

    /// What the last try failed with, alone.
    pub fn into_error(self) -> E {
        self.error
    }

    /// How often it was tried.
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Why it was not tried again.
    pub const fn stop(&self) -> Stop {
        self.stop
    }
}

impl<E: Decide> Decide for RetryError<E> {
    fn retry(&self) -> glassbox_core::Retry {
        self.error.retry()
    }

    fn blame(&self) -> Blame {
        self.error.blame()
    }
}

/// Calls `operation` with the number of the attempt, from one, until it succeeds or should stop.
///
/// `sleep` is the runtime's own: `tokio::time::sleep`, or a test's.
///
/// # Errors
/// The last error, how often it was tried, and why not again.
///
/// # Cancel safety
/// Dropping the future drops the try or the wait that is under way; nothing else is kept.
pub async fn retry<T, E, Operation, Attempt, Sleep, Wait>(
    mut attempts: Attempts<'_>,
    clock: &dyn Clock,
    mut sleep: Sleep,
    mut operation: Operation,
) -> Result<T, RetryError<E>>
where
    E: Decide,
    Operation: FnMut(u32) -> Attempt,
    Attempt: Future<Output = Result<T, E>>,
    Sleep: FnMut(Duration) -> Wait,
    Wait: Future<Output = ()>,
{
    loop {
        let error = match operation(attempts.number()).await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        match attempts.next(&error, clock) {
            Next::Retry(delay) => sleep(delay).await,
            Next::Stop(stop) => {
                return Err(RetryError {
                    error,
                    attempts: attempts.number(),
                    stop,
                });
            }
        }
    }
}
