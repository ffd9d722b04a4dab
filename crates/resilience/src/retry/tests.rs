//! When a call is retried, and when it is not.

use std::cell::RefCell;
use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use glassbox_core::{Blame, Deadline, Decide, Retry};
use glassbox_testkit::VirtualClock;
use proptest::prelude::*;

use super::*;
use crate::Jitter;

const SECOND: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("no")]
struct Failure(Retry);

impl Decide for Failure {
    fn retry(&self) -> Retry {
        self.0
    }

    fn blame(&self) -> Blame {
        Blame::Peer
    }
}

const AGAIN: Failure = Failure(Retry::Backoff);

fn policy(attempts: u32) -> RetryPolicy {
    let backoff = Backoff::try_new(SECOND, 4 * SECOND).unwrap();
    RetryPolicy::try_new(attempts, backoff).unwrap()
}

fn attempts(of: u32) -> Attempts<'static> {
    policy(of).attempts(Jitter::seeded(1))
}

fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing to wait for"),
    }
}

#[test]
fn it_is_tried_as_often_as_the_policy_allows() {
    let clock = VirtualClock::new();
    let mut attempts = attempts(3);
    assert_eq!(attempts.number(), 1);
    assert!(matches!(attempts.next(&AGAIN, &clock), Next::Retry(_)));
    assert!(matches!(attempts.next(&AGAIN, &clock), Next::Retry(_)));
    assert_eq!(attempts.number(), 3);
    assert_eq!(
        attempts.next(&AGAIN, &clock),
        Next::Stop(Stop::AttemptsExhausted)
    );
    assert_eq!(attempts.number(), 3);
}

#[test]
fn what_would_fail_again_is_not_tried_again() {
    let never = Failure(Retry::Never);
    assert_eq!(
        attempts(3).next(&never, &VirtualClock::new()),
        Next::Stop(Stop::NotRetryable)
    );
}

#[test]
fn the_ceiling_doubles_up_to_the_cap() {
    let backoff = Backoff::try_new(SECOND, 5 * SECOND).unwrap();
    let ceilings = [1, 2, 3, 4, 40, u32::MAX].map(|attempt| backoff.ceiling(attempt).as_secs());
    assert_eq!(ceilings, [1, 2, 4, 5, 5, 5]);
}

#[test]
fn the_wait_that_the_peer_asks_for_is_a_floor() {
    let clock = VirtualClock::new();
    for seed in 0..100 {
        let mut attempts = policy(2).attempts(Jitter::seeded(seed));
        let Next::Retry(delay) = attempts.next(&Failure(Retry::After(7 * SECOND)), &clock) else {
            panic!("it may be tried again");
        };
        assert!((7 * SECOND..=8 * SECOND).contains(&delay), "{delay:?}");
    }
}

#[test]
fn a_wait_that_is_too_long_ends_the_call() {
    let wait = Failure(Retry::After(61 * SECOND));
    assert_eq!(
        attempts(2).next(&wait, &VirtualClock::new()),
        Next::Stop(Stop::WaitTooLong)
    );
    let patient = policy(2).longest_wait(100 * SECOND);
    let mut attempts = patient.attempts(Jitter::seeded(1));
    assert!(matches!(
        attempts.next(&wait, &VirtualClock::new()),
        Next::Retry(_)
    ));
}

#[test]
fn a_try_that_could_not_finish_before_the_deadline_does_not_start() {
    let clock = VirtualClock::new();
    let deadline = Deadline::after(&clock, 10 * SECOND);
    let wait = Failure(Retry::After(5 * SECOND));
    let mut in_time = attempts(2).until(Some(deadline)).expecting(3 * SECOND);
    assert!(matches!(in_time.next(&wait, &clock), Next::Retry(_)));
    let mut too_late = attempts(2).until(Some(deadline)).expecting(5 * SECOND);
    assert_eq!(
        too_late.next(&wait, &clock),
        Next::Stop(Stop::DeadlineTooNear)
    );
    for seed in 0..100 {
        // No time is left after a wait that ends with the deadline.
        let tiny = Backoff::try_new(Duration::from_nanos(1), SECOND).unwrap();
        let policy = RetryPolicy::try_new(2, tiny).unwrap();
        let mut attempts = policy
            .attempts(Jitter::seeded(seed))
            .until(Some(Deadline::after(&clock, 5 * SECOND)));
        let next = attempts.next(&wait, &clock);
        assert_eq!(next, Next::Stop(Stop::DeadlineTooNear));
    }
    clock.advance(10 * SECOND);
    let mut passed = attempts(2).until(Some(deadline));
    assert_eq!(
        passed.next(&AGAIN, &clock),
        Next::Stop(Stop::DeadlineTooNear)
    );
}

