//! The state machine, step by step and against a naive model.

mod model;

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use glassbox_core::{Blame, Decide, Retry};
use glassbox_testkit::VirtualClock;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

struct Failure(Blame);

impl Decide for Failure {
    fn retry(&self) -> Retry {
        Retry::Backoff
    }

    fn blame(&self) -> Blame {
        self.0
    }
}

fn breaker(config: BreakerConfig) -> (Breaker<VirtualClock>, VirtualClock) {
    let clock = VirtualClock::new();
    (Breaker::try_new(config, clock.clone()).unwrap(), clock)
}

fn fail<C: Clock>(breaker: &Breaker<C>) {
    breaker.try_acquire().unwrap().fail(Blame::Peer);
}

fn succeed<C: Clock>(breaker: &Breaker<C>) {
    breaker.try_acquire().unwrap().succeed();
}

fn state<C: Clock>(breaker: &Breaker<C>) -> BreakerState {
    breaker.snapshot().state
}

/// A breaker opened by two failures, at the time when it permits probes.
fn due(config: BreakerConfig) -> (Breaker<VirtualClock>, VirtualClock) {
    let (breaker, clock) = breaker(config.window(Window::Count(2)).minimum_calls(2));
    fail(&breaker);
    fail(&breaker);
    assert_eq!(state(&breaker), BreakerState::Open);
    clock.advance(30 * SECOND);
    (breaker, clock)
}

#[test]
fn it_opens_at_the_rate_and_not_before_the_minimum() {
    let (breaker, _) = breaker(BreakerConfig::default());
    for _ in 0..9 {
        fail(&breaker);
    }
    assert_eq!(state(&breaker), BreakerState::Closed);
    fail(&breaker);
    assert_eq!(state(&breaker), BreakerState::Open);
    assert_eq!(breaker.snapshot().transitions.opened, 1);
}

#[test]
fn ten_thousand_successes_do_not_blind_it() {
    let (breaker, _) = breaker(BreakerConfig::default());
    for _ in 0..10_000 {
        succeed(&breaker);
    }
    for _ in 0..49 {
        fail(&breaker);
    }
    assert_eq!(state(&breaker), BreakerState::Closed);
    fail(&breaker);
    assert_eq!(state(&breaker), BreakerState::Open);
}

#[test]
fn a_success_that_completes_the_minimum_can_open_it() {
    let (breaker, _) = breaker(BreakerConfig::default().minimum_calls(3));
    fail(&breaker);
    fail(&breaker);
    succeed(&breaker);
    assert_eq!(state(&breaker), BreakerState::Open);
}

#[test]
fn only_what_the_peer_is_to_blame_for_counts() {
    let (breaker, _) = breaker(BreakerConfig::default().minimum_calls(1));
    for _ in 0..1_000 {
        breaker.try_acquire().unwrap().fail(Blame::Caller);
        breaker.try_acquire().unwrap().fail(Blame::Local);
        drop(breaker.try_acquire().unwrap());
    }
    assert_eq!(breaker.snapshot().calls, 0);
    let result: Result<(), _> = Err(Failure(Blame::Peer));
    breaker.try_acquire().unwrap().settle(&result);
    assert_eq!(state(&breaker), BreakerState::Open);
}

#[test]
fn an_open_breaker_says_when_to_come_back() {
    let (breaker, clock) = breaker(BreakerConfig::default().minimum_calls(1));
    fail(&breaker);
    clock.advance(10 * SECOND);
    let rejected = breaker.try_acquire().unwrap_err();
    assert_eq!(rejected.retry_after(), Some(20 * SECOND));
    assert_eq!(rejected.retry(), Retry::After(20 * SECOND));
    assert_eq!(rejected.blame(), Blame::Local);
    assert_eq!(breaker.snapshot().rejected, 1);
}

#[test]
fn it_closes_when_the_probes_succeed_and_forgets_the_failures() {
    let (breaker, _) = due(BreakerConfig::default());
    for _ in 0..3 {
        assert_ne!(state(&breaker), BreakerState::Closed);
        succeed(&breaker);
    }
    let snapshot = breaker.snapshot();
    assert_eq!(snapshot.state, BreakerState::Closed);
    assert_eq!((snapshot.calls, snapshot.failed), (0, 0));
    assert_eq!(snapshot.since, 30 * SECOND);
    assert_eq!(snapshot.transitions.half_opened, 1);
    assert_eq!(snapshot.transitions.closed, 1);
}

