//! Interned names.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use crate::columns::{Metric, Source};

/// Interns span names, sources and metric descriptions.
///
/// # Bounds
/// Holds the names of stored rows; [`Names::sweep`] removes the others after an eviction.
#[derive(Debug, Default)]
pub(crate) struct Names {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    names: HashSet<Arc<str>>,
    sources: HashSet<Arc<Source>>,
    metrics: HashSet<Arc<Metric>>,
}

/// An interned value, and whether it is new.
pub(crate) type Interned<T> = (Arc<T>, bool);

fn intern<T: Eq + Hash>(table: &mut HashSet<Arc<T>>, value: T) -> Interned<T> {
    if let Some(known) = table.get(&value) {
        return (Arc::clone(known), false);
    }
    let value = Arc::new(value);
    table.insert(Arc::clone(&value));
    (value, true)
}

impl Names {
    fn with<R>(&self, act: impl FnOnce(&mut Tables) -> R) -> R {
        // A panic while interning cannot leave a table half changed, so a poisoned one is still valid.
        act(&mut self.tables.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn name(&self, name: &str) -> Interned<str> {
        self.with(|tables| {
            if let Some(known) = tables.names.get(name) {
                return (Arc::clone(known), false);
            }
            let name: Arc<str> = Arc::from(name);
            tables.names.insert(Arc::clone(&name));
            (name, true)
        })
    }

    pub(crate) fn source(&self, source: Source) -> Interned<Source> {
        self.with(|tables| intern(&mut tables.sources, source))
    }

    pub(crate) fn metric(&self, metric: Metric) -> Interned<Metric> {
        self.with(|tables| intern(&mut tables.metrics, metric))
    }

    /// Removes names that no row uses any more.
    pub(crate) fn sweep(&self) {
        self.with(|tables| {
            tables.names.retain(|name| Arc::strong_count(name) > 1);
            tables
                .sources
                .retain(|source| Arc::strong_count(source) > 1);
            tables
                .metrics
                .retain(|metric| Arc::strong_count(metric) > 1);
        });
    }

    /// Counts all names.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.with(|tables| tables.names.len() + tables.sources.len() + tables.metrics.len())
    }
}
