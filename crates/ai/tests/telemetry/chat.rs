//! `chat {model}` and its metrics.

use crate::scripted::{Script, Scripted, error, says, text_event};
use futures_util::StreamExt;
use glassbox_ai::{ContentCapture, ModelIdentity, Observed, Resilient};
use glassbox_core::{
    Category, ChatEvent, ChatModel, ChatRequest, ChatResponse, ChatStream, Cx, FinishReason,
    Message, ModelError, Usage,
    telemetry::{Attribute, Span, SpanKind, Status},
};
use glassbox_instrument::SystemClock;
use glassbox_resilience::{BreakerConfig, RetryPolicy};
use glassbox_testkit::{CapturedSpan, TelemetryCapture};
use std::{collections::BTreeMap, sync::Arc};

const TOKENS: &str = "gen_ai.client.token.usage";
const DURATION: &str = "gen_ai.client.operation.duration";
const FIRST: &str = "gen_ai.client.operation.time_to_first_chunk";

/// Each test uses a model with its own name, which distinguishes its telemetry.
fn observed(name: &str, script: Script, capture: ContentCapture) -> Observed<Scripted> {
    let identity = ModelIdentity::new("openai", name, "models.test", 8443);
    Observed::new(Scripted::new([script]), identity, capture)
}

fn ask() -> ChatRequest {
    let mut request = ChatRequest::new(vec![Message::user("Is it dark?")]);
    request.max_tokens = Some(100);
    request
}

fn span(capture: &TelemetryCapture, name: &str) -> CapturedSpan {
    let spans = capture.spans_named(&format!("chat {name}"));
    assert_eq!(spans.len(), 1, "one call is one span");
    spans.into_iter().next().unwrap()
}

fn tokens(capture: &TelemetryCapture, model: &str, kind: &str) -> Vec<f64> {
    let labels = [("gen_ai.request.model", model), ("gen_ai.token.type", kind)];
    capture.histogram(TOKENS, &labels)
}

#[tokio::test]
async fn a_streamed_call_is_a_span_by_the_conventions() {
    let capture = TelemetryCapture::install();
    let model = observed("good", says(&["It ", "is."]), ContentCapture::Off);
    let parent = Span::start("parent of good");
    let cx = Cx::background().with_trace(parent.context().clone());
    let stream = model.stream(&cx, &ask()).await.unwrap();
    assert_eq!(stream.collect::<Vec<_>>().await.len(), 3);
    let span = span(&capture, "good");
    assert_eq!(span.kind(), SpanKind::Client);
    assert_eq!(span.parent().span_id, parent.context().span_id);
    assert_eq!(span.status(), &Status::Unset);
    for (key, value) in [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.request.model", "good"),
        ("gen_ai.response.model", "scripted-1"),
        ("gen_ai.response.id", "r-1"),
        ("server.address", "models.test"),
        ("glassbox.usage.source", "reported"),
    ] {
        assert_eq!(span.text(key), Some(value), "{key}");
    }
    for (key, value) in [
        ("server.port", 8443),
        ("gen_ai.request.max_tokens", 100),
        ("gen_ai.usage.input_tokens", 10),
        ("gen_ai.usage.output_tokens", 5),
        ("gen_ai.usage.cache_read.input_tokens", 4),
    ] {
        assert_eq!(span.int(key), Some(value), "{key}");
    }
    assert_eq!(
        span.attribute("gen_ai.response.finish_reasons"),
        Some(&Attribute::Strs(vec!["stop".into()]))
    );
    assert_eq!(
        span.attribute("gen_ai.request.stream"),
        Some(&Attribute::Bool(true))
    );
    assert!(matches!(
        span.attribute("gen_ai.response.time_to_first_chunk"),
        Some(Attribute::Float(_))
    ));
    assert_eq!(
        span.attribute("gen_ai.input.messages"),
        None,
        "content is off"
    );
    assert_eq!(
        span.attribute("gen_ai.output.messages"),
        None,
        "content is off"
    );

    assert_eq!(tokens(&capture, "good", "input"), [10.0]);
    assert_eq!(tokens(&capture, "good", "output"), [5.0]);
    let labels = [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.request.model", "good"),
        ("gen_ai.response.model", "scripted-1"),
        ("server.address", "models.test"),
        ("server.port", "8443"),
    ];
    assert_eq!(capture.histogram(DURATION, &labels).len(), 1);
    assert_eq!(capture.histogram(FIRST, &labels).len(), 1);
    let between = "gen_ai.client.operation.time_per_output_chunk";
    let good = [("gen_ai.request.model", "good")];
    assert_eq!(
        capture.histogram(between, &good).len(),
        1,
        "two pieces have one pause"
    );
    let buckets = capture.descriptor(TOKENS).unwrap();
    assert_eq!(buckets.unit, "{token}");
}

