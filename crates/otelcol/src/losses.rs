//! Data that the exporters of a collector have lost, according to its log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::clock::Clock;

/// How many exporters are counted separately; the rest is counted together.
const MOST: usize = 32;

/// The name under which the rest is counted.
const OTHERS: &str = "others";

/// How many bytes of an error are kept.
const LONGEST: usize = 600;

/// An exporter's error for data that it was sending when it was stopped.
const INTERRUPTED: &str = "interrupted due to shutdown";

/// Losses by exporter since the start of this process, across restarts of the collector.
#[derive(Debug, Clone)]
pub struct Losses {
    counted: Arc<Mutex<BTreeMap<String, Loss>>>,
    /// The exporter whose queue is on disk and survives a restart.
    durable: Option<&'static str>,
    clock: Clock,
}

/// What one exporter has lost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// Spans, log records or data points; a lower bound, because a collector samples its log.
    items: u64,
    last_error: String,
    last_unix_nano: u64,
}

impl Losses {
    /// Creates an empty account for a backend without a collector.
    #[must_use]
    pub fn none(clock: Clock) -> Self {
        Self::new(None, clock)
    }

    /// Creates an empty account for a collector whose exporter `durable` has its queue on disk.
    pub(crate) fn new(durable: Option<&'static str>, clock: Clock) -> Self {
        Self {
            counted: Arc::default(),
            durable,
            clock,
        }
    }

    /// Returns whether data that an exporter reports as dropped is still in its queue on disk.
    pub(crate) fn is_kept(&self, component: &str, error: &str) -> bool {
        let name = component.split_once('/').map(|(_, name)| name);
        name.is_some() && name == self.durable && error.starts_with(INTERRUPTED)
    }

    /// Adds what `component` has lost.
    pub(crate) fn count(&self, component: &str, items: u64, error: &str) {
        let mut losses = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let known = losses.contains_key(component) || losses.len() < MOST;
        let name = if known { component } else { OTHERS };
        let loss = losses.entry(name.to_owned()).or_default();
        loss.items = loss.items.saturating_add(items);
        loss.last_error = error.chars().take(LONGEST).collect();
        loss.last_unix_nano = (self.clock)();
    }

    /// Returns the losses so far, by exporter.
    #[must_use]
    pub fn seen(&self) -> BTreeMap<String, Loss> {
        let losses = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        losses.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_exporters_than_are_told_apart_count_as_one() {
        let losses = Losses::none(|| 0);
        for number in 0..MOST + 5 {
            losses.count(&format!("file/{number}"), 2, "disk full");
        }
        let seen = losses.seen();
        assert_eq!(seen.len(), MOST + 1);
        assert_eq!(seen[OTHERS].items, 10);
    }
}
