//! An in-memory store for agents.

use crate::SystemClock;
use glassbox_core::{
    Category, Clock, Cx, Memory, MemoryKey, MemoryPage, Problem, Versioned, async_trait,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Maps keys to JSON values in memory. Cheap to clone; clones share the values.
///
/// # Bounds
/// At most 10 000 keys, or [`with_capacity`](Self::with_capacity). A further key is rejected with
/// `memory.full` after expired keys are removed. Other keys are never evicted.
#[derive(Clone)]
pub struct MemoryStore(Arc<Inner>);

struct Inner {
    entries: Mutex<Entries>,
    clock: Arc<dyn Clock>,
    capacity: usize,
}

#[derive(Default)]
struct Entries {
    by_key: BTreeMap<MemoryKey, Entry>,
    /// Shared by all keys, so that a key that is removed and set again gets a new version.
    version: u64,
}

struct Entry {
    value: Value,
    version: u64,
    expires: Option<u64>,
}

impl MemoryStore {
    /// Creates an empty store on the system clock.
    pub fn new() -> Self {
        Self::build(Arc::new(SystemClock), 10_000)
    }

    /// Creates an empty store on the given clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self::build(clock, 10_000)
    }

    /// Creates an empty store of at most this many keys.
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
    fn live(&self, key: &MemoryKey, now: u64) -> Option<&Entry> {
        let entry = self.by_key.get(key)?;
        entry.is_live(now).then_some(entry)
    }
}

impl Entry {
    fn is_live(&self, now: u64) -> bool {
        self.expires.is_none_or(|at| at > now)
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
    async fn get(&self, _cx: &Cx, key: &MemoryKey) -> Result<Option<Versioned>, Problem> {
        let now = self.0.clock.now();
        let entries = self.lock();
        let entry = entries.live(key, now);
        Ok(entry.map(|entry| Versioned::new(entry.value.clone(), entry.version)))
    }

    async fn put(
        &self,
        _cx: &Cx,
        key: &MemoryKey,
        value: Value,
        expected: Option<u64>,
        ttl: Option<Duration>,
    ) -> Result<u64, Problem> {
        let now = self.0.clock.now();
        let mut entries = self.lock();
        let held = entries.live(key, now).map(|entry| entry.version);
        if held != expected {
            let message = format!(
                "'{}' in '{}' was changed concurrently; read it again",
                key.key(),
                key.namespace()
            );
            return Err(Problem::new(Category::Conflict, "memory.conflict", message));
        }
        if held.is_none() && entries.by_key.len() >= self.0.capacity {
            entries.by_key.retain(|_, entry| entry.is_live(now));
            if entries.by_key.len() >= self.0.capacity {
                let capacity = self.0.capacity;
                let message = format!("the memory is full: it holds {capacity} keys");
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
        entries.by_key.insert(key.clone(), entry);
        Ok(version)
    }

    async fn remove(&self, _cx: &Cx, key: &MemoryKey) -> Result<(), Problem> {
        self.lock().by_key.remove(key);
        Ok(())
    }

    async fn list(
        &self,
        _cx: &Cx,
        namespace: &str,
        page: &MemoryPage,
    ) -> Result<Vec<MemoryKey>, Problem> {
        let now = self.0.clock.now();
        let entries = self.lock();
        let from = match &page.after {
            Some(after) => Bound::Excluded(MemoryKey::new(namespace, after.as_str())),
            None => Bound::Included(MemoryKey::new(namespace, "")),
        };
        let keys = entries.by_key.range((from, Bound::Unbounded));
        let keys = keys
            .take_while(|(key, _)| key.namespace() == namespace)
            .filter(|(_, entry)| entry.is_live(now))
            .map(|(key, _)| key.clone());
        Ok(keys.take(page.limit).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_testkit::VirtualClock;
    use serde_json::json;

    fn key(name: &str) -> MemoryKey {
        MemoryKey::new("session/1", name)
    }

    #[tokio::test]
    async fn only_who_read_the_newest_version_may_write() {
        let store = MemoryStore::new();
        let first = store
            .put(&Cx::background(), &key("k"), json!(1), None, None)
            .await
            .unwrap();
        let error = store
            .put(&Cx::background(), &key("k"), json!(2), None, None)
            .await
            .unwrap_err();
        assert_eq!(error.category(), Category::Conflict);
        let second = store
            .put(&Cx::background(), &key("k"), json!(2), Some(first), None)
            .await
            .unwrap();
        assert_eq!(
            store.get(&Cx::background(), &key("k")).await.unwrap(),
            Some(Versioned::new(json!(2), second))
        );
        store.remove(&Cx::background(), &key("k")).await.unwrap();
        let third = store
            .put(&Cx::background(), &key("k"), json!(3), None, None)
            .await
            .unwrap();
        assert!(third > second, "a version never comes back");
    }

    #[tokio::test]
    async fn a_value_is_gone_when_its_time_is_over() {
        let clock = VirtualClock::new();
        let store = MemoryStore::with_clock(Arc::new(clock.clone()));
        let second = Some(Duration::from_secs(1));
        store
            .put(&Cx::background(), &key("k"), json!(1), None, second)
            .await
            .unwrap();
        clock.advance(Duration::from_millis(999));
        assert!(
            store
                .get(&Cx::background(), &key("k"))
                .await
                .unwrap()
                .is_some()
        );
        clock.advance(Duration::from_millis(1));
        assert!(
            store
                .get(&Cx::background(), &key("k"))
                .await
                .unwrap()
                .is_none()
        );
        store
            .put(&Cx::background(), &key("k"), json!(2), None, None)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_full_store_refuses_and_forgets_nothing() {
        let store = MemoryStore::with_capacity(1);
        let version = store
            .put(&Cx::background(), &key("a"), json!(1), None, None)
            .await
            .unwrap();
        let error = store
            .put(&Cx::background(), &key("b"), json!(1), None, None)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "memory.full");
        store
            .put(&Cx::background(), &key("a"), json!(2), Some(version), None)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_namespace_lists_its_own_live_keys_page_by_page() {
        let clock = VirtualClock::new();
        let store = MemoryStore::with_clock(Arc::new(clock.clone()));
        let cx = Cx::background();
        for name in ["b", "a", "c", "d"] {
            store
                .put(&cx, &key(name), json!(1), None, None)
                .await
                .unwrap();
        }
        let other = MemoryKey::new("session/10", "a");
        store.put(&cx, &other, json!(1), None, None).await.unwrap();
        let brief = Some(Duration::from_secs(1));
        store
            .put(&cx, &key("aa"), json!(1), None, brief)
            .await
            .unwrap();
        clock.advance(Duration::from_secs(2));
        let page = MemoryPage::first(2);
        let first = store.list(&cx, "session/1", &page).await.unwrap();
        assert_eq!(first, [key("a"), key("b")]);
        let page = MemoryPage::after("b", 9);
        let rest = store.list(&cx, "session/1", &page).await.unwrap();
        assert_eq!(rest, [key("c"), key("d")]);
    }
}
