//! Time that moves only when the test says so.

use glassbox_core::Clock;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// A clock that stands still until [`advance`](Self::advance). Clones show the same time.
///
/// ```
/// use glassbox_core::{Clock, Deadline};
/// use glassbox_testkit::VirtualClock;
/// use std::time::Duration;
///
/// let clock = VirtualClock::new();
/// let deadline = Deadline::after(&clock, Duration::from_secs(1));
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(deadline.remaining(&clock), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct VirtualClock(Arc<AtomicU64>);

impl VirtualClock {
    /// A clock that shows zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// A clock that shows `start` since its own beginning.
    pub fn starting_at(start: Duration) -> Self {
        let clock = Self::new();
        clock.advance(start);
        clock
    }

    /// Moves the time on, for every clone; it stops at the end of a `u64` of nanoseconds.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.0.update(Ordering::SeqCst, Ordering::SeqCst, |now| {
            now.saturating_add(by)
        });
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_moves_only_when_told_and_for_every_clone() {
        let clock = VirtualClock::starting_at(Duration::from_nanos(5));
        let other = clock.clone();
        assert_eq!((clock.now(), other.now()), (5, 5));
        other.advance(Duration::from_millis(1));
        assert_eq!(clock.now(), 1_000_005);
    }

    #[test]
    fn time_stops_at_its_end_instead_of_starting_again() {
        let clock = VirtualClock::new();
        clock.advance(Duration::MAX);
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.now(), u64::MAX);
    }
}
