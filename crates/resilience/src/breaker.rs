//! A circuit breaker: calls to a failing peer fail at once, and a few probes detect its recovery.
//!
//! The states are closed, open and half-open, as in Nygard's *Release It!* and resilience4j.
//! `count_window` and [`Permit`] document the differences from existing crates.

mod config;
mod count_window;
mod counts;
mod guarded;
mod permit;
mod phase;
mod probes;
mod snapshot;
mod tally;

#[cfg(test)]
mod tests;

pub use config::{BreakerConfig, BreakerConfigError, SlowCalls, Window};
pub use guarded::{Guarded, Rejected};
pub use permit::Permit;
pub use phase::BreakerState;
pub use snapshot::{Snapshot, Transitions};

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use glassbox_core::{Clock, Decide};

use counts::Counts;
use phase::Phase;
use probes::Probes;
use tally::Tally;

/// A circuit breaker for one dependency.
///
/// While it is closed, a call takes no lock under a count window and a short one under a time window. It
/// keeps no timer: the next call notices that time has passed.
///
/// # Bounds
/// Memory is fixed by the configuration, regardless of the number of calls.
pub struct Breaker<C = Arc<dyn Clock>> {
    config: BreakerConfig,
    clock: C,
    /// The state and the number of its changes, in one word. A permit of an earlier phase is not
    /// counted.
    phase: AtomicU64,
    /// When an open breaker lets probes through. A hint that avoids the lock.
    reopens_at: AtomicU64,
    counts: Counts,
    rejected: AtomicU64,
    inner: Mutex<Inner>,
}

/// The data that changes with the state, under the lock.
#[derive(Debug)]
struct Inner {
    since: u64,
    probes: Probes,
    transitions: Transitions,
}

impl<C: Clock> Breaker<C> {
    /// A closed breaker.
    ///
    /// # Errors
    /// If the configuration is invalid, such as a breaker that could never open.
    pub fn try_new(config: BreakerConfig, clock: C) -> Result<Self, BreakerConfigError> {
        config.validate()?;
        let since = clock.now();
        Ok(Self {
            counts: Counts::over(config.window),
            config,
            clock,
            phase: AtomicU64::new(Phase::START.into()),
            reopens_at: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            inner: Mutex::new(Inner {
                since,
                probes: Probes::default(),
                transitions: Transitions::default(),
            }),
        })
    }

