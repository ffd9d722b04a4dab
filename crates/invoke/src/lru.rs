//! A bounded map that evicts the least recently used value.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Shared values by name.
///
/// # Bounds
/// At most `capacity` values, and at least one. An evicted value stays alive while it is in use.
pub(crate) struct Lru<T> {
    capacity: usize,
    entries: Mutex<Entries<T>>,
}

struct Entries<T> {
    /// Values with the number of their last use.
    values: HashMap<String, (u64, Arc<T>)>,
    uses: u64,
}

impl<T> Lru<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            entries: Mutex::new(Entries {
                values: HashMap::new(),
                uses: 0,
            }),
        }
    }

    /// Returns the value of this name, and creates it if there is none.
    pub(crate) fn get(&self, name: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.uses += 1;
        let now = entries.uses;
        if let Some((used, value)) = entries.values.get_mut(name) {
            *used = now;
            return Arc::clone(value);
        }
        if entries.values.len() >= self.capacity {
            let oldest = entries.values.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                entries.values.remove(&oldest);
            }
        }
        let value = Arc::new(make());
        entries
            .values
            .insert(name.to_owned(), (now, Arc::clone(&value)));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_value_is_forgotten_first() {
        let lru = Lru::new(2);
        let made = |name: &str| *lru.get(name, || 1) == 1;
        lru.get("a", || 0);
        lru.get("b", || 0);
        lru.get("a", || 0);
        lru.get("c", || 0);
        assert!(!made("a") && !made("c"));
        assert!(made("b"));
    }
}
