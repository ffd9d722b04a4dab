//! The async wrapper of [`Attempts`]: calls, waits and calls again.

use std::future::{Future, Pending, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use glassbox_core::{Blame, Clock, Decide, Retry};

use super::attempts::{Attempts, Next, Stop};

/// Calls `operation` with the number of the attempt, from one, until it succeeds or should stop.
///
/// `sleep` is the runtime's own: `tokio::time::sleep`, or a test's. Nothing happens before
/// [`run`](Retrying::run).
///
/// ```
/// # use glassbox_core::{Blame, Decide, Retry};
/// # #[derive(Debug, thiserror::Error)]
/// # #[error("unavailable")]
/// # struct Unavailable;
/// # impl Decide for Unavailable {
/// #     fn retry(&self) -> Retry { Retry::Backoff }
/// #     fn blame(&self) -> Blame { Blame::Peer }
/// # }
/// # async fn ask(attempt: u32) -> Result<u32, Unavailable> {
/// #     if attempt < 2 { Err(Unavailable) } else { Ok(attempt) }
/// # }
/// use glassbox_resilience::{Jitter, Next, RetryPolicy, retry};
/// use glassbox_testkit::VirtualClock;
///
/// let clock = VirtualClock::new();
/// let mut pauses = Vec::new();
/// let attempts = RetryPolicy::default().attempts(Jitter::seeded(7));
/// let answer = retry(attempts, &clock, |pause| clock.sleep(pause), ask)
///     .cancelled_by(std::future::pending())
///     .observed_by(|failed| {
///         if let Next::Retry(pause) = failed.next {
///             pauses.push(pause);
///         }
///     });
/// assert_eq!(clock.run(answer.run()).unwrap(), 2);
/// assert_eq!(pauses.len(), 1);
/// ```
pub fn retry<'a, T, E, Sleep, Wait, Operation, Attempt>(
    attempts: Attempts<'a>,
    clock: &'a dyn Clock,
    sleep: Sleep,
    operation: Operation,
) -> Retrying<'a, Sleep, Operation, Pending<()>, Unobserved<E>>
where
    E: Decide,
    Sleep: FnMut(Duration) -> Wait,
    Wait: Future<Output = ()>,
    Operation: FnMut(u32) -> Attempt,
    Attempt: Future<Output = Result<T, E>>,
{
    Retrying {
        attempts,
        clock,
        sleep,
        operation,
        cancelled: pending(),
        observer: |_| {},
    }
}

/// The observer type of a call without an observer.
type Unobserved<E> = fn(FailedAttempt<'_, E>);

/// A call that is retried when it fails; see [`retry`].
#[must_use = "nothing is called before `run`"]
pub struct Retrying<'a, Sleep, Operation, Cancelled, Observer> {
    attempts: Attempts<'a>,
    clock: &'a dyn Clock,
    sleep: Sleep,
    operation: Operation,
    cancelled: Cancelled,
    observer: Observer,
}

/// A failed attempt, and what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedAttempt<'a, E> {
    /// Why it failed.
    pub error: &'a E,
    /// Its number, from one.
    pub number: u32,
    /// The pause before the next attempt, or why there is none.
    pub next: Next,
}

impl<'a, T, E, Sleep, Wait, Operation, Attempt, Cancelled, Observer>
    Retrying<'a, Sleep, Operation, Cancelled, Observer>
where
    E: Decide,
    Sleep: FnMut(Duration) -> Wait,
    Wait: Future<Output = ()>,
    Operation: FnMut(u32) -> Attempt,
    Attempt: Future<Output = Result<T, E>>,
    Cancelled: Future<Output = ()>,
    Observer: FnMut(FailedAttempt<'_, E>),
{
    /// Stops as soon as this completes, usually [`Cx::cancelled`](glassbox_core::Cx::cancelled).
    ///
    /// It ends a pause. An attempt in progress is not dropped: it handles the cancellation itself, and
    /// ends on its own.
    pub fn cancelled_by<Other: Future<Output = ()>>(
        self,
        cancelled: Other,
    ) -> Retrying<'a, Sleep, Operation, Other, Observer> {
        Retrying {
            attempts: self.attempts,
            clock: self.clock,
            sleep: self.sleep,
            operation: self.operation,
            cancelled,
            observer: self.observer,
        }
    }

    /// Reports each failed attempt, before the pause that may follow.
    ///
    /// A cancellation during the pause is reported once more, with [`Stop::Cancelled`].
    pub fn observed_by<Other: FnMut(FailedAttempt<'_, E>)>(
        self,
        observer: Other,
    ) -> Retrying<'a, Sleep, Operation, Cancelled, Other> {
        Retrying {
            attempts: self.attempts,
            clock: self.clock,
            sleep: self.sleep,
            operation: self.operation,
            cancelled: self.cancelled,
            observer,
        }
    }

    /// Makes the call.
    ///
    /// # Errors
    /// The last error, the one before it, the number of attempts, and why there were no more.
    ///
    /// # Cancel safety
    /// Dropping the future drops the attempt or the pause in progress; no other state is kept.
    pub async fn run(self) -> Result<T, RetryError<E>> {
        let Self {
            mut attempts,
            clock,
            mut sleep,
            mut operation,
            cancelled,
            mut observer,
        } = self;
        let mut cancelled = pin!(cancelled);
        let mut before = None;
        loop {
            let number = attempts.number();
            let error = match operation(number).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let mut next = attempts.next(&error, clock);
            let mut report = |next| {
                observer(FailedAttempt {
                    error: &error,
                    number,
                    next,
                });
            };
            report(next);
            if let Next::Retry(pause) = next
                && is_first(cancelled.as_mut(), sleep(pause)).await
            {
                next = Next::Stop(Stop::Cancelled);
                report(next);
            }
            if let Next::Stop(stop) = next {
                return Err(RetryError {
                    error,
                    before,
                    attempts: number,
                    stop,
                });
            }
            before = Some(error);
        }
    }
}

/// Whether the cancellation comes before the end of the pause. If both come at once, it does.
async fn is_first(
    mut cancelled: Pin<&mut impl Future<Output = ()>>,
    pause: impl Future<Output = ()>,
) -> bool {
    let mut pause = pin!(pause);
    poll_fn(|context| {
        if cancelled.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        pause.as_mut().poll(context).map(|()| false)
    })
    .await
}

/// The last error of a call that is not retried any further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("gave up after {attempts} {}: {stop}", if *attempts == 1 { "attempt" } else { "attempts" })]
pub struct RetryError<E> {
    #[source]
    error: E,
    before: Option<E>,
    attempts: u32,
    stop: Stop,
}

impl<E> RetryError<E> {
    /// Why the last attempt failed.
    pub const fn error(&self) -> &E {
        &self.error
    }

    /// Why the last attempt failed, without the other details.
    pub fn into_error(self) -> E {
        self.error
    }

    /// Why the last attempt failed, and the error before it. If the last attempt timed out, the earlier
    /// error is often more informative.
    pub fn into_errors(self) -> (E, Option<E>) {
        (self.error, self.before)
    }

    /// How many attempts there were.
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Why there were no more attempts.
    pub const fn stop(&self) -> Stop {
        self.stop
    }
}

impl<E: Decide> Decide for RetryError<E> {
    fn retry(&self) -> Retry {
        self.error.retry()
    }

    fn blame(&self) -> Blame {
        self.error.blame()
    }
}
