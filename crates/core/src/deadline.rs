//! Deadlines on a clock that is passed in, so that tests can control time.

use std::time::Duration;

/// A monotonic clock in nanoseconds since an arbitrary start.
pub trait Clock: Send + Sync {
    /// Nanoseconds since the clock's start. Never decreases.
    fn now(&self) -> u64;
}

through_pointers! {
    Clock {
        fn now(&self) -> u64 {
            (**self).now()
        }
    }
}

/// The instant after which the caller stops waiting, on this process's [`Clock`].
///
/// A hop sends the remaining milliseconds, because clocks of two processes are unrelated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(u64);

impl Deadline {
    /// The deadline `timeout` from now.
    pub fn after(clock: &dyn Clock, timeout: Duration) -> Self {
        let timeout = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
        Self(clock.now().saturating_add(timeout))
    }

    /// The remaining time, or `None` after the deadline.
    pub fn remaining(self, clock: &dyn Clock) -> Option<Duration> {
        self.0
            .checked_sub(clock.now())
            .filter(|left| *left > 0)
            .map(Duration::from_nanos)
    }

    /// The earlier of the two: a callee can shorten a deadline, but not extend it.
    #[must_use]
    pub fn tightened(self, other: Self) -> Self {
        self.min(other)
    }
}
