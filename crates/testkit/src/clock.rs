//! Time that moves only when the test advances it.

mod sleep;

pub use sleep::Sleep;

use glassbox_core::Clock;
use sleep::Sleepers;
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

/// A clock that stands still until [`advance`](Self::advance). Clones share the same time.
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
pub struct VirtualClock(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    now: AtomicU64,
    sleepers: Sleepers,
}

impl VirtualClock {
    /// Creates a clock at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a clock at `start` since its own beginning.
    pub fn starting_at(start: Duration) -> Self {
        let clock = Self::new();
        clock.advance(start);
        clock
    }

    /// Advances the time of every clone; it stops at the maximum of a `u64` of nanoseconds.
    pub fn advance(&self, by: Duration) {
        let by = nanos(by);
        self.0
            .now
            .update(Ordering::SeqCst, Ordering::SeqCst, |now| {
                now.saturating_add(by)
            });
        self.0.sleepers.wake(self.now());
    }

    /// The time since the clock's beginning.
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.now())
    }

    /// Completes when the clock has advanced by `duration` from now.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::until(self.clone(), self.now().saturating_add(nanos(duration)))
    }

    /// Polls a future to completion. Whenever it waits, the clock jumps to the end of the shortest
    /// [`sleep`](Self::sleep).
    ///
    /// ```
    /// use glassbox_testkit::VirtualClock;
    /// use std::time::Duration;
    ///
    /// let clock = VirtualClock::new();
    /// clock.run(clock.sleep(Duration::from_secs(3600)));
    /// assert_eq!(clock.elapsed(), Duration::from_secs(3600));
    /// ```
    ///
    /// # Panics
    /// If the future waits for something other than this clock.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(woken.clone());
        let mut context = Context::from_waker(&waker);
        loop {
            if woken.0.swap(false, Ordering::SeqCst) {
                if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                    return value;
                }
                continue;
            }
            let next = self.0.sleepers.first();
            let next = next.expect("the future waits for something other than the virtual clock");
            self.advance(Duration::from_nanos(next.saturating_sub(self.now())));
        }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> u64 {
        self.0.now.load(Ordering::SeqCst)
    }
}

/// Records that the future was woken.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
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

    #[test]
    fn sleeps_end_in_the_order_of_their_times() {
        let clock = VirtualClock::new();
        let mut long = pin!(clock.sleep(Duration::from_secs(2)));
        let mut short = pin!(clock.sleep(Duration::from_secs(1)));
        let first = clock.run(std::future::poll_fn(|context| {
            if long.as_mut().poll(context).is_ready() {
                return Poll::Ready("long");
            }
            short.as_mut().poll(context).map(|()| "short")
        }));
        assert_eq!((first, clock.elapsed()), ("short", Duration::from_secs(1)));
        clock.run(long);
        assert_eq!(clock.elapsed(), Duration::from_secs(2));
    }

    #[test]
    #[should_panic(expected = "something other than the virtual clock")]
    fn a_future_that_waits_for_something_else_is_not_waited_for() {
        VirtualClock::new().run(std::future::pending::<()>());
    }
}
