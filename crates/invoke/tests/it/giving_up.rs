//! Time limits, cancellations and budgets.

use crate::world::{SECOND, World, act, away, call, code};
use glassbox_core::{
    Allowance, Blame, CancellationSource, Cancelled, Category, CostClass, Cx, Deadline, Decide,
    Effect, Outcome, Problem, Remaining, Retry, Spent, ToolError,
};
use glassbox_testkit::{Services, VirtualClock};
use std::{sync::Arc, time::Duration};

fn hanging() -> World {
    World::of(
        Services::default().with("tool", act(Effect::ReadOnly), async |_, _| {
            std::future::pending().await
        }),
    )
}

#[test]
fn a_callee_that_hangs_has_its_own_time_and_some_grace() {
    let world = hanging();
    let called = world.call(call());
    let error = called.result.unwrap_err();
    assert_eq!(error.code(), "tool.timeout");
    assert_eq!(error.message(), "act did not answer within 33.0s");
    assert_eq!(
        (error.blame(), error.retry()),
        (Blame::Peer, Retry::Backoff)
    );
    assert!(error.may_have_begun());
    assert_eq!(called.attempts, 1);
    assert_eq!(world.clock.elapsed(), 33 * SECOND);
}

#[test]
fn a_shorter_time_limit_of_the_caller_counts_against_the_caller() {
    let world = hanging();
    let deadline = Deadline::after(&world.clock, 2 * SECOND);
    let called = world.call_under(&Cx::background().with_deadline(deadline), call());
    let error = called.result.unwrap_err();
    assert_eq!(error.message(), "act did not answer within 2.0s");
    assert_eq!(
        (error.blame(), error.retry()),
        (Blame::Caller, Retry::Never)
    );

    let world = hanging();
    let called = world.call(call().with_timeout(Duration::from_millis(250)));
    let error = called.result.unwrap_err();
    assert_eq!(error.message(), "act did not answer within 250.0ms");
    // A new call has a new time limit.
    assert_eq!(
        (error.blame(), error.retry()),
        (Blame::Caller, Retry::Backoff)
    );
    assert_eq!(world.clock.elapsed(), Duration::from_millis(250));
}

#[test]
fn a_transports_own_timeout_counts_against_whoever_set_the_limit() {
    // A transport only reports that the deadline it was given has passed.
    let clock = VirtualClock::new();
    let timer = clock.clone();
    let services = Services::default().with("tool", act(Effect::ReadOnly), move |cx: Cx, _| {
        let timer = timer.clone();
        async move {
            let left = cx.deadline().unwrap().remaining(&timer).unwrap();
            timer.sleep(left).await;
            let late = Problem::new(Category::Timeout, "http.deadline", "no answer");
            Err(late.with_blame(Blame::Caller).with_retryable(false).into())
        }
    });
    let world = World::with(services, clock, glassbox_invoke::InvokeOptions::default());
    let blame = |cx: &Cx| {
        let error = world.call_under(cx, call()).result.unwrap_err();
        assert_eq!(error.code(), "http.deadline");
        error.blame()
    };
    assert_eq!(blame(&Cx::background()), Blame::Peer);
    let soon = Deadline::after(&world.clock, SECOND);
    assert_eq!(blame(&Cx::background().with_deadline(soon)), Blame::Caller);
}

#[test]
fn nobody_is_called_after_the_deadline() {
    let world = hanging();
    let passed = Deadline::after(&world.clock, Duration::ZERO);
    let called = world.call_under(&Cx::background().with_deadline(passed), call());
    let error = called.result.unwrap_err();
    assert_eq!(
        (error.code(), error.blame()),
        ("call.deadline", Blame::Caller)
    );
    assert!(!error.may_have_begun());
    assert_eq!((called.attempts, world.services.calls("tool-1")), (0, 0));
}

/// A caller that cancels when the clock shows a time.
struct Leaves(VirtualClock, Duration);

impl CancellationSource for Leaves {
    fn cancelled(&self) -> Cancelled<'_> {
        Box::pin(self.0.sleep(self.1.saturating_sub(self.0.elapsed())))
    }

    fn is_cancelled(&self) -> bool {
        self.0.elapsed() >= self.1
    }
}

fn leaving(world: &World, after: Duration) -> Cx {
    Cx::background().with_cancellation(Arc::new(Leaves(world.clock.clone(), after)))
}

