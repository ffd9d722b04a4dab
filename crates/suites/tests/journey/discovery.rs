//! Services join and leave through Redis alone; the agent is never restarted.

use crate::stage::{Answer, SERVICES, Stage};
use std::time::{Duration, Instant};

/// Long enough to ask a question within half of it, even on a slow machine.
const LEASE: Duration = Duration::from_secs(20);
const QUESTION: &str = "What time is it in Tromsø?";

fn without<'a>(gone: &str) -> Vec<&'a str> {
    SERVICES.into_iter().filter(|name| *name != gone).collect()
}

/// Whether the agent answers without having found a service that tells the time.
fn is_not_offered_the_time(answer: &Answer) -> bool {
    answer.tools.iter().all(|tool| tool != "local_time") && !answer.text.is_empty()
}

fn tells_the_time(answer: &Answer) -> bool {
    answer.tools.iter().any(|tool| tool == "local_time") && !answer.text.contains("could not")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_is_killed_is_gone_after_its_lease_and_a_new_one_is_found() {
    let mut stage = Stage::set(LEASE).await;
    assert!(tells_the_time(&stage.ask(QUESTION).await));

    stage.service("time-tool").kill().await;
    let killed = Instant::now();
    // The failure is not yet known: the service is called, and the answer reports the error.
    let answer = stage.ask(QUESTION).await;
    assert!(
        killed.elapsed() < LEASE / 2,
        "the machine is too slow to tell"
    );
    assert!(
        answer
            .text
            .contains("could not get an answer from local time"),
        "{answer:?}"
    );

    stage.registry.knows(&without("time-tool")).await;
    let took = killed.elapsed();
    assert!((LEASE / 2..LEASE * 2).contains(&took), "{took:?}");
    // Discovery may use results that are up to a second old, but not older.
    stage.ask_until(QUESTION, is_not_offered_the_time).await;

    stage.join("time-tool", "time-tool-again").await;
    stage.registry.knows(&SERVICES).await;
    stage.ask_until(QUESTION, tells_the_time).await;
    println!("gone {took:?} after it was killed, with a lease of {LEASE:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_is_stopped_deregisters_at_once() {
    let stage = Stage::set(Duration::from_secs(600)).await;
    assert!(tells_the_time(&stage.ask(QUESTION).await));
    let tool = stage.service("time-tool");
    assert_eq!(tool.stop().await, 0, "{}", tool.log().await);
    assert_eq!(stage.registry.services().await, without("time-tool"));
    // Discovery may use results that are up to a second old, but not older.
    stage.ask_until(QUESTION, is_not_offered_the_time).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_killed_and_started_again_knows_everybody_again() {
    // The leases end long after the test, so no service returns because of a timer.
    let stage = Stage::set(Duration::from_secs(600)).await;
    assert!(tells_the_time(&stage.ask(QUESTION).await));
    let redis = stage.registry.part();
    redis.kill().await;
    let answer = stage.ask(QUESTION).await;
    assert!(tells_the_time(&answer), "while it is away: {answer:?}");

    redis.start_again().await;
    let back = Instant::now();
    redis.healthy().await;
    stage.registry.knows(&SERVICES).await;
    let took = back.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert!(tells_the_time(&stage.ask(QUESTION).await));
    println!("everybody registered again {took:?} after Redis was started");
}
