//! The accounts of one signal.

use super::counts::{Counts, Loss};
use std::fmt;

/// Accounts for every item of one signal until it is delivered or lost.
pub(super) trait Books: fmt::Debug + Send + Sync {
    fn counts(&self) -> &Counts;

    /// How many items wait or are in flight.
    fn len(&self) -> usize;

    /// Adds `n` items that are in flight without having waited.
    fn admit(&self, n: usize);

    /// Ends `delivered + lost` items in flight.
    fn settle(&self, delivered: usize, lost: usize, loss: Loss);

    /// Accepts no more items; new ones count as `loss`.
    fn refuse(&self, loss: Loss);

    /// Counts everything that is left, and everything that is added later, as lost by the shutdown.
    fn close(&self);
}
