//! The report of a shutdown.

use glassbox_core::telemetry::Drops;
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// What was delivered and what was lost, over the life of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// `traces`, `metrics`, `logs`, if they are exported.
    pub signals: BTreeMap<String, SignalReport>,
}

/// The report of one signal: `emitted = delivered + spooled + dropped`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SignalReport {
    /// Spans, log records or data points that were emitted.
    pub emitted: u64,
    /// Accepted by the backend.
    pub delivered: u64,
    /// Stored on disk for the next start. Currently always 0.
    pub spooled: u64,
    /// Lost, by reason: `queue_full`, `export_failed`, `rejected`, `shutdown`.
    pub dropped: Drops,
}

impl ShutdownReport {
    /// Returns how many items the backend accepted, over all signals.
    pub fn delivered(&self) -> u64 {
        self.signals.values().map(|signal| signal.delivered).sum()
    }

    /// Returns how many items were lost, over all signals.
    pub fn dropped(&self) -> u64 {
        self.signals.values().map(SignalReport::lost).sum()
    }

    /// Returns whether signals are exported and nothing was emitted.
    pub(crate) fn is_unused(&self) -> bool {
        let emitted = self.signals.values().map(|signal| signal.emitted);
        !self.signals.is_empty() && emitted.sum::<u64>() == 0
    }

    /// Returns whether nothing was lost.
    pub fn is_lossless(&self) -> bool {
        self.dropped() == 0
    }
}

impl SignalReport {
    /// Returns how many items were lost, for any reason.
    pub fn lost(&self) -> u64 {
        self.dropped.values().sum()
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.signals.is_empty() {
            return f.write_str("telemetry was off");
        }
        for (at, (name, signal)) in self.signals.iter().enumerate() {
            let separator = if at > 0 { "; " } else { "" };
            write!(f, "{separator}{name}: {} delivered", signal.delivered)?;
            if signal.spooled > 0 {
                write!(f, ", {} spooled", signal.spooled)?;
            }
            for (reason, count) in &signal.dropped {
                write!(f, ", {count} dropped ({reason})")?;
            }
        }
        Ok(())
    }
}
