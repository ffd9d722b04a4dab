//! Decides when a collector is restarted, and when to give up.

use std::time::{Duration, Instant};

use glassbox_resilience::{Backoff, Jitter};

/// The first and the longest pause; jitter removes up to half.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// After this time ready, earlier exits are forgotten.
const HEALTHY: Duration = Duration::from_secs(60);

/// After this many exits in a row, each before it was healthy, it is not restarted.
const QUICK_ENDS: u32 = 5;

/// A start that took too long counts as this many quick exits, so that two are enough to give up.
const LATE: u32 = 3;

/// Decides what follows an exit. The time is passed in.
#[derive(Debug)]
pub(crate) struct Restarts {
    /// Half of each pause; the other half is jitter.
    half: Backoff,
    jitter: Jitter,
    ready_since: Option<Instant>,
    quick_ends: u32,
}

/// What follows an exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Restart after a pause.
    After(Duration),
    /// Do not restart.
    GiveUp,
}

impl Restarts {
    /// Creates the state of a collector that has not exited yet.
    pub(crate) fn new(jitter: Jitter) -> Self {
        Self {
            half: Backoff::try_new(FIRST / 2, LONGEST / 2)
                .expect("invariant: the first pause is the shorter one"),
            jitter,
            ready_since: None,
            quick_ends: 0,
        }
    }

    /// Records that the collector is ready.
    pub(crate) fn ready(&mut self, now: Instant) {
        self.ready_since = Some(now);
    }

    /// Records an exit.
    pub(crate) fn ended(&mut self, now: Instant) -> Next {
        self.failed(now, 1)
    }

    /// Records that the collector did not become ready in time.
    pub(crate) fn late(&mut self, now: Instant) -> Next {
        self.failed(now, LATE)
    }

    fn failed(&mut self, now: Instant, weight: u32) -> Next {
        let ready_since = self.ready_since.take();
        if ready_since.is_some_and(|since| now.saturating_duration_since(since) >= HEALTHY) {
            self.quick_ends = 0;
        }
        self.quick_ends += weight;
        if self.quick_ends >= QUICK_ENDS {
            return Next::GiveUp;
        }
        let fixed = self.half.ceiling(self.quick_ends);
        Next::After(fixed + self.half.delay(self.quick_ends, &mut self.jitter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(next: Next) -> Duration {
        match next {
            Next::After(pause) => pause,
            Next::GiveUp => panic!("it gave up"),
        }
    }

    #[test]
    fn pauses_grow_with_chance_and_the_fifth_quick_end_is_the_last() {
        let now = Instant::now();
        for seed in 0..50 {
            let mut restarts = Restarts::new(Jitter::seeded(seed));
            for longest in [500, 1_000, 2_000, 4_000] {
                let pause = pause(restarts.ended(now)).as_millis();
                assert!((longest / 2..=longest).contains(&pause), "{pause}");
            }
            assert_eq!(restarts.ended(now), Next::GiveUp);
        }
    }

    #[test]
    fn the_second_late_start_is_the_last() {
        let now = Instant::now();
        let mut restarts = Restarts::new(Jitter::seeded(1));
        assert!(matches!(restarts.late(now), Next::After(_)));
        assert_eq!(restarts.late(now), Next::GiveUp);
    }

    #[test]
    fn two_collectors_do_not_come_back_in_step() {
        let now = Instant::now();
        let first = |seed| Restarts::new(Jitter::seeded(seed)).ended(now);
        assert_ne!(first(1), first(2));
    }

    #[test]
    fn a_minute_of_health_makes_up_for_what_came_before() {
        let mut now = Instant::now();
        let mut restarts = Restarts::new(Jitter::seeded(1));
        for _ in 0..20 {
            restarts.ready(now);
            now += HEALTHY;
            assert!(pause(restarts.ended(now)) <= FIRST);
        }
    }

    #[test]
    fn less_than_a_minute_does_not() {
        let mut now = Instant::now();
        let mut restarts = Restarts::new(Jitter::seeded(1));
        for _ in 1..QUICK_ENDS {
            restarts.ready(now);
            now += HEALTHY - Duration::from_millis(1);
            assert!(matches!(restarts.ended(now), Next::After(_)));
        }
        restarts.ready(now);
        now += HEALTHY - Duration::from_millis(1);
        assert_eq!(restarts.ended(now), Next::GiveUp);
    }

    #[test]
    fn health_counts_from_the_last_time_it_was_ready() {
        let mut now = Instant::now();
        let mut restarts = Restarts::new(Jitter::seeded(1));
        restarts.ready(now);
        restarts.ended(now);
        now += HEALTHY * 2;
        // Exited again without having been ready: the time in between does not count as healthy.
        assert!(pause(restarts.ended(now)) >= FIRST);
    }
}
