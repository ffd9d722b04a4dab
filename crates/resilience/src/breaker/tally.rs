//! The counts of a window.

/// Calls, and how many of them failed or were slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) calls: u64,
    pub(super) failed: u64,
    pub(super) slow: u64,
}

impl From<[u64; 3]> for Tally {
    fn from([calls, failed, slow]: [u64; 3]) -> Self {
        Self {
            calls,
            failed,
            slow,
        }
    }
}