#[test]
fn a_budget_is_shared_by_the_calls_and_comes_back_with_time() {
    let clock = VirtualClock::new();
    let budget = RetryBudget::try_new(10 * SECOND, 0, 0.2).unwrap();
    let retried = |clock: &VirtualClock| {
        let mut attempts = attempts(2).paying_from(&budget, clock);
        match attempts.next(&AGAIN, clock) {
            Next::Retry(_) => true,
            stop => {
                assert_eq!(stop, Next::Stop(Stop::BudgetExhausted));
                false
            }
        }
    };
    let retries = (0..100).filter(|_| retried(&clock)).count();
    assert_eq!(retries, 20);
    clock.advance(10 * SECOND);
    let retries = (0..10).filter(|_| retried(&clock)).count();
    assert_eq!(retries, 2);
}

#[test]
fn a_reserve_lets_the_first_calls_retry() {
    let clock = VirtualClock::new();
    let budget = RetryBudget::try_new(10 * SECOND, 1, 0.0).unwrap();
    assert_eq!((0..100).filter(|_| budget.withdraw(&clock)).count(), 10);
    clock.advance(SECOND);
    assert!(!budget.withdraw(&clock));
    clock.advance(9 * SECOND);
    assert!(budget.withdraw(&clock));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let backoff = Backoff::try_new(Duration::ZERO, SECOND);
    assert_eq!(backoff, Err(RetryPolicyError::NoBase));
    assert_eq!(
        Backoff::try_new(2 * SECOND, SECOND)
            .unwrap_err()
            .to_string(),
        "the longest wait, 1s, must not be shorter than the first, 2s"
    );
    assert_eq!(
        RetryPolicy::try_new(0, Backoff::default()),
        Err(RetryPolicyError::NoAttempts)
    );
    for ratio in [-0.1, 1000.1, f64::NAN] {
        assert!(RetryBudget::try_new(SECOND, 1, ratio).is_err(), "{ratio}");
    }
    assert!(RetryBudget::try_new(Duration::from_micros(999), 1, 0.1).is_err());
}

/// Fails this many times, then returns the number of the attempt.
fn flaky(failures: u32) -> impl FnMut(u32) -> std::future::Ready<Result<u32, Failure>> {
    move |attempt| {
        ready(if attempt <= failures {
            Err(AGAIN)
        } else {
            Ok(attempt)
        })
    }
}

#[test]
fn the_loop_waits_between_the_attempts_and_returns_the_first_success() {
    let clock = VirtualClock::new();
    let slept = RefCell::new(Vec::new());
    let sleep = |pause| {
        slept.borrow_mut().push(pause);
        clock.sleep(pause)
    };
    let answer = clock.run(retry(attempts(5), &clock, sleep, flaky(2)).run());
    assert_eq!(answer, Ok(3));
    let slept = slept.into_inner();
    assert_eq!(slept.len(), 2);
    assert!(slept[0] <= SECOND && slept[1] <= 2 * SECOND, "{slept:?}");
    assert_eq!(clock.elapsed(), slept[0] + slept[1]);
}

#[test]
fn the_loop_returns_the_last_error_with_what_ended_it() {
    let clock = VirtualClock::new();
    let error = |attempt| {
        let retry = if attempt == 1 {
            Retry::Backoff
        } else {
            Retry::Never
        };
        ready(Err::<(), _>(Failure(retry)))
    };
    let answer = clock.run(retry(attempts(3), &clock, |pause| clock.sleep(pause), error).run());
    let error = answer.unwrap_err();
    assert_eq!(
        error.to_string(),
        "gave up after 2 attempts: the same request would fail again"
    );
    assert_eq!(error.stop(), Stop::NotRetryable);
    assert_eq!(error.attempts(), 2);
    assert_eq!(error.blame(), Blame::Peer);
    assert_eq!(error.into_errors(), (Failure(Retry::Never), Some(AGAIN)));
}

#[test]
fn the_observer_sees_each_failure_with_what_comes_next() {
    let clock = VirtualClock::new();
    let mut seen = Vec::new();
    let retried = retry(attempts(2), &clock, |pause| clock.sleep(pause), flaky(9))
        .observed_by(|failed| seen.push((clock.elapsed(), failed.number, failed.next)));
    let error = clock.run(retried.run()).unwrap_err();
    assert_eq!(error.stop(), Stop::AttemptsExhausted);
    let pause = clock.elapsed();
    assert_eq!(
        seen,
        [
            (Duration::ZERO, 1, Next::Retry(pause)),
            (pause, 2, Next::Stop(Stop::AttemptsExhausted))
        ]
    );
}

#[test]
fn a_caller_who_gives_up_ends_the_pause_and_no_other_attempt_begins() {
    let clock = VirtualClock::new();
    let begun = RefCell::new(0);
    let mut seen = Vec::new();
    let patient = policy(5).attempts(Jitter::seeded(1));
    let wait = |_| {
        *begun.borrow_mut() += 1;
        ready(Err::<(), _>(Failure(Retry::After(9 * SECOND))))
    };
    let retried = retry(patient, &clock, |pause| clock.sleep(pause), wait)
        .cancelled_by(clock.sleep(SECOND))
        .observed_by(|failed| seen.push(failed.next));
    let error = clock.run(retried.run()).unwrap_err();
    assert_eq!((error.stop(), error.attempts()), (Stop::Cancelled, 1));
    assert_eq!((*begun.borrow(), clock.elapsed()), (1, SECOND));
    assert!(matches!(
        seen[..],
        [Next::Retry(_), Next::Stop(Stop::Cancelled)]
    ));
}