#[test]
fn it_opens_again_as_soon_as_the_probes_cannot_reach_the_rate() {
    let (breaker, _) = due(BreakerConfig::default());
    fail(&breaker);
    assert_eq!(state(&breaker), BreakerState::HalfOpen);
    fail(&breaker);
    assert_eq!(state(&breaker), BreakerState::Open);
    assert_eq!(breaker.snapshot().transitions.reopened, 1);
    let rejected = breaker.try_acquire().unwrap_err();
    assert_eq!(rejected.retry_after(), Some(30 * SECOND));
}

#[test]
fn a_half_open_breaker_lets_no_more_than_its_probes_through() {
    let (breaker, _) = due(BreakerConfig::default());
    let permits: Vec<_> = (0..3).map(|_| breaker.try_acquire().unwrap()).collect();
    let rejected = breaker.try_acquire().unwrap_err();
    assert_eq!(rejected.retry(), Retry::Backoff);
    drop(permits);
    assert!(breaker.try_acquire().is_ok());
}

#[test]
fn a_probe_that_is_dropped_or_says_nothing_gives_its_permit_back() {
    let (breaker, _) = due(BreakerConfig::default().probes(1));
    for _ in 0..10 {
        drop(breaker.try_acquire().unwrap());
        breaker.try_acquire().unwrap().fail(Blame::Caller);
    }
    assert_eq!(state(&breaker), BreakerState::HalfOpen);
    succeed(&breaker);
    assert_eq!(state(&breaker), BreakerState::Closed);
}

#[test]
fn a_probe_that_hangs_does_not_hold_it_half_open_for_ever() {
    let (breaker, clock) = due(BreakerConfig::default().probes(1));
    let hanging = breaker.try_acquire().unwrap();
    clock.advance(59 * SECOND);
    assert!(breaker.try_acquire().is_err());
    assert_eq!(state(&breaker), BreakerState::HalfOpen);
    clock.advance(SECOND);
    assert!(breaker.try_acquire().is_err());
    assert_eq!(state(&breaker), BreakerState::Open);
    clock.advance(30 * SECOND);
    let probe = breaker.try_acquire().unwrap();
    // It belongs to an earlier phase, so neither its outcome nor its permit counts in this one.
    hanging.fail(Blame::Peer);
    assert!(breaker.try_acquire().is_err());
    probe.succeed();
    assert_eq!(state(&breaker), BreakerState::Closed);
}

#[test]
fn a_call_that_began_before_it_opened_counts_for_nothing() {
    let (breaker, clock) = breaker(BreakerConfig::default().minimum_calls(1).probes(2));
    let early = breaker.try_acquire().unwrap();
    let other = breaker.try_acquire().unwrap();
    fail(&breaker);
    early.fail(Blame::Peer);
    clock.advance(30 * SECOND);
    succeed(&breaker);
    other.fail(Blame::Peer);
    succeed(&breaker);
    assert_eq!(state(&breaker), BreakerState::Closed);
    assert_eq!(breaker.snapshot().calls, 0);
}

#[test]
fn slow_calls_open_it_though_they_succeed() {
    let slow = SlowCalls::new(2 * SECOND, 0.5);
    for window in [Window::Count(10), Window::Time(100 * SECOND)] {
        let config = BreakerConfig::default()
            .window(window)
            .minimum_calls(4)
            .slow_calls(slow);
        let (breaker, clock) = breaker(config);
        for took in [1, 2, 1, 3] {
            assert_eq!(state(&breaker), BreakerState::Closed);
            let permit = breaker.try_acquire().unwrap();
            clock.advance(took * SECOND);
            permit.succeed();
        }
        assert_eq!(state(&breaker), BreakerState::Open);
        assert_eq!(breaker.snapshot().slow, 2);
        assert_eq!(breaker.snapshot().failed, 0);
    }
}

