//! Storage for agents between invocations.

use crate::{Cx, Problem};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// The location of a value: a namespace, such as a session or a user, and a key within it.
///
/// ```
/// use glassbox_core::MemoryKey;
///
/// let key = MemoryKey::new("session/42", "history");
/// assert_eq!(key.namespace(), "session/42");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MemoryKey {
    namespace: Box<str>,
    key: Box<str>,
}

impl MemoryKey {
    /// The key `key` in `namespace`. Both can be any text without separators.
    pub fn new(namespace: impl Into<Box<str>>, key: impl Into<Box<str>>) -> Self {
        Self {
            namespace: namespace.into(),
            key: key.into(),
        }
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The key within the namespace.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// A value with its version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Versioned {
    /// The value.
    pub value: Value,
    /// Changes with every write, and is never reused.
    pub version: u64,
}

impl Versioned {
    /// A value at a version.
    pub fn new(value: Value, version: u64) -> Self {
        Self { value, version }
    }
}

/// A page of keys to list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryPage {
    /// Only keys after this one, in byte order.
    pub after: Option<String>,
    /// At most this many. The store may return fewer.
    pub limit: usize,
}

impl MemoryPage {
    /// The first `limit` keys.
    pub fn first(limit: usize) -> Self {
        Self { after: None, limit }
    }

    /// The `limit` keys after `key`.
    pub fn after(key: impl Into<String>, limit: usize) -> Self {
        Self {
            after: Some(key.into()),
            limit,
        }
    }
}

/// Namespaced keys to JSON values, with expiry and compare-and-set.
#[async_trait]
pub trait Memory: Send + Sync {
    /// The value and its version, or `None` if there is none or it expired.
    ///
    /// # Errors
    /// If the store is unavailable.
    async fn get(&self, cx: &Cx, key: &MemoryKey) -> Result<Option<Versioned>, Problem>;

    /// Stores the value if the version is still `expected` (`None`: if there is no value) and returns the
    /// new version.
    ///
    /// # Errors
    /// [`Category::Conflict`](crate::Category::Conflict) if the version differs; otherwise if the
    /// store is full or unavailable.
    async fn put(
        &self,
        cx: &Cx,
        key: &MemoryKey,
        value: Value,
        expected: Option<u64>,
        ttl: Option<Duration>,
    ) -> Result<u64, Problem>;

    /// Removes the value. A missing value is not an error.
    ///
    /// # Errors
    /// If the store is unavailable.
    async fn remove(&self, cx: &Cx, key: &MemoryKey) -> Result<(), Problem>;

    /// The keys of a namespace in byte order.
    ///
    /// # Errors
    /// If the store is unavailable.
    async fn list(
        &self,
        cx: &Cx,
        namespace: &str,
        page: &MemoryPage,
    ) -> Result<Vec<MemoryKey>, Problem>;
}

through_pointers! {
    #[async_trait]
    Memory {
        async fn get(&self, cx: &Cx, key: &MemoryKey) -> Result<Option<Versioned>, Problem> {
            (**self).get(cx, key).await
        }
        async fn put(
            &self,
            cx: &Cx,
            key: &MemoryKey,
            value: Value,
            expected: Option<u64>,
            ttl: Option<Duration>,
        ) -> Result<u64, Problem> {
            (**self).put(cx, key, value, expected, ttl).await
        }
        async fn remove(&self, cx: &Cx, key: &MemoryKey) -> Result<(), Problem> {
            (**self).remove(cx, key).await
        }
        async fn list(
            &self,
            cx: &Cx,
            namespace: &str,
            page: &MemoryPage,
        ) -> Result<Vec<MemoryKey>, Problem> {
            (**self).list(cx, namespace, page).await
        }
    }
}
