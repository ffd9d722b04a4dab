//! Limits retries to a share of the calls.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use glassbox_core::Clock;

use super::error::RetryPolicyError;
use crate::sliding::Sliding;

/// Limits the retries of a dependency, shared by all its callers: a fixed rate, plus a share of the
/// calls.
///
/// Without it, a failing peer gets several times the load that made it fail. Modelled on Finagle's
/// `RetryBudget`.
///
/// # Bounds
/// Constant memory. Calls and retries older than the window are not counted.
#[derive(Debug)]
pub struct RetryBudget {
    reserve: u64,
    ratio_millis: u64,
    counts: Mutex<Sliding<2>>,
}

impl RetryBudget {
    /// Allows, over every `window`, `per_second` retries a second and `ratio` retries for each call.
    ///
    /// # Errors
    /// If the ratio is negative, above 1000 or not a number, or the window is shorter than a
    /// millisecond.
    pub fn try_new(
        window: Duration,
        per_second: u32,
        ratio: f64,
    ) -> Result<Self, RetryPolicyError> {
        if !(0.0..=1000.0).contains(&ratio) || window < Duration::from_millis(1) {
            return Err(RetryPolicyError::Budget);
        }
        let reserve = window.as_millis().saturating_mul(u128::from(per_second)) / 1000;
        Ok(Self {
            reserve: u64::try_from(reserve).unwrap_or(u64::MAX),
            ratio_millis: (ratio * 1000.0).round() as u64,
            counts: Mutex::new(Sliding::over(window)),
        })
    }

    /// Counts a call.
    pub fn deposit(&self, clock: &dyn Clock) {
        self.counts().add(clock.now(), [1, 0]);
    }

    /// Counts a retry if the budget allows it. Returns whether it does.
    #[must_use]
    pub fn withdraw(&self, clock: &dyn Clock) -> bool {
        let mut counts = self.counts();
        let now = clock.now();
        let [calls, retries] = counts.totals(now);
        let allowed = self
            .reserve
            .saturating_add(calls.saturating_mul(self.ratio_millis) / 1000);
        if retries >= allowed {
            return false;
        }
        counts.add(now, [0, 1]);
        true
    }

    /// No code panics under the lock, and every holder leaves the counts consistent.
    fn counts(&self) -> MutexGuard<'_, Sliding<2>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for RetryBudget {
    /// Over ten seconds: one retry a second, and one for every five calls.
    fn default() -> Self {
        Self {
            reserve: 10,
            ratio_millis: 200,
            counts: Mutex::new(Sliding::over(Duration::from_secs(10))),
        }
    }
}
