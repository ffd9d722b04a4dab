//! The attempts of one call.

use std::fmt;
use std::time::Duration;

use glassbox_core::{Clock, Deadline, Decide, Retry};

use super::budget::RetryBudget;
use super::policy::RetryPolicy;
use crate::Jitter;

/// The attempts of one call. After each failure it decides whether and when to try again.
#[derive(Clone, Debug)]
#[must_use]
pub struct Attempts<'a> {
    policy: RetryPolicy,
    jitter: Jitter,
    deadline: Option<Deadline>,
    budget: Option<&'a RetryBudget>,
    expected: Duration,
    number: u32,
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Wait this long, then try again.
    Retry(Duration),
    /// Return the error.
    Stop(Stop),
}

/// Why a call is not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The same request would fail again.
    NotRetryable,
    /// The policy's maximum number of attempts was reached.
    AttemptsExhausted,
    /// The wait would end after the deadline, or too close to it for an attempt to finish.
    DeadlineTooNear,
    /// The peer asks for a longer wait than the policy allows.
    WaitTooLong,
    /// Retries are already too large a share of the calls to this dependency.
    BudgetExhausted,
    /// The caller cancelled.
    Cancelled,
}

impl RetryPolicy {
    /// Starts a call.
    pub const fn attempts(&self, jitter: Jitter) -> Attempts<'static> {
        Attempts {
            policy: *self,
            jitter,
            deadline: None,
            budget: None,
            expected: Duration::ZERO,
            number: 1,
        }
    }
}

impl<'a> Attempts<'a> {
    /// Never waits past the deadline.
    pub const fn until(mut self, deadline: Option<Deadline>) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets how long an attempt usually takes. An attempt that could not finish before the deadline is
    /// not started.
    pub const fn expecting(mut self, duration: Duration) -> Self {
        self.expected = duration;
        self
    }

    /// The attempts of a call that was recorded elsewhere: this attempt, counted from one, is in
    /// progress.
    pub const fn continuing_at(mut self, number: u32) -> Self {
        self.number = number;
        self
    }

    /// Counts this call in the budget of the dependency, and pays for its retries from it.
    pub fn paying_from<'b>(self, budget: &'b RetryBudget, clock: &dyn Clock) -> Attempts<'b>
    where
        'a: 'b,
    {
        budget.deposit(clock);
        Attempts {
            budget: Some(budget),
            ..self
        }
    }

    /// The number of the attempt in progress, from one.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Decides after a failed attempt. On a retry, the next attempt is then in progress.
    ///
    /// A wait that the peer asked for is the minimum. The back-off is added to it, so that callers that
    /// were rejected together do not retry together.
    pub fn next(&mut self, error: &(impl Decide + ?Sized), clock: &dyn Clock) -> Next {
        let floor = match error.retry() {
            Retry::Never => return Next::Stop(Stop::NotRetryable),
            Retry::After(wait) => wait,
            Retry::Backoff => Duration::ZERO,
        };
        if self.number >= self.policy.max_attempts {
            return Next::Stop(Stop::AttemptsExhausted);
        }
        if floor > self.policy.longest_wait {
            return Next::Stop(Stop::WaitTooLong);
        }
        let backoff = self.policy.backoff.delay(self.number, &mut self.jitter);
        let delay = floor.saturating_add(backoff);
        if let Some(deadline) = self.deadline {
            let needed = delay.saturating_add(self.expected);
            if deadline.remaining(clock).is_none_or(|left| left <= needed) {
                return Next::Stop(Stop::DeadlineTooNear);
            }
        }
        // Last, so that only a retry that is made is paid for.
        if let Some(budget) = self.budget
            && !budget.withdraw(clock)
        {
            return Next::Stop(Stop::BudgetExhausted);
        }
        self.number += 1;
        Next::Retry(delay)
    }
}

impl Stop {
    /// A short name, for a metric's label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotRetryable => "not_retryable",
            Self::AttemptsExhausted => "attempts_exhausted",
            Self::DeadlineTooNear => "deadline_too_near",
            Self::WaitTooLong => "wait_too_long",
            Self::BudgetExhausted => "budget_exhausted",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRetryable => "the same request would fail again",
            Self::AttemptsExhausted => "no attempts are left",
            Self::DeadlineTooNear => "the deadline is too near",
            Self::WaitTooLong => "the peer asks for too long a wait",
            Self::BudgetExhausted => "the retry budget is spent",
            Self::Cancelled => "the caller gave up",
        })
    }
}