#[tokio::test]
async fn a_whole_call_has_no_first_chunk() {
    let capture = TelemetryCapture::install();
    let model = observed("whole", says(&["It is."]), ContentCapture::Off);
    model.chat(&Cx::background(), &ask()).await.unwrap();
    let span = span(&capture, "whole");
    assert_eq!(span.attribute("gen_ai.request.stream"), None);
    assert_eq!(span.attribute("gen_ai.response.time_to_first_chunk"), None);
    assert!(
        capture
            .histogram(FIRST, &[("gen_ai.request.model", "whole")])
            .is_empty()
    );
    assert_eq!(tokens(&capture, "whole", "output"), [5.0]);
}

#[tokio::test]
async fn content_is_there_when_it_is_switched_on() {
    let capture = TelemetryCapture::install();
    let model = observed("open", says(&["It ", "is."]), ContentCapture::Span);
    let stream = model.stream(&Cx::background(), &ask()).await.unwrap();
    let _events: Vec<_> = stream.collect().await;
    let span = span(&capture, "open");
    assert_eq!(
        span.text("gen_ai.input.messages"),
        Some(r#"[{"parts":[{"content":"Is it dark?","type":"text"}],"role":"user"}]"#)
    );
    assert_eq!(
        span.text("gen_ai.output.messages"),
        Some(
            r#"[{"finish_reason":"stop","parts":[{"content":"It is.","type":"text"}],"role":"assistant"}]"#
        )
    );
}

#[tokio::test]
async fn a_refused_call_used_nothing() {
    let capture = TelemetryCapture::install();
    let script = Script::Refuses(error(Category::RateLimited));
    let model = observed("refused", script, ContentCapture::Off);
    assert!(model.stream(&Cx::background(), &ask()).await.is_err());
    let span = span(&capture, "refused");
    assert_eq!(span.text("error.type"), Some("rate_limited"));
    assert_eq!(span.status(), &Status::Error("the model said no".into()));
    assert_eq!(span.attribute("gen_ai.usage.output_tokens"), None);
    assert!(tokens(&capture, "refused", "output").is_empty());
    let labels = [
        ("gen_ai.request.model", "refused"),
        ("error.type", "rate_limited"),
    ];
    assert_eq!(capture.histogram(DURATION, &labels).len(), 1);
}

#[tokio::test]
async fn a_call_that_breaks_off_is_accounted_for_once() {
    let capture = TelemetryCapture::install();
    let broke = error(Category::Unavailable).with_usage(Usage::estimated(3, 2));
    let script = Script::Says(vec![Ok(text_event("It ")), Err(broke)]);
    let model = observed("broken", script, ContentCapture::Off);
    let stream = model.stream(&Cx::background(), &ask()).await.unwrap();
    let _events: Vec<_> = stream.collect().await;
    let span = span(&capture, "broken");
    assert_eq!(span.text("error.type"), Some("unavailable"));
    assert_eq!(span.text("glassbox.usage.source"), Some("estimated"));
    assert_eq!(tokens(&capture, "broken", "input"), [3.0]);
    assert_eq!(tokens(&capture, "broken", "output"), [2.0]);
    assert_eq!(
        capture
            .histogram(FIRST, &[("gen_ai.request.model", "broken")])
            .len(),
        1
    );
}

#[tokio::test]
async fn a_call_that_is_given_up_is_estimated_once() {
    let capture = TelemetryCapture::install();
    let script = Script::Hangs(vec![text_event("It is quite"), text_event(" dark.")]);
    let model = observed("dropped", script, ContentCapture::Off);
    let mut stream = model.stream(&Cx::background(), &ask()).await.unwrap();
    stream.next().await.unwrap().unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    let span = span(&capture, "dropped");
    assert_eq!(span.text("error.type"), Some("cancelled"));
    assert_eq!(span.text("glassbox.usage.source"), Some("estimated"));
    // "Is it dark?" has 11 characters, "It is quite dark." has 17.
    assert_eq!(tokens(&capture, "dropped", "input"), [3.0]);
    assert_eq!(tokens(&capture, "dropped", "output"), [5.0]);
    let labels = [
        ("gen_ai.request.model", "dropped"),
        ("error.type", "cancelled"),
    ];
    assert_eq!(capture.histogram(DURATION, &labels).len(), 1);
}

#[tokio::test]
async fn a_call_that_is_given_up_before_its_stream_used_nothing_known() {
    let capture = TelemetryCapture::install();
    let model = observed("unheard", Script::Hangs(Vec::new()), ContentCapture::Off);
    let stream = model.stream(&Cx::background(), &ask()).await.unwrap();
    drop(stream);
    assert_eq!(
        span(&capture, "unheard").text("error.type"),
        Some("cancelled")
    );
    assert!(tokens(&capture, "unheard", "input").is_empty());
}

#[tokio::test(start_paused = true)]
async fn retries_that_stop_and_calls_that_are_spared_are_counted() {
    let capture = TelemetryCapture::install();
    let refuses = || Script::Refuses(error(Category::Unavailable));
    let breaker = BreakerConfig::default().minimum_calls(3);
    let model = Resilient::try_new(
        Named(Scripted::new([refuses(), refuses(), refuses()])),
        RetryPolicy::default(),
        breaker,
        Arc::new(SystemClock),
    )
    .unwrap();
    let cx = Cx::background();
    assert!(model.chat(&cx, &ask()).await.is_err());
    let failed = model.chat(&cx, &ask()).await.unwrap_err();
    assert_eq!(failed.problem().code(), "model.circuit_open");
    let spared = ("glassbox.dependency", "openai/spared");
    let stopped = [spared, ("glassbox.reason", "attempts_exhausted")];
    assert_eq!(capture.counter("resilience.retries", &[spared]), 2);
    assert_eq!(capture.counter("resilience.retries.stopped", &stopped), 1);
    assert_eq!(
        capture.counter("resilience.breaker.rejections", &[spared]),
        1
    );
}

/// A script with its own name.
struct Named(Scripted);

#[glassbox_core::async_trait]
impl ChatModel for Named {
    fn id(&self) -> &str {
        "openai/spared"
    }

    async fn stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, ModelError> {
        self.0.stream(cx, request).await
    }
}

#[tokio::test]
async fn a_stream_that_ends_unfinished_is_the_models_failure() {
    let capture = TelemetryCapture::install();
    let script = Script::Says(vec![Ok(text_event("It "))]);
    let model = observed("unfinished", script, ContentCapture::Off);
    let stream = model.stream(&Cx::background(), &ask()).await.unwrap();
    assert_eq!(stream.collect::<Vec<_>>().await.len(), 1);
    let span = span(&capture, "unfinished");
    assert_eq!(span.text("error.type"), Some("unavailable"));
    assert_eq!(tokens(&capture, "unfinished", "output"), [1.0]);
}

#[tokio::test]
async fn what_was_written_to_the_cache_is_on_the_span() {
    let capture = TelemetryCapture::install();
    let usage = Usage::reported(10, 5).with_cache_write(7);
    let answer = ChatResponse::new(Message::assistant("It is."), FinishReason::Stop, usage, "m");
    let script = Script::Says(vec![Ok(ChatEvent::Finished(Box::new(answer)))]);
    let model = observed("cached", script, ContentCapture::Off);
    model.chat(&Cx::background(), &ask()).await.unwrap();
    let span = span(&capture, "cached");
    let written = span.int("gen_ai.usage.cache_creation.input_tokens");
    assert_eq!(written, Some(7));
}

fn truncated() -> ChatResponse {
    let usage = Usage::reported(10, 5);
    let message = Message::assistant("It i");
    let skipped = BTreeMap::from([("usage".to_owned(), 2), ("event".to_owned(), 1)]);
    ChatResponse::new(message, FinishReason::Length, usage, "m").with_skipped(skipped)
}

#[tokio::test]
async fn what_an_answer_lacks_is_on_the_span() {
    let capture = TelemetryCapture::install();
    let script = Script::Says(vec![Ok(ChatEvent::Finished(Box::new(truncated())))]);
    let model = observed("lacking", script, ContentCapture::Off);
    model.chat(&Cx::background(), &ask()).await.unwrap();
    let span = span(&capture, "lacking");
    assert_eq!(span.int("glassbox.response.skipped"), Some(3));
    assert_eq!(
        span.attribute("glassbox.response.skipped_kinds"),
        Some(&Attribute::Strs(vec!["event".into(), "usage".into()]))
    );
    assert_eq!(
        span.attribute("glassbox.response.truncated"),
        Some(&Attribute::Bool(true))
    );
}

#[tokio::test]
async fn what_came_of_a_failed_answer_is_on_the_span() {
    let capture = TelemetryCapture::install();
    let failed = error(Category::Unavailable).with_partial(truncated());
    let model = observed("partly", Script::Refuses(failed), ContentCapture::Span);
    assert!(model.chat(&Cx::background(), &ask()).await.is_err());
    let span = span(&capture, "partly");
    assert_eq!(span.text("error.type"), Some("unavailable"));
    assert_eq!(span.text("gen_ai.response.model"), Some("m"));
    let output = span.text("gen_ai.output.messages").unwrap();
    assert!(output.contains("It i"), "{output}");
}
