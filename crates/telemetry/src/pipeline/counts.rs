//! What became of everything that was emitted.

use crate::SignalReport;
use glassbox_core::telemetry::{Drops, SignalHealth};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// Why an item was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The queue had no room.
    QueueFull,
    /// The backend did not take it, after every attempt.
    ExportFailed,
    /// The backend took the request and refused the item.
    Rejected,
    /// The process ended first.
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

/// The books of one signal: `emitted = delivered + dropped + waiting` at every instant at which no
/// item is on its way between two of them.
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

    /// How many items the backend did not take.
    pub(crate) fn refused(&self) -> u64 {
        let of = |loss: Loss| self.dropped[loss as usize].load(Relaxed);
        of(Loss::ExportFailed) + of(Loss::Rejected)
    }

    /// What the latest export failed by, if it did.
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

    /// Keeps the outcome of an export; gives whether it differs in kind from the one before.
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