    /// Requests permission to make a call.
    ///
    /// # Errors
    /// If the breaker is open, or half-open with all its probes in progress.
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<'_, C>, Rejected> {
        let phase = self.phase();
        if phase.state() == BreakerState::Closed {
            Ok(self.permit(phase))
        } else {
            self.try_probe(phase)
        }
    }

    /// Makes a call if the breaker permits it, and records its outcome.
    ///
    /// # Errors
    /// The call's own error, or the breaker's rejection.
    ///
    /// # Cancel safety
    /// Dropping the future drops the call. A probe's permit is returned, and nothing is counted.
    pub async fn call<T, E, Call>(&self, call: Call) -> Result<T, Guarded<E>>
    where
        E: Decide,
        Call: AsyncFnOnce() -> Result<T, E>,
    {
        let permit = self.try_acquire().map_err(Guarded::Rejected)?;
        let result = call().await;
        permit.settle(&result);
        result.map_err(Guarded::Failed)
    }

    /// The state after the last call, as in [`snapshot`](Self::snapshot); takes no lock.
    pub fn state(&self) -> BreakerState {
        self.phase().state()
    }

    /// The state and counts of the breaker, for a metric or a health response.
    ///
    /// The state is that after the last call: an open breaker whose time is over remains open until the
    /// next call.
    pub fn snapshot(&self) -> Snapshot {
        let inner = self.inner();
        let tally = self.counts.tally(self.clock.now());
        Snapshot {
            state: self.phase().state(),
            since: Duration::from_nanos(inner.since),
            calls: tally.calls,
            failed: tally.failed,
            slow: tally.slow,
            rejected: self.rejected.load(Ordering::Relaxed),
            transitions: inner.transitions,
        }
    }

    #[cold]
    fn try_probe(&self, seen: Phase) -> Result<Permit<'_, C>, Rejected> {
        let now = self.clock.now();
        if seen.state() == BreakerState::Open {
            // Avoids the lock for calls that arrive while it is open.
            let left = self.reopens_at.load(Ordering::Relaxed).saturating_sub(now);
            if left > 0 {
                return Err(self.rejection(Some(left)));
            }
        }
        let mut inner = self.inner();
        let overdue = || {
            let half_open_for = now.saturating_sub(inner.since);
            half_open_for >= nanos(self.config.half_open_timeout)
        };
        match self.phase().state() {
            BreakerState::Closed => return Ok(self.permit(self.phase())),
            BreakerState::Open => {
                let left = self.reopens_at.load(Ordering::Relaxed).saturating_sub(now);
                if left > 0 {
                    return Err(self.rejection(Some(left)));
                }
                inner.probes = Probes::default();
                self.change(&mut inner, BreakerState::HalfOpen, now);
            }
            BreakerState::HalfOpen if overdue() => {
                self.change(&mut inner, BreakerState::Open, now);
                return Err(self.rejection(Some(nanos(self.config.open_for))));
            }
            BreakerState::HalfOpen => {}
        }
        if inner.probes.begin(self.config.probes) {
            Ok(self.permit(self.phase()))
        } else {
            Err(self.rejection(None))
        }
    }

    /// Counts an outcome of a call that began in this phase.
    #[inline]
    fn settle(&self, phase: Phase, started: u64, failed: bool) {
        if self.phase() != phase {
            return;
        }
        if phase.state() == BreakerState::Closed {
            let tally = self.count(started, failed);
            // Most calls end here, because nothing in the window failed or was slow.
            if (tally.failed | tally.slow) != 0
                && tally.calls >= u64::from(self.config.minimum_calls)
                && self.reaches_a_rate(tally)
            {
                self.open(phase);
            }
        } else {
            self.settle_probe(phase, started, failed);
        }
    }

    #[inline]
    fn count(&self, started: u64, failed: bool) -> Tally {
        // Reading the clock costs more than everything else here.
        let now = if self.times_calls() || self.counts.needs_time() {
            self.clock.now()
        } else {
            0
        };
        self.counts.add(now, failed, self.is_slow(started, now))
    }

    #[cold]
    fn open(&self, phase: Phase) {
        let mut inner = self.inner();
        if self.phase() == phase {
            self.change(&mut inner, BreakerState::Open, self.clock.now());
        }
    }

    #[cold]
    fn settle_probe(&self, phase: Phase, started: u64, failed: bool) {
        let mut inner = self.inner();
        if self.phase() != phase {
            return;
        }
        let now = self.clock.now();
        let slow = self.is_slow(started, now);
        let tally = inner.probes.end(failed, slow);
        let wanted = u64::from(self.config.probes);
        // Relative to all requested probes: once too many failed, the remaining ones cannot change the
        // decision.
        let of_wanted = Tally {
            calls: wanted,
            ..tally
        };
        if self.reaches_a_rate(of_wanted) {
            self.change(&mut inner, BreakerState::Open, now);
        } else if tally.calls == wanted {
            self.counts.clear();
            self.change(&mut inner, BreakerState::Closed, now);
        }
    }

    #[cold]
    fn return_probe(&self, phase: Phase) {
        let mut inner = self.inner();
        if self.phase() == phase {
            inner.probes.cancel();
        }
    }

    fn change(&self, inner: &mut Inner, to: BreakerState, now: u64) {
        let phase = self.phase();
        inner.since = now;
        inner.transitions.count(phase.state(), to);
        if to == BreakerState::Open {
            let at = now.saturating_add(nanos(self.config.open_for));
            self.reopens_at.store(at, Ordering::Relaxed);
        }
        // Makes earlier stores visible to every thread that sees the new phase.
        self.phase.store(phase.next(to).into(), Ordering::Release);
    }

    fn reaches_a_rate(&self, tally: Tally) -> bool {
        let reaches = |count: u64, rate: f64| count as f64 / tally.calls as f64 >= rate;
        reaches(tally.failed, self.config.failure_rate)
            || self
                .config
                .slow_calls
                .is_some_and(|slow| reaches(tally.slow, slow.rate))
    }

    fn is_slow(&self, started: u64, now: u64) -> bool {
        self.config
            .slow_calls
            .is_some_and(|slow| now.saturating_sub(started) >= nanos(slow.from))
    }

    const fn times_calls(&self) -> bool {
        self.config.slow_calls.is_some()
    }

    #[inline]
    fn permit(&self, phase: Phase) -> Permit<'_, C> {
        let started = if self.times_calls() {
            self.clock.now()
        } else {
            0
        };
        Permit::new(self, phase, started)
    }

    fn rejection(&self, left: Option<u64>) -> Rejected {
        self.rejected.fetch_add(1, Ordering::Relaxed);
        Rejected::new(left.map(Duration::from_nanos))
    }

    #[inline]
    fn phase(&self) -> Phase {
        self.phase.load(Ordering::Acquire).into()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        locked(&self.inner)
    }
}

impl<C> fmt::Debug for Breaker<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = Phase::from(self.phase.load(Ordering::Acquire));
        f.debug_struct("Breaker")
            .field("config", &self.config)
            .field("state", &phase.state())
            .finish_non_exhaustive()
    }
}

/// No code panics under these locks, and every holder leaves the guarded data consistent.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
