//! The state of the pipeline.

use serde::Serialize;
use std::collections::BTreeMap;

/// Losses by reason, in items.
pub type Drops = BTreeMap<String, u64>;

/// The state of the whole pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TelemetryHealth {
    /// `traces`, `metrics`, `logs`.
    pub signals: BTreeMap<String, SignalHealth>,
    /// The configured destination, without credentials.
    pub endpoint: Option<String>,
}

impl TelemetryHealth {
    /// A pipeline without signals.
    pub fn new(endpoint: Option<String>) -> Self {
        Self {
            signals: BTreeMap::new(),
            endpoint,
        }
    }

    /// Whether nothing was lost since the start, no breaker is open, and the last export of every
    /// signal succeeded.
    pub fn is_healthy(&self) -> bool {
        self.signals.values().all(|signal| {
            signal.last_error.is_none() && signal.dropped.is_empty() && !signal.circuit_open
        })
    }
}

/// The state of one signal's pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SignalHealth {
    /// Items that the backend accepted.
    pub delivered: u64,
    /// Items waiting in the queue.
    pub queued: u64,
    /// Items lost, by reason: `queue_full`, `export_failed`, `rejected`, `shutdown`.
    pub dropped: Drops,
    /// Whether the breaker around the exporter is open.
    pub circuit_open: bool,
    /// Why the last export failed; `None` if it succeeded.
    pub last_error: Option<String>,
}
