//! Retries: when, how long to wait, and when to stop.

mod attempts;
mod backoff;
mod budget;
mod error;
mod policy;
mod retrying;

#[cfg(test)]
mod tests;

pub use attempts::{Attempts, Next, Stop};
pub use backoff::Backoff;
pub use budget::RetryBudget;
pub use error::RetryPolicyError;
pub use policy::RetryPolicy;
pub use retrying::{FailedAttempt, RetryError, Retrying, retry};
