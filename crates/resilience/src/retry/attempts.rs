//! The attempts of one call.

use std::fmt;
use std::time::Duration;

use glassbox_core::{Clock, Deadline, Decide, Retry};

use super::budget::RetryBudget;
use super::policy::RetryPolicy;
use crate::Jitter;

/// The attempts of one call: after each failure it says whether to try again, and when.
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
    /// It was tried as often as the policy allows.
    AttemptsExhausted,
    /// The wait would end after the deadline, or too close to it for a try to finish.
    DeadlineTooNear,
    /// The peer asks for a longer wait than the policy allows.
    WaitTooLong,
    /// Retries are too large a part of the calls to this dependency already.
    BudgetExhausted,
    /// The caller gave up.
    Cancelled,
}

impl RetryPolicy {
    /// Begins a call.
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

    /// How long a try usually takes: one that could not finish before the deadline does not start.
    pub const fn expecting(mut self, duration: Duration) -> Self {
        self.expected = duration;
        self
    }

    /// The attempts of a call that was recorded elsewhere: the attempt of this number, from one, is
    /// under way.
    pub const fn continuing_at(mut self, number: u32) -> Self {
        self.number = number;
        self
    }

    /// Pays for retries from the budget of the dependency, and for this call into it.
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

    /// The number of the attempt under way, from one.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Decides after a failed attempt; on a retry, the next attempt is under way.
    ///
    /// A wait that the peer asked for is the least; the back-off is added to it, so that callers who were
    /// rejected together do not come back together.
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
        // Last, so that only a retry that happens is paid for.
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
