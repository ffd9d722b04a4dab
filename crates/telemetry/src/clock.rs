//! Wall-clock time that never goes back, and time since a start.

use glassbox_core::Clock;
use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// The wall clock at the start, carried on by the monotonic one; a wall clock that was set forward
/// is followed, one that was set back is not.
#[derive(Debug)]
pub(crate) struct Wall {
    start: Instant,
    start_unix_nano: AtomicU64,
}

impl Wall {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            start_unix_nano: AtomicU64::new(unix_nano()),
        }
    }

    /// Nanoseconds since the Unix epoch.
    pub(crate) fn now(&self) -> u64 {
        self.start_unix_nano.load(Relaxed) + self.elapsed()
    }

    /// Follows the wall clock where it has run ahead: after a sleep of the machine, or set by hand.
    pub(crate) fn follow(&self) {
        let start = unix_nano().saturating_sub(self.elapsed());
        self.start_unix_nano.fetch_max(start, Relaxed);
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

fn unix_nano() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

/// Time since its making.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Monotonic(Instant);

impl Monotonic {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Monotonic {
    fn now(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
