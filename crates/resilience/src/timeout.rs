//! How long one attempt may take, and who is to blame for a timeout.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use glassbox_core::{Blame, Clock, Deadline, Decide, Retry};

/// The maximum duration of one attempt; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timeout(Duration);

/// A timeout of zero, under which no attempt could succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a timeout must be longer than zero")]
pub struct ZeroTimeout;

/// The time for one attempt: the sooner of the timeout and the caller's deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Allowance {
    limit: Duration,
    blame: Blame,
}

/// An attempt ran out of time.
///
/// The peer is to blame if it had the whole timeout. If the caller's deadline was sooner, the caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer within {limit:?}")]
pub struct Elapsed {
    limit: Duration,
    blame: Blame,
}

impl Timeout {
    /// A timeout of this length.
    ///
    /// # Errors
    /// If it is zero.
    pub const fn try_new(timeout: Duration) -> Result<Self, ZeroTimeout> {
        if timeout.is_zero() {
            Err(ZeroTimeout)
        } else {
            Ok(Self(timeout))
        }
    }

    /// The length.
    pub const fn as_duration(self) -> Duration {
        self.0
    }

    /// The time for an attempt that starts now.
    ///
    /// # Errors
    /// If the deadline has already passed: the attempt should not start.
    pub fn allow(
        self,
        deadline: Option<Deadline>,
        clock: &dyn Clock,
    ) -> Result<Allowance, Elapsed> {
        let peer = Allowance {
            limit: self.0,
            blame: Blame::Peer,
        };
        let caller = |limit| Allowance {
            limit,
            blame: Blame::Caller,
        };
        match deadline.map(|deadline| deadline.remaining(clock)) {
            None => Ok(peer),
            Some(None) => Err(caller(Duration::ZERO).elapsed()),
            Some(Some(left)) if left < self.0 => Ok(caller(left)),
            Some(Some(_)) => Ok(peer),
        }
    }
}

impl Allowance {
    /// How long the attempt may take.
    pub const fn limit(self) -> Duration {
        self.limit
    }

    /// The error of an attempt that took longer.
    pub const fn elapsed(self) -> Elapsed {
        Elapsed {
            limit: self.limit,
            blame: self.blame,
        }
    }

    /// Runs an attempt against the caller's timer, which should have the duration [`Allowance::limit`].
    ///
    /// # Errors
    /// If the timer completes first. If both are ready at the same moment, the attempt wins.
    ///
    /// # Cancel safety
    /// Dropping the future drops the attempt.
    pub async fn run<T>(
        self,
        timer: impl Future<Output = ()>,
        attempt: impl Future<Output = T>,
    ) -> Result<T, Elapsed> {
        let mut timer = pin!(timer);
        let mut attempt = pin!(attempt);
        poll_fn(|cx| {
            if let Poll::Ready(done) = attempt.as_mut().poll(cx) {
                return Poll::Ready(Ok(done));
            }
            timer.as_mut().poll(cx).map(|()| Err(self.elapsed()))
        })
        .await
    }
}

impl Elapsed {
    /// The time that the attempt had.
    pub const fn limit(&self) -> Duration {
        self.limit
    }
}

impl Decide for Elapsed {
    fn retry(&self) -> Retry {
        match self.blame {
            Blame::Peer => Retry::Backoff,
            Blame::Caller | Blame::Local => Retry::Never,
        }
    }

    fn blame(&self) -> Blame {
        self.blame
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_testkit::VirtualClock;
    use std::future::{pending, ready};
    use std::task::{Context, Waker};

    const SECOND: Duration = Duration::from_secs(1);

    fn allowed(deadline: Option<Duration>) -> Result<Allowance, Elapsed> {
        let clock = VirtualClock::new();
        let deadline = deadline.map(|left| Deadline::after(&clock, left));
        Timeout::try_new(5 * SECOND)
            .unwrap()
            .allow(deadline, &clock)
    }

    fn polled<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_try_may_take_the_sooner_of_timeout_and_deadline() {
        for (deadline, limit, blame) in [
            (None, 5, Blame::Peer),
            (Some(9), 5, Blame::Peer),
            (Some(5), 5, Blame::Peer),
            (Some(4), 4, Blame::Caller),
        ] {
            let allowance = allowed(deadline.map(Duration::from_secs)).unwrap();
            assert_eq!(allowance.limit(), limit * SECOND);
            assert_eq!(allowance.elapsed().blame(), blame, "{deadline:?}");
        }
    }

    #[test]
    fn a_peer_that_is_late_may_be_tried_again_and_a_hasty_caller_not() {
        let late = allowed(None).unwrap().elapsed();
        assert_eq!(late.retry(), Retry::Backoff);
        assert_eq!(late.to_string(), "no answer within 5s");
        let hasty = allowed(Some(SECOND)).unwrap().elapsed();
        assert_eq!(hasty.retry(), Retry::Never);
    }

    #[test]
    fn a_try_does_not_start_after_the_deadline() {
        let elapsed = allowed(Some(Duration::ZERO)).unwrap_err();
        assert_eq!(elapsed.blame(), Blame::Caller);
        assert_eq!(elapsed.limit(), Duration::ZERO);
    }

    #[test]
    fn the_first_of_timer_and_try_wins_and_the_try_if_both_are_ready() {
        let allowance = allowed(None).unwrap();
        assert_eq!(
            polled(allowance.run(pending(), ready(1))),
            Poll::Ready(Ok(1))
        );
        assert_eq!(
            polled(allowance.run(ready(()), ready(1))),
            Poll::Ready(Ok(1))
        );
        assert_eq!(
            polled(allowance.run(ready(()), pending::<u8>())),
            Poll::Ready(Err(allowance.elapsed()))
        );
        assert_eq!(
            polled(allowance.run(pending(), pending::<u8>())),
            Poll::Pending
        );
    }

    #[test]
    fn a_timeout_of_nothing_is_refused() {
        assert_eq!(Timeout::try_new(Duration::ZERO), Err(ZeroTimeout));
    }
}
