//! What the exporters of a collector could not hand on, as its log tells.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::store;

/// How many exporters are told apart; the rest counts as one.
const MOST: usize = 32;

/// The name of the rest.
const OTHERS: &str = "others";

/// How many bytes of an error are kept.
const LONGEST: usize = 600;

/// The losses of every exporter since the start of this process, restarts of the collector included.
#[derive(Debug, Clone, Default)]
pub(crate) struct Losses(Arc<Mutex<BTreeMap<String, Loss>>>);

/// What one exporter could not hand on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Loss {
    /// Spans, log records or data points. There may be more: a collector that has much to complain
    /// about does not write every line of its log.
    items: u64,
    last_error: String,
    last_unix_nano: u64,
}

impl Losses {
    /// Adds what `component` gave up.
    pub(crate) fn count(&self, component: &str, items: u64, error: &str) {
        let mut losses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = losses.contains_key(component) || losses.len() < MOST;
        let name = if known { component } else { OTHERS };
        let loss = losses.entry(name.to_owned()).or_default();
        loss.items = loss.items.saturating_add(items);
        loss.last_error = error.chars().take(LONGEST).collect();
        loss.last_unix_nano = store::now();
    }

    /// Returns what was lost so far, by exporter.
    pub(crate) fn seen(&self) -> BTreeMap<String, Loss> {
        let losses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        losses.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_exporters_than_are_told_apart_count_as_one() {
        let losses = Losses::default();
        for number in 0..MOST + 5 {
            losses.count(&format!("file/{number}"), 2, "disk full");
        }
        let seen = losses.seen();
        assert_eq!(seen.len(), MOST + 1);
        assert_eq!(seen[OTHERS].items, 10);
    }
}