#[test]
fn an_attempt_that_is_under_way_ends_by_itself() {
    let clock = VirtualClock::new();
    let slow = |_| async {
        clock.sleep(5 * SECOND).await;
        Ok::<_, Failure>("done")
    };
    let retried = retry(attempts(2), &clock, |pause| clock.sleep(pause), slow)
        .cancelled_by(clock.sleep(SECOND));
    assert_eq!(clock.run(retried.run()), Ok("done"));
}

#[test]
fn a_pause_that_would_outlast_the_deadline_is_not_begun() {
    let clock = VirtualClock::new();
    let deadline = Deadline::after(&clock, 3 * SECOND);
    let attempts = attempts(5).until(Some(deadline));
    let wait = |_| ready(Err::<(), _>(Failure(Retry::After(3 * SECOND))));
    let error = clock
        .run(retry(attempts, &clock, |pause| clock.sleep(pause), wait).run())
        .unwrap_err();
    assert_eq!(error.stop(), Stop::DeadlineTooNear);
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

proptest! {
    #[test]
    fn no_wait_ends_after_the_deadline_or_beyond_its_ceiling(
        seed: u64,
        deadline in 0..20_000_u64,
        took in prop::collection::vec((0..2_000_u64, prop::option::of(0..5_000_u64)), 0..20),
    ) {
        let clock = VirtualClock::new();
        let ends = Duration::from_millis(deadline);
        let policy = policy(10);
        let mut attempts = policy
            .attempts(Jitter::seeded(seed))
            .until(Some(Deadline::after(&clock, ends)));
        let mut elapsed = Duration::ZERO;
        for (took, after) in took {
            let took = Duration::from_millis(took);
            clock.advance(took);
            elapsed += took;
            let floor = after.map_or(Duration::ZERO, Duration::from_millis);
            let error = Failure(after.map_or(Retry::Backoff, |_| Retry::After(floor)));
            let number = attempts.number();
            let Next::Retry(delay) = attempts.next(&error, &clock) else { break };
            prop_assert!(delay >= floor);
            prop_assert!(delay <= floor + policy.backoff.ceiling(number));
            clock.advance(delay);
            elapsed += delay;
            prop_assert!(elapsed < ends);
        }
        prop_assert!(attempts.number() <= 10);
    }
}

#[test]
fn a_retried_call_can_be_boxed_and_sent_with_everything_around_it() {
    use crate::{Breaker, BreakerConfig, Elapsed, Guarded, Timeout};

    #[derive(Debug, thiserror::Error)]
    enum AskError {
        #[error("no answer")]
        Late(#[from] Elapsed),
        #[error("refused")]
        Refused(#[from] Failure),
    }

    impl Decide for AskError {
        fn retry(&self) -> Retry {
            match self {
                Self::Late(late) => late.retry(),
                Self::Refused(failure) => failure.retry(),
            }
        }

        fn blame(&self) -> Blame {
            match self {
                Self::Late(late) => late.blame(),
                Self::Refused(failure) => failure.blame(),
            }
        }
    }

    type Answer = Result<u32, RetryError<Guarded<AskError>>>;

    fn boxed<'a>(
        breaker: &'a Breaker<VirtualClock>,
        clock: &'a VirtualClock,
    ) -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        let timeout = Timeout::try_new(SECOND).unwrap();
        let deadline = Some(Deadline::after(clock, 60 * SECOND));
        let attempts = attempts(3).until(deadline);
        let call = retry(
            attempts,
            clock,
            |_| ready(()),
            move |attempt| {
                breaker.call(async move || {
                    let allowance = timeout.allow(deadline, clock)?;
                    let answer = async {
                        if attempt < 2 {
                            return std::future::pending().await;
                        }
                        if attempt < 3 { Err(AGAIN) } else { Ok(attempt) }
                    };
                    // The timer of the first attempt completes at once, those of the others never.
                    let timer = async {
                        if attempt > 1 {
                            std::future::pending().await
                        }
                    };
                    Ok(allowance.run(timer, answer).await??)
                })
            },
        );
        Box::pin(call.cancelled_by(std::future::pending()).run())
    }

    let clock = VirtualClock::new();
    let breaker = Breaker::try_new(BreakerConfig::default(), clock.clone()).unwrap();
    assert_eq!(now(boxed(&breaker, &clock)).unwrap(), 3);
    assert_eq!(breaker.snapshot().calls, 3);
    assert_eq!(breaker.snapshot().failed, 2);
}
