//! How long to wait before the next attempt.

use std::time::Duration;

use super::error::RetryPolicyError;
use crate::Jitter;

/// Exponential back-off with full jitter: a random wait between zero and a ceiling that doubles.
///
/// The source is "Exponential Backoff And Jitter" of the AWS Architecture Blog (2015), which finds that
/// full jitter makes the fewest calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// A ceiling that starts at `base`, doubles with every attempt, and is limited to `cap`.
    ///
    /// # Errors
    /// If `base` is zero or longer than `cap`.
    pub const fn try_new(base: Duration, cap: Duration) -> Result<Self, RetryPolicyError> {
        if base.is_zero() {
            return Err(RetryPolicyError::NoBase);
        }
        if base.as_nanos() > cap.as_nanos() {
            return Err(RetryPolicyError::CapBelowBase { base, cap });
        }
        Ok(Self { base, cap })
    }

    /// The longest wait after the attempt of this number, from one.
    pub fn ceiling(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        self.base.saturating_mul(1 << doublings).min(self.cap)
    }

    /// The wait after the attempt of this number, from one.
    pub fn delay(&self, attempt: u32, jitter: &mut Jitter) -> Duration {
        jitter.up_to(self.ceiling(attempt))
    }
}

impl Default for Backoff {
    /// From 100 ms to 10 s.
    fn default() -> Self {
        Self {
            base: Duration::from_millis(100),
            cap: Duration::from_secs(10),
        }
    }
}
