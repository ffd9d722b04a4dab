//! Why a retry policy, a back-off or a budget is invalid.

use std::time::Duration;

/// Why a policy is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RetryPolicyError {
    /// No attempt would be made.
    #[error("at least one attempt must be allowed")]
    NoAttempts,
    /// Retries would not wait, because the first wait is zero.
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
    /// A number of the budget is out of range.
    #[error("a retry budget needs a ratio from 0 to 1000 and a window of a millisecond or more")]
    Budget,
}
