//! The process's clock.

use glassbox_core::Clock;
use std::{sync::LazyLock, time::Instant};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The monotonic clock of this process.
///
/// All values tell the same time, so that a deadline that one part of the process set means the same
/// to every other part.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_core::Deadline;
    use std::time::Duration;

    #[test]
    fn a_deadline_means_the_same_on_every_value() {
        let deadline = Deadline::after(&SystemClock, Duration::from_secs(60));
        let other = SystemClock;
        let left = deadline.remaining(&other).unwrap();
        assert!(left <= Duration::from_secs(60));
        assert!(left > Duration::from_secs(30));
    }
}
