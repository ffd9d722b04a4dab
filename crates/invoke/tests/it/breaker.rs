//! Circuit breakers, one for each instance.

use crate::world::{SECOND, World, act, away, call, code, done};
use glassbox_core::{Blame, Call, Caller, Cx, Deadline, Decide, Effect, Outcome, Retry, ToolError};
use glassbox_invoke::InvokeOptions;
use glassbox_resilience::{BreakerConfig, Window};
use glassbox_testkit::{Services, VirtualClock};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

/// Opens for ten seconds after two failures.
fn touchy() -> InvokeOptions {
    let breaker = BreakerConfig::default()
        .window(Window::Count(2))
        .minimum_calls(2)
        .open_for(10 * SECOND)
        .probes(1);
    InvokeOptions::default().with_breaker(breaker)
}

fn once() -> Call {
    call().with_attempts(1)
}

/// Instances of one service that fail while their switch is on.
fn switched(count: usize) -> (World, Vec<Arc<AtomicBool>>) {
    let switches: Vec<_> = (0..count)
        .map(|_| Arc::new(AtomicBool::new(true)))
        .collect();
    let services = switches.iter().fold(Services::default(), |all, switch| {
        let switch = switch.clone();
        all.with("tool", act(Effect::ReadOnly), move |_, _| {
            let answer = if switch.load(SeqCst) { away() } else { done() };
            async move { answer }
        })
    });
    (
        World::with(services, VirtualClock::new(), touchy()),
        switches,
    )
}

#[test]
fn an_instance_that_keeps_failing_is_not_called_for_a_while() {
    let (world, switches) = switched(1);
    world.call(once());
    world.call(once());
    switches[0].store(false, SeqCst);
    let called = world.call(call());
    let error = called.result.unwrap_err();
    assert_eq!(error.code(), "tool.circuit_open");
    assert_eq!(
        error.message(),
        "tool failed too often lately, and is not called for now"
    );
    // No call was made, so the callee cannot be to blame.
    assert_eq!(error.blame(), Blame::Local);
    assert!(!error.may_have_begun());
    assert_eq!(error.retry(), Retry::After(10 * SECOND));
    assert_eq!((called.attempts, world.services.calls("tool-1")), (0, 2));
    // The call does not wait for the breaker to close.
    assert_eq!(world.clock.elapsed(), Duration::ZERO);

    world.clock.advance(10 * SECOND);
    assert!(world.call(call()).result.is_ok());
}

#[test]
fn the_breaker_outlives_the_calls() {
    // A retry that opens the breaker ends its own call, and the next call finds it open.
    let (world, _) = switched(1);
    let called = world.call(call());
    assert_eq!(
        (code(&called).as_str(), called.attempts),
        ("tool.circuit_open", 2)
    );
    assert_eq!(world.call(call()).attempts, 0);
}

#[test]
fn an_open_breaker_of_one_instance_is_passed_over() {
    let (world, switches) = switched(2);
    switches[1].store(false, SeqCst);
    let first = world.services.all().remove(0);
    for _ in 0..2 {
        world.call(once().with_candidates([first.clone()]));
    }
    for _ in 0..4 {
        let called = world.call(call());
        assert_eq!(called.instance.unwrap().instance, "tool-2");
        assert_eq!(called.attempts, 1);
    }
    assert_eq!(world.services.calls("tool-1"), 2);
}

#[test]
fn with_all_instances_down_calls_fail_at_once() {
    let (world, _) = switched(3);
    for _ in 0..6 {
        world.call(once());
    }
    let called = world.call(call());
    assert_eq!(
        (code(&called).as_str(), called.attempts),
        ("tool.circuit_open", 0)
    );
    assert_eq!(world.clock.elapsed(), Duration::ZERO);
}

#[test]
fn the_first_failure_is_told_where_no_other_instance_may_be_called() {
    let (world, _) = switched(2);
    let second = world.services.all().remove(1);
    for _ in 0..2 {
        world.call(once().with_candidates([second.clone()]));
    }
    // The earlier calls took two turns, so this one begins with the first instance.
    let called = world.call(call().with_attempts(2));
    assert_eq!(code(&called), "test.away");
    assert_eq!(world.services.calls("tool-2"), 2);
}

#[test]
fn what_the_caller_is_to_blame_for_does_not_open_it() {
    let services =
        Services::default().with(
            "tool",
            act(Effect::ReadOnly),
            async |_, input| match input["hang"].as_bool() {
                Some(true) => std::future::pending().await,
                Some(false) => Err(ToolError::invalid("test.wrong", "no")),
                None => Ok(Outcome::done(1)),
            },
        );
    let world = World::with(services, VirtualClock::new(), touchy());
    for hang in [true, false, true, false] {
        let soon = Deadline::after(&world.clock, SECOND);
        let cx = Cx::background().with_deadline(soon);
        let call = Call::new("act", serde_json::json!({"hang": hang}));
        let error = world.call_under(&cx, call).result.unwrap_err();
        assert_eq!(error.blame(), Blame::Caller);
    }
    // A caller that drops the call does not open the breaker either.
    for _ in 0..3 {
        let cx = Cx::background();
        let call = Call::new("act", serde_json::json!({"hang": true}));
        let mut dropped = Box::pin(world.invoker.call(&cx, call));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(dropped.as_mut().poll(&mut context).is_pending());
    }
    assert!(world.call(call()).result.is_ok());
}

#[test]
fn a_callee_that_hangs_opens_it() {
    let services = Services::default().with("tool", act(Effect::ReadOnly), async |_, _| {
        std::future::pending().await
    });
    let world = World::with(services, VirtualClock::new(), touchy());
    world.call(call());
    world.call(call());
    assert_eq!(code(&world.call(call())), "tool.circuit_open");
}

#[test]
fn a_breaker_that_could_never_open_is_refused() {
    let breaker = BreakerConfig::default().window(Window::Count(2));
    let clock = VirtualClock::new();
    let timer = clock.clone();
    let services = Services::default();
    let invoker = glassbox_invoke::Invoker::try_new(
        services.clone(),
        services,
        clock,
        move |pause| timer.sleep(pause),
        InvokeOptions::default().with_breaker(breaker),
    );
    assert!(invoker.is_err());
}
