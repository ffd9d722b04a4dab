//! What an agent remembers while its process lives.

use crate::SystemClock;
use glassbox_core::{Category, Clock, Memory, Problem, async_trait};
use serde_json::Value;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Keys to JSON values in memory. Cheap to clone; clones share the values.
///
/// # Bounds
/// At most 10 000 keys, or [`with_capacity`](Self::with_capacity): one more is refused with
/// `memory.full` once the expired ones are swept. Nothing is ever forgotten to make room.
#[derive(Clone)]
pub struct MemoryStore(Arc<Inner>);

struct Inner {
    entries: Mutex<Entries>,
    clock: Arc<dyn Clock>,
    capacity: usize,
}

#[derive(Default)]
struct Entries {
    by_key: HashMap<String, Entry>,
    /// Of the whole store, so that a key that was removed and set again has another version.
    version: u64,
}

struct Entry {
    value: Value,
    version: u64,
    expires: Option<u64>,
}

impl MemoryStore {
    /// An empty store on the process's clock.
    pub fn new() -> Self {
        Self::build(Arc::new(SystemClock), 10_000)
    }

    /// An empty store on another clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self::build(clock, 10_000)
    }

    /// An empty store of at most this many keys.
    pub fn with_capacity(capacity: usize) -> Self {
        Self::build(Arc::new(SystemClock), capacity)
    }

    fn build(clock: Arc<dyn Clock>, capacity: usize) -> Self {
        Self(Arc::new(Inner {
            entries: Mutex::default(),
            clock,
            capacity,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn live(&self, key: &str, now: u64) -> Option<&Entry> {
        let entry = self.by_key.get(key)?;
        entry.expires.is_none_or(|at| at > now).then_some(entry)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("keys", &self.lock().by_key.len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Memory for MemoryStore {
    async fn get(&self, key: &str) -> Result<Option<(Value, u64)>, Problem> {
        let now = self.0.clock.now();
        let entries = self.lock();
        let entry = entries.live(key, now);
        Ok(entry.map(|entry| (entry.value.clone(), entry.version)))
    }

    async fn put(
        &self,
        key: &str,
        value: Value,
        expected: Option<u64>,
        ttl: Option<Duration>,
    ) -> Result<u64, Problem> {
        let now = self.0.clock.now();
        let mut entries = self.lock();
        let held = entries.live(key, now).map(|entry| entry.version);
        if held != expected {
            let message = format!("'{key}' was changed by somebody else; read it again");
            return Err(Problem::new(Category::Conflict, "memory.conflict", message));
        }
        if held.is_none() && entries.by_key.len() >= self.0.capacity {
            let live = |entry: &Entry| entry.expires.is_none_or(|at| at > now);
            entries.by_key.retain(|_, entry| live(entry));
            if entries.by_key.len() >= self.0.capacity {
                let capacity = self.0.capacity;
                let message = format!("the memory holds {capacity} keys and takes no more");
                return Err(Problem::new(Category::RateLimited, "memory.full", message)
                    .with_detail("capacity", capacity));
            }
        }
        entries.version += 1;
        let version = entries.version;
        let expires = ttl.map(|ttl| {
            let ttl = u64::try_from(ttl.as_nanos()).unwrap_or(u64::MAX);
            now.saturating_add(ttl)
        });
        let entry = Entry {
            value,
            version,
            expires,
        };
        entries.by_key.insert(key.to_owned(), entry);
        Ok(version)
    }

    async fn remove(&self, key: &str) -> Result<(), Problem> {
        self.lock().by_key.remove(key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_testkit::VirtualClock;
    use serde_json::json;

    #[tokio::test]
    async fn only_who_read_the_newest_version_may_write() {
        let store = MemoryStore::new();
        let first = store.put("k", json!(1), None, None).await.unwrap();
        let error = store.put("k", json!(2), None, None).await.unwrap_err();
        assert_eq!(error.category(), Category::Conflict);
        let second = store.put("k", json!(2), Some(first), None).await.unwrap();
        assert_eq!(store.get("k").await.unwrap(), Some((json!(2), second)));
        store.remove("k").await.unwrap();
        let third = store.put("k", json!(3), None, None).await.unwrap();
        assert!(third > second, "a version never comes back");
    }

    #[tokio::test]
    async fn a_value_is_gone_when_its_time_is_over() {
        let clock = VirtualClock::new();
        let store = MemoryStore::with_clock(Arc::new(clock.clone()));
        let second = Some(Duration::from_secs(1));
        store.put("k", json!(1), None, second).await.unwrap();
        clock.advance(Duration::from_millis(999));
        assert!(store.get("k").await.unwrap().is_some());
        clock.advance(Duration::from_millis(1));
        assert!(store.get("k").await.unwrap().is_none());
        store.put("k", json!(2), None, None).await.unwrap();
    }

    #[tokio::test]
    async fn a_full_store_refuses_and_forgets_nothing() {
        let store = MemoryStore::with_capacity(1);
        let version = store.put("a", json!(1), None, None).await.unwrap();
        let error = store.put("b", json!(1), None, None).await.unwrap_err();
        assert_eq!(error.code(), "memory.full");
        store.put("a", json!(2), Some(version), None).await.unwrap();
    }
}