#[test]
fn a_time_window_forgets_what_is_older() {
    let config = BreakerConfig::default()
        .window(Window::Time(10 * SECOND))
        .minimum_calls(4);
    let (breaker, clock) = breaker(config);
    for _ in 0..3 {
        fail(&breaker);
    }
    clock.advance(10 * SECOND);
    assert_eq!(breaker.snapshot().calls, 0);
    for _ in 0..3 {
        fail(&breaker);
    }
    assert_eq!(state(&breaker), BreakerState::Closed);
    clock.advance(9 * SECOND);
    fail(&breaker);
    assert_eq!(state(&breaker), BreakerState::Open);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refused = |config: BreakerConfig| {
        Breaker::try_new(config, VirtualClock::new())
            .unwrap_err()
            .to_string()
    };
    let sound = BreakerConfig::default();
    assert_eq!(
        refused(sound.failure_rate(0.0)),
        "the failure rate must be above 0 and at most 1, and is 0"
    );
    assert!(refused(sound.failure_rate(f64::NAN)).contains("NaN"));
    assert!(refused(sound.slow_calls(SlowCalls::new(SECOND, 1.1))).contains("slow-call rate"));
    assert_eq!(
        refused(sound.window(Window::Count(9))),
        "10 calls are wanted before it opens, but the window holds 9"
    );
    for window in [
        Window::Count(0),
        Window::Count(Window::MAX_CALLS + 1),
        Window::Time(Duration::from_millis(9)),
    ] {
        assert!(refused(sound.window(window)).starts_with("a window holds"));
    }
    assert!(refused(sound.probes(0)).contains("at least one probe"));
    assert!(refused(sound.open_for(Duration::ZERO)).contains("stays open"));
    assert!(refused(sound.half_open_timeout(Duration::ZERO)).contains("half-open"));
    assert!(refused(sound.slow_calls(SlowCalls::new(Duration::ZERO, 0.5))).contains("slow call"));
}

#[test]
fn a_call_is_accounted_for_and_refused_once_open() {
    let (breaker, _) = breaker(BreakerConfig::default().minimum_calls(2));
    let made = AtomicU32::new(0);
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        let mut call = pin!(breaker.call(async || {
            made.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(Failure(Blame::Peer))
        }));
        let Poll::Ready(outcome) = call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        else {
            panic!("nothing to wait for");
        };
        outcomes.push(outcome.unwrap_err());
    }
    assert_eq!(made.load(Ordering::Relaxed), 2);
    assert!(matches!(outcomes[1], Guarded::Failed(_)));
    assert!(matches!(outcomes[2], Guarded::Rejected(_)));
    assert_eq!(outcomes[1].blame(), Blame::Peer);
    assert_eq!(outcomes[2].blame(), Blame::Local);
}

#[test]
fn a_call_that_is_cancelled_gives_its_permit_back() {
    let (breaker, _) = due(BreakerConfig::default().probes(1));
    {
        let mut call = pin!(breaker.call(async || {
            std::future::pending::<()>().await;
            Ok::<(), Failure>(())
        }));
        let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        assert!(breaker.try_acquire().is_err());
    }
    assert!(breaker.try_acquire().is_ok());
}

#[test]
fn threads_never_have_more_probes_under_way_than_permitted() {
    let (breaker, _) = due(BreakerConfig::default().probes(2));
    let under_way = AtomicU32::new(0);
    let probed = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5_000 {
                    if let Ok(permit) = breaker.try_acquire() {
                        let others = under_way.fetch_add(1, Ordering::SeqCst);
                        assert!(others < 2, "{others} others");
                        probed.fetch_add(1, Ordering::Relaxed);
                        under_way.fetch_sub(1, Ordering::SeqCst);
                        drop(permit);
                    }
                }
            });
        }
    });
    assert!(probed.into_inner() > 0);
    assert_eq!(state(&breaker), BreakerState::HalfOpen);
    succeed(&breaker);
    succeed(&breaker);
    assert_eq!(state(&breaker), BreakerState::Closed);
}

#[test]
fn threads_that_fail_together_open_it_once() {
    let (breaker, _) = breaker(BreakerConfig::default());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Ok(permit) = breaker.try_acquire() {
                    permit.fail(Blame::Peer);
                }
            });
        }
    });
    let snapshot = breaker.snapshot();
    assert_eq!(snapshot.state, BreakerState::Open);
    assert_eq!(snapshot.transitions.opened, 1);
    assert_eq!(snapshot.rejected, 4);
}

/// Boxed and sent, with borrowed captures and a generic callee, as in an `async_trait` method.
fn boxed<'a, P: Peer>(
    breaker: &'a Breaker<VirtualClock>,
    peer: &'a P,
    question: &'a str,
) -> std::pin::Pin<Box<dyn Future<Output = Result<usize, Guarded<Failure>>> + Send + 'a>> {
    Box::pin(async move { breaker.call(async || peer.ask(question).await).await })
}

trait Peer: Sync {
    fn ask(&self, question: &str) -> impl Future<Output = Result<usize, Failure>> + Send;
}

struct Echo;

impl Peer for Echo {
    async fn ask(&self, question: &str) -> Result<usize, Failure> {
        Ok(question.len())
    }
}

#[test]
fn a_guarded_call_can_be_boxed_and_sent() {
    let (breaker, _) = breaker(BreakerConfig::default());
    let mut call = boxed(&breaker, &Echo, "why");
    let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Ok(3))));
    assert_eq!(breaker.snapshot().calls, 1);
}
