//! Instants on a clock that is handed in, so that time can be played in tests.

use std::time::Duration;

/// A monotonic clock in nanoseconds since an arbitrary start.
pub trait Clock: Send + Sync {
    /// Nanoseconds since the clock's start; never goes back.
    fn now(&self) -> u64;
}

through_pointers! {
    Clock {
        fn now(&self) -> u64 {
            (**self).now()
        }
    }
}

/// The instant after which nobody waits for the answer any more, on one process's [`Clock`].
///
/// It crosses a hop as what is left, in milliseconds: clocks of two processes have nothing in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(u64);

impl Deadline {
    /// The deadline `timeout` from now.
    pub fn after(clock: &dyn Clock, timeout: Duration) -> Self {
        let timeout = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
        Self(clock.now().saturating_add(timeout))
    }

    /// What is left, or `None` once it has passed.
    pub fn remaining(self, clock: &dyn Clock) -> Option<Duration> {
        self.0
            .checked_sub(clock.now())
            .filter(|left| *left > 0)
            .map(Duration::from_nanos)
    }

    /// The sooner of the two: a callee can shorten a deadline, never stretch it.
    #[must_use]
    pub fn tightened(self, other: Self) -> Self {
        self.min(other)
    }
}