#[test]
fn a_caller_who_leaves_ends_the_attempt_that_is_under_way() {
    let world = hanging();
    let called = world.call_under(&leaving(&world, SECOND), call());
    let error = called.result.unwrap_err();
    assert_eq!(error.code(), "call.cancelled");
    assert_eq!(
        error.message(),
        "the call of act was cancelled by its caller"
    );
    assert!(error.may_have_begun());
    assert_eq!(world.clock.elapsed(), SECOND);
}

#[test]
fn a_caller_who_leaves_ends_the_pause_between_two_attempts() {
    fn busy() -> Result<Outcome, ToolError> {
        let busy = Problem::new(Category::RateLimited, "test.busy", "come again later")
            .with_may_have_begun(false)
            .with_retry_after(4 * SECOND);
        Err(busy.into())
    }
    let services = Services::default().with("tool", act(Effect::Mutating), async |_, _| busy());
    let world = World::of(services);
    let called = world.call_under(&leaving(&world, SECOND), call());
    let error = called.result.unwrap_err();
    assert_eq!(error.code(), "call.cancelled");
    assert!(!error.may_have_begun());
    assert_eq!((called.attempts, world.clock.elapsed()), (1, SECOND));
}

#[test]
fn a_caller_who_has_left_starts_nothing() {
    let world = hanging();
    let called = world.call_under(&leaving(&world, Duration::ZERO), call());
    assert_eq!(
        (code(&called).as_str(), called.attempts),
        ("call.cancelled", 0)
    );
}

#[test]
fn what_costs_something_is_not_called_with_a_spent_budget() {
    let cx = || {
        let budget = Allowance::new(Remaining::unlimited().with_tokens(5));
        Cx::background().with_budget(Arc::new(budget))
    };
    let world = |cost| {
        let capability = act(Effect::ReadOnly).with_cost(cost);
        World::of(
            Services::default().with("tool", capability, async |cx: Cx, _| {
                cx.charge(Spent::tokens(5));
                away()
            }),
        )
    };
    let expensive = world(CostClass::Expensive);
    let called = expensive.call_under(&cx(), call());
    // The first attempt spent the whole budget.
    assert_eq!(
        (code(&called).as_str(), called.attempts),
        ("call.budget_exhausted", 1)
    );
    let spent = cx();
    spent.charge(Spent::tokens(5));
    let called = expensive.call_under(&spent, call());
    let error = called.result.unwrap_err();
    assert_eq!(
        error.message(),
        "act was not called: the caller's budget is spent"
    );
    assert_eq!((called.attempts, error.may_have_begun()), (0, false));

    let free = world(CostClass::Free);
    assert_eq!(code(&free.call_under(&spent, call())), "test.away");
}

#[test]
fn a_slow_callee_is_asked_again_only_if_there_is_as_much_time() {
    let clock = VirtualClock::new();
    let timer = clock.clone();
    let services = Services::default().with("tool", act(Effect::ReadOnly), move |_, _| {
        let timer = timer.clone();
        async move {
            timer.sleep(15 * SECOND).await;
            Err(ToolError::timeout("test.slow", "too slow"))
        }
    });
    let world = World::with(services, clock, glassbox_invoke::InvokeOptions::default());
    let called = world.call(call());
    assert_eq!((code(&called).as_str(), called.attempts), ("test.slow", 2));
}

#[test]
fn a_dropped_call_drops_its_attempt() {
    struct Note(VirtualClock);
    impl Drop for Note {
        fn drop(&mut self) {
            self.0.advance(SECOND);
        }
    }
    let clock = VirtualClock::new();
    let noted = clock.clone();
    let services = Services::default().with("tool", act(Effect::ReadOnly), move |_, _| {
        let note = Note(noted.clone());
        async move {
            let _note = note;
            std::future::pending().await
        }
    });
    let world = World::with(services, clock, glassbox_invoke::InvokeOptions::default());
    let cx = Cx::background();
    let mut under_way = Box::pin(glassbox_core::Caller::call(&world.invoker, &cx, call()));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(under_way.as_mut().poll(&mut context).is_pending());
    assert_eq!(world.clock.elapsed(), Duration::ZERO);
    drop(under_way);
    assert_eq!(world.clock.elapsed(), SECOND);
}
