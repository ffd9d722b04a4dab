//! Wall-clock time for entries.

use glassbox_core::Clock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Wall-clock time that never goes back: the system clock is read once, and the monotonic clock measures
/// from then on. A jump of the system clock during a run changes no duration.
#[derive(Clone, Copy)]
pub(crate) struct Time<'a> {
    clock: &'a dyn Clock,
    /// What the system clock showed when the monotonic clock showed `anchor`.
    anchor_unix_nano: u64,
    anchor: u64,
}

impl<'a> Time<'a> {
    /// Time from now on, with the system clock at `wall`.
    pub(crate) fn starting(clock: &'a dyn Clock, wall: SystemTime) -> Self {
        let since_epoch = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            clock,
            anchor_unix_nano: nanos(since_epoch),
            anchor: clock.now(),
        }
    }

    /// The monotonic clock.
    pub(crate) fn clock(&self) -> &'a dyn Clock {
        self.clock
    }

    /// Nanoseconds since the Unix epoch.
    pub(crate) fn now_unix_nano(&self) -> u64 {
        let since = self.clock.now().saturating_sub(self.anchor);
        self.anchor_unix_nano.saturating_add(since)
    }

    /// The duration until then; zero if it has passed.
    pub(crate) fn until(&self, unix_nano: u64) -> Duration {
        Duration::from_nanos(unix_nano.saturating_sub(self.now_unix_nano()))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
