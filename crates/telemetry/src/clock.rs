//! Clocks that never go back.

use glassbox_core::Clock;
use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// The wall clock at the start, continued by the monotonic clock. Follows the wall clock when it is set
/// forward, but not when it is set back.
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

    /// Catches up with the wall clock if it is ahead: the machine slept, or the clock was set.
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

/// The time since its creation.
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
