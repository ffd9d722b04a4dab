//! The calls that a half-open breaker permits.

use super::Tally;

/// Probes in progress, and the outcomes of those that ended.
#[derive(Debug, Default)]
pub(super) struct Probes {
    under_way: u32,
    ended: Tally,
}

impl Probes {
    /// Takes one of the permits, if one is left.
    pub(super) fn begin(&mut self, permitted: u32) -> bool {
        let taken = u64::from(self.under_way) + self.ended.calls;
        let free = taken < u64::from(permitted);
        if free {
            self.under_way += 1;
        }
        free
    }

    pub(super) fn end(&mut self, failed: bool, slow: bool) -> Tally {
        self.under_way = self.under_way.saturating_sub(1);
        self.ended.calls += 1;
        self.ended.failed += u64::from(failed);
        self.ended.slow += u64::from(slow);
        self.ended
    }

    /// Returns a permit whose call was not counted.
    pub(super) fn cancel(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }
}
