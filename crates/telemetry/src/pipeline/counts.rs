//! Counters of one signal.

use crate::SignalReport;
use glassbox_core::telemetry::{Drops, SignalHealth};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// Why an item was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The queue was full.
    QueueFull,
    /// All attempts to export it failed.
    ExportFailed,
    /// The backend accepted the request and rejected the item.
    Rejected,
    /// Telemetry was shut down first.
    Shutdown,
}

impl Loss {
    const ALL: [Self; 4] = [
        Self::QueueFull,
        Self::ExportFailed,
        Self::Rejected,
        Self::Shutdown,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::ExportFailed => "export_failed",
            Self::Rejected => "rejected",
            Self::Shutdown => "shutdown",
        }
    }
}

/// The counters of one signal: `emitted = delivered + dropped + waiting`, except while an item is moving
/// between two of them.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    emitted: AtomicU64,
    delivered: AtomicU64,
    dropped: [AtomicU64; Loss::ALL.len()],
    last_error: Mutex<Option<String>>,
}

impl Counts {
    pub(crate) fn emit(&self, n: usize) {
        self.emitted.fetch_add(n as u64, Relaxed);
    }

    pub(crate) fn deliver(&self, n: usize) {
        self.delivered.fetch_add(n as u64, Relaxed);
    }

    pub(crate) fn lose(&self, n: usize, loss: Loss) {
        self.dropped[loss as usize].fetch_add(n as u64, Relaxed);
    }

    pub(crate) fn emitted(&self) -> u64 {
        self.emitted.load(Relaxed)
    }

    pub(crate) fn delivered(&self) -> u64 {
        self.delivered.load(Relaxed)
    }

    /// How many items the backend did not accept.
    pub(crate) fn refused(&self) -> u64 {
        let of = |loss: Loss| self.dropped[loss as usize].load(Relaxed);
        of(Loss::ExportFailed) + of(Loss::Rejected)
    }

    /// Why the last export failed, if it did.
    pub(crate) fn last_error(&self) -> Option<String> {
        let last = self.last_error.lock();
        last.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn dropped(&self) -> Drops {
        let counted = Loss::ALL.iter().map(|loss| {
            let count = self.dropped[*loss as usize].load(Relaxed);
            (loss.as_str().to_owned(), count)
        });
        counted.filter(|(_, count)| *count > 0).collect()
    }

    /// Stores the outcome of an export. Returns whether exporting started or stopped failing.
    pub(crate) fn outcome(&self, error: Option<String>) -> bool {
        let mut last = self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let turned = last.is_some() != error.is_some();
        *last = error;
        turned
    }

    pub(crate) fn report(&self) -> SignalReport {
        SignalReport {
            emitted: self.emitted(),
            delivered: self.delivered(),
            spooled: 0,
            dropped: self.dropped(),
        }
    }

    pub(crate) fn health(&self, queued: usize, circuit_open: bool) -> SignalHealth {
        let mut health = SignalHealth::default();
        health.delivered = self.delivered();
        health.queued = queued as u64;
        health.circuit_open = circuit_open;
        health.dropped = self.dropped();
        health.last_error = self.last_error();
        health
    }
}
