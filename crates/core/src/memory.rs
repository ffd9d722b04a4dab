//! What an agent remembers between invocations.

use crate::Problem;
use async_trait::async_trait;
use serde_json::Value;
use std::time::Duration;

/// Keys to JSON values, with expiry and compare-and-set.
#[async_trait]
pub trait Memory: Send + Sync {
    /// The value and its version.
    ///
    /// # Errors
    /// If the store does not answer.
    async fn get(&self, key: &str) -> Result<Option<(Value, u64)>, Problem>;

    /// Stores if the version is still `expected` (`None`: if there is nothing yet) and gives the new
    /// version.
    ///
    /// # Errors
    /// [`Category::Conflict`](crate::Category::Conflict) if somebody else was first; otherwise if
    /// the store does not answer.
    async fn put(
        &self,
        key: &str,
        value: Value,
        expected: Option<u64>,
        ttl: Option<Duration>,
    ) -> Result<u64, Problem>;

    /// Forgets.
    ///
    /// # Errors
    /// If the store does not answer.
    async fn remove(&self, key: &str) -> Result<(), Problem>;
}
