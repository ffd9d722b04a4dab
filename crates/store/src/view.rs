//! The state of the store that queries see.

use std::sync::{PoisonError, RwLock};

use crate::pruned::Pruned;
use crate::segment::{Records, SegmentView};

/// A frozen state of the store, which a query reads.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Oldest first.
    pub(crate) segments: Vec<SegmentView>,
    pub(crate) pruned: Pruned,
}

impl View {
    /// Counts the records of all segments.
    #[must_use]
    pub fn records(&self) -> Records {
        let records = self.segments.iter().map(|segment| segment.records);
        records.fold(Records::default(), Records::plus)
    }

    /// Returns the size of all segments on disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Returns how many segment files there are.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.segments.len()
    }

    /// Returns what retention has removed.
    #[must_use]
    pub fn pruned(&self) -> &Pruned {
        &self.pruned
    }
}

/// The current view. Its lock is never held while a file is read or written.
#[derive(Debug, Default)]
pub(crate) struct Shown(RwLock<View>);

impl Shown {
    pub(crate) fn new(view: View) -> Self {
        Self(RwLock::new(view))
    }

    pub(crate) fn read<R>(&self, look: impl FnOnce(&View) -> R) -> R {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn change<R>(&self, act: impl FnOnce(&mut View) -> R) -> R {
        act(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}
