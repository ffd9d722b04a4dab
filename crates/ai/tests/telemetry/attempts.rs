//! Each attempt is a span, and its usage is recorded once, regardless of how it ends.

use crate::scripted::{Script, Scripted, error, says, text_event};
use futures_util::StreamExt;
use glassbox_ai::{Budgeted, ContentCapture, ModelIdentity, Observed, Resilient};
use glassbox_core::{
    Budget, CancellationSource, Cancelled, Category, ChatModel, ChatRequest, Cx, Message,
    Remaining, Spent, Usage, telemetry::Span,
};
use glassbox_instrument::SystemClock;
use glassbox_resilience::{BreakerConfig, RetryPolicy};
use glassbox_testkit::{CapturedSpan, TelemetryCapture};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::SeqCst},
};

/// A model as an application gets it, with a script instead of HTTP.
fn model(name: &str, scripts: impl IntoIterator<Item = Script>) -> impl ChatModel {
    let identity = ModelIdentity::new("openai", name, "models.test", 8443);
    let budgeted = Budgeted::new(Scripted::new(scripts));
    let attempt = Observed::new(budgeted, identity, ContentCapture::Off);
    let (policy, breaker) = (RetryPolicy::default(), BreakerConfig::default());
    Resilient::try_new(attempt, policy, breaker, Arc::new(SystemClock)).unwrap()
}

fn ask() -> ChatRequest {
    ChatRequest::new([Message::user("Is it dark?")])
}

/// The attempts in order, each with its error and the tokens of its output.
fn attempts(capture: &TelemetryCapture, name: &str) -> Vec<(Option<String>, Option<i64>)> {
    let spans = capture.spans_named(&format!("chat {name}"));
    let attempt = |span: &CapturedSpan| {
        let failed = span.text("error.type").map(str::to_owned);
        (failed, span.int("gen_ai.usage.output_tokens"))
    };
    spans.iter().map(attempt).collect()
}

/// The values of the metric, which must equal those of the spans.
fn output(capture: &TelemetryCapture, name: &str) -> Vec<f64> {
    let labels = [
        ("gen_ai.request.model", name),
        ("gen_ai.token.type", "output"),
    ];
    capture.histogram("gen_ai.client.token.usage", &labels)
}

fn failed(class: &str) -> Option<String> {
    Some(class.to_owned())
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_tried_again_is_a_span_beside_the_next() {
    let capture = TelemetryCapture::install();
    let used = error(Category::Unavailable).with_usage(Usage::reported(3, 2));
    let model = model(
        "thrice",
        [
            Script::Refuses(error(Category::RateLimited)),
            Script::Says(vec![Err(used)]),
            says(&["It ", "is."]),
        ],
    );
    let parent = Span::start("parent of thrice");
    let cx = Cx::background().with_trace(parent.context().clone());
    let stream = model.stream(&cx, &ask()).await.unwrap();
    assert_eq!(stream.collect::<Vec<_>>().await.len(), 3);
    assert_eq!(
        attempts(&capture, "thrice"),
        [
            (failed("rate_limited"), None),
            (failed("unavailable"), Some(2)),
            (None, Some(5)),
        ]
    );
    assert_eq!(output(&capture, "thrice").iter().sum::<f64>(), 7.0);
    let spans = capture.spans_named("chat thrice");
    assert!(
        spans
            .iter()
            .all(|span| span.parent().span_id == parent.context().span_id)
    );
}

#[tokio::test]
async fn an_attempt_that_breaks_off_is_recorded_once() {
    let capture = TelemetryCapture::install();
    let broke = error(Category::Unavailable).with_usage(Usage::reported(3, 2));
    let script = Script::Says(vec![Ok(text_event("It ")), Err(broke)]);
    let model = model("snapped", [script]);
    let stream = model.stream(&Cx::background(), &ask()).await.unwrap();
    assert_eq!(stream.collect::<Vec<_>>().await.len(), 2);
    let expected = [(failed("unavailable"), Some(2))];
    assert_eq!(attempts(&capture, "snapped"), expected);
    assert_eq!(output(&capture, "snapped"), [2.0]);
}

#[tokio::test]
async fn an_attempt_that_is_given_up_is_recorded_once() {
    let capture = TelemetryCapture::install();
    let model = model("left", [Script::Hangs(vec![text_event("It is quite")])]);
    let mut stream = model.stream(&Cx::background(), &ask()).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    let expected = [(failed("cancelled"), Some(3))];
    assert_eq!(attempts(&capture, "left"), expected);
    assert_eq!(output(&capture, "left"), [3.0]);
}

struct Tokens(AtomicU64);

impl Budget for Tokens {
    fn charge(&self, spent: Spent) {
        self.0.fetch_add(spent.tokens, SeqCst);
    }

    fn remaining(&self) -> Remaining {
        Remaining::unlimited().with_tokens(5_u64.saturating_sub(self.0.load(SeqCst)))
    }
}

#[tokio::test]
async fn an_attempt_that_spends_the_budget_says_so_and_is_not_repeated() {
    let capture = TelemetryCapture::install();
    let script = Script::Hangs(vec![text_event("It is quite dark.")]);
    let model = model("dear", [script]);
    let budget = Arc::new(Tokens(AtomicU64::new(0)));
    let cx = Cx::background().with_budget(budget.clone());
    let Err(stopped) = model.stream(&cx, &ask()).await else {
        panic!("the first piece is beyond the budget");
    };
    assert_eq!(stopped.problem().code(), "model.budget_exhausted");
    let expected = [(failed("budget_exhausted"), Some(4))];
    assert_eq!(attempts(&capture, "dear"), expected);
    assert_eq!(output(&capture, "dear"), [4.0]);
    // "Is it dark?" is 3 tokens; the answer's 17 characters are 4 whole ones.
    assert_eq!(budget.0.load(SeqCst), 7);
}

/// A caller that has cancelled.
struct Gone;

impl CancellationSource for Gone {
    fn cancelled(&self) -> Cancelled<'_> {
        Box::pin(std::future::ready(()))
    }

    fn is_cancelled(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_caller_who_leaves_between_attempts_leaves_one_span() {
    let capture = TelemetryCapture::install();
    let model = model("between", [Script::Refuses(error(Category::Unavailable))]);
    let cx = Cx::background().with_cancellation(Arc::new(Gone));
    let stopped = model.chat(&cx, &ask()).await.unwrap_err();
    assert_eq!(stopped.problem().category(), Category::Cancelled);
    let expected = [(failed("unavailable"), None)];
    assert_eq!(attempts(&capture, "between"), expected);
    assert!(output(&capture, "between").is_empty());
}
