//! Which calls are retried, and which are not.

use crate::{
    scripted::{Script, Scripted, error, says, text_event},
    world::TokioClock,
};
use futures_util::StreamExt;
use glassbox_ai::Resilient;
use glassbox_core::{
    Blame, CancellationSource, Cancelled, Category, ChatModel, ChatRequest, Cx, Deadline, Decide,
    Message, ModelError, Problem, Retry,
};
use glassbox_resilience::{BreakerConfig, RetryPolicy, Window};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

fn resilient(model: Arc<Scripted>, breaker: BreakerConfig) -> Resilient<Shared> {
    let clock = Arc::new(TokioClock::new());
    Resilient::try_new(Shared(model), RetryPolicy::default(), breaker, clock).unwrap()
}

/// A model that the test also inspects.
struct Shared(Arc<Scripted>);

#[glassbox_core::async_trait]
impl ChatModel for Shared {
    fn id(&self) -> &str {
        self.0.id()
    }

    async fn stream(
        &self,
        cx: &Cx,
        request: &ChatRequest,
    ) -> Result<glassbox_core::ChatStream, ModelError> {
        self.0.stream(cx, request).await
    }
}

fn ask() -> ChatRequest {
    ChatRequest::new(vec![Message::user("Well?")])
}

#[tokio::test(start_paused = true)]
async fn a_call_is_tried_again_until_it_says_something() {
    let model = Arc::new(Scripted::new([
        Script::Refuses(error(Category::Unavailable)),
        // An error in place of the first piece counts as a refusal.
        Script::Says(vec![Err(error(Category::Unavailable))]),
        says(&["At ", "last."]),
    ]));
    let resilient = resilient(model.clone(), BreakerConfig::default());
    let answer = resilient.stream(&Cx::background(), &ask()).await.unwrap();
    let events: Vec<_> = answer.collect().await;
    assert_eq!(events.len(), 3);
    assert_eq!(model.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_was_said_is_not_asked_for_again() {
    let model = Arc::new(Scripted::new([Script::Says(vec![
        Ok(text_event("Once ")),
        Err(error(Category::Unavailable)),
    ])]));
    let resilient = resilient(model.clone(), BreakerConfig::default());
    let answer = resilient.stream(&Cx::background(), &ask()).await.unwrap();
    let events: Vec<_> = answer.collect().await;
    assert!(matches!(events[..], [Ok(_), Err(_)]));
    assert_eq!(model.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_would_fail_again_is_not_tried_again() {
    let model = Arc::new(Scripted::new([Script::Refuses(error(Category::Invalid))]));
    let resilient = resilient(model.clone(), BreakerConfig::default());
    let failed = resilient.chat(&Cx::background(), &ask()).await.unwrap_err();
    assert_eq!(failed.problem().category(), Category::Invalid);
    assert_eq!(model.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_the_peer_asks_for_is_kept() {
    let busy = Problem::new(Category::RateLimited, "model.rate_limited", "busy")
        .with_retry_after(Duration::from_secs(7));
    let model = Arc::new(Scripted::new([
        Script::Refuses(ModelError::from_problem(busy)),
        says(&["Now."]),
    ]));
    let before = Instant::now();
    let resilient = resilient(model, BreakerConfig::default());
    resilient.chat(&Cx::background(), &ask()).await.unwrap();
    assert!(before.elapsed() >= Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn no_wait_outlasts_the_deadline() {
    let busy = Problem::new(Category::RateLimited, "model.rate_limited", "busy")
        .with_retry_after(Duration::from_secs(7));
    let refuses = Script::Refuses(ModelError::from_problem(busy));
    let model = Arc::new(Scripted::new([refuses]));
    let before = Instant::now();
    let clock = TokioClock::new();
    let deadline = Deadline::after(&clock, Duration::from_secs(5));
    let cx = Cx::background().with_deadline(deadline);
    let resilient = Resilient::try_new(
        Shared(model),
        RetryPolicy::default(),
        BreakerConfig::default(),
        Arc::new(clock),
    )
    .unwrap();
    let failed = resilient.chat(&cx, &ask()).await.unwrap_err();
    assert_eq!(failed.problem().code(), "model.rate_limited");
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_fails_too_often_is_spared() {
    let breaker = BreakerConfig::default()
        .window(Window::Count(4))
        .minimum_calls(2)
        .open_for(Duration::from_secs(30))
        .probes(1);
    let refuses = || Script::Refuses(error(Category::Unavailable));
    let model = Arc::new(Scripted::new([refuses(), refuses(), says(&["Well."])]));
    let resilient = resilient(model.clone(), breaker);
    let failed = resilient.chat(&Cx::background(), &ask()).await.unwrap_err();
    assert_eq!(failed.problem().code(), "model.circuit_open");
    assert_eq!(failed.blame(), Blame::Local);
    assert!(matches!(failed.retry(), Retry::After(_)));
    assert_eq!(model.requests().len(), 2, "the third try is not made");
    tokio::time::advance(Duration::from_secs(30)).await;
    let answer = resilient.chat(&Cx::background(), &ask()).await.unwrap();
    assert_eq!(answer.message.text(), "Well.");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_off_counts_against_the_model() {
    let breaker = BreakerConfig::default()
        .window(Window::Count(4))
        .minimum_calls(4);
    let breaks = || {
        Script::Says(vec![
            Ok(text_event("Once ")),
            Err(error(Category::Unavailable)),
        ])
    };
    let model = Arc::new(Scripted::new([breaks(), breaks()]));
    let resilient = resilient(model, breaker);
    for _ in 0..2 {
        let stream = resilient.stream(&Cx::background(), &ask()).await.unwrap();
        let _events: Vec<_> = stream.collect().await;
    }
    let failed = resilient.chat(&Cx::background(), &ask()).await.unwrap_err();
    assert_eq!(failed.problem().code(), "model.circuit_open");
}

/// A caller that cancels after a second.
struct Impatient;

impl CancellationSource for Impatient {
    fn cancelled(&self) -> Cancelled<'_> {
        Box::pin(tokio::time::sleep(Duration::from_secs(1)))
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

#[tokio::test(start_paused = true)]
async fn no_wait_outlasts_the_caller() {
    let busy = Problem::new(Category::RateLimited, "model.rate_limited", "busy")
        .with_retry_after(Duration::from_secs(7));
    let refuses = Script::Refuses(ModelError::from_problem(busy));
    let model = Arc::new(Scripted::new([refuses]));
    let resilient = resilient(model.clone(), BreakerConfig::default());
    let before = Instant::now();
    let cx = Cx::background().with_cancellation(Arc::new(Impatient));
    let failed = resilient.chat(&cx, &ask()).await.unwrap_err();
    assert_eq!(failed.problem().category(), Category::Cancelled);
    assert_eq!(before.elapsed(), Duration::from_secs(1));
    assert_eq!(model.requests().len(), 1);
}
