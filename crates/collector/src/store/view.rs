//! What queries see of the store.

use std::sync::{PoisonError, RwLock};

use super::pruned::Pruned;
use super::segment::SegmentView;

/// Everything stored at one moment: what a query reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    /// Oldest first.
    pub(crate) segments: Vec<SegmentView>,
    pub(crate) pruned: Pruned,
}

/// The view of this moment; neither side holds it while it reads or writes a file.
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
