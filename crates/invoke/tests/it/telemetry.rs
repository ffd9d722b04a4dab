//! One span for each call, and metrics.

use crate::world::{SECOND, World, away, done};
use glassbox_core::{
    Call, Caller, Capability, Category, Cx, Effect, Outcome, ToolError,
    telemetry::{self, Span, SpanKind, Status},
};
use glassbox_testkit::{CapturedSpan, Services, TelemetryCapture, VirtualClock};
use serde_json::json;

fn capability(name: &str) -> Capability {
    Capability::of::<(), ()>(name, format!("Does {name}.")).with_effect(Effect::ReadOnly)
}

/// The spans of one trace that holds a root and the calls under it.
fn trace_of(world: &World, calls: impl IntoIterator<Item = Call>) -> Vec<CapturedSpan> {
    let capture = TelemetryCapture::install();
    let root = Span::builder("root").root().start();
    let trace = root.context().trace_id;
    let cx = Cx::background().with_trace(root.context().clone());
    for call in calls {
        let _called = world.call_under(&cx, call);
    }
    drop(root);
    capture.trace(trace)
}

fn named<'a>(spans: &'a [CapturedSpan], name: &str) -> &'a CapturedSpan {
    let found: Vec<_> = spans.iter().filter(|span| span.name() == name).collect();
    assert_eq!(found.len(), 1, "{name}");
    found[0]
}

#[test]
fn a_call_is_one_span_whatever_its_attempts() {
    let clock = VirtualClock::new();
    let timer = clock.clone();
    let services = Services::default()
        .with("eye", capability("eye_look"), async |_, _| away())
        .with("eye", capability("eye_look"), move |cx: Cx, _| {
            // The call's span is the current context, so that outgoing requests propagate it.
            assert_eq!(cx.trace().span_id, telemetry::current().span_id);
            let timer = timer.clone();
            async move {
                timer.sleep(2 * SECOND).await;
                done()
            }
        });
    let world = World::with(services, clock, glassbox_invoke::InvokeOptions::default());
    let call = Call::new("eye_look", json!({"at": "the sky"}));
    let spans = trace_of(&world, [call]);
    let look = named(&spans, "execute_tool eye_look");
    assert!(look.is_child_of(named(&spans, "root")));
    assert_eq!(look.kind(), SpanKind::Internal);
    for (key, value) in [
        ("gen_ai.operation.name", Some("execute_tool")),
        ("gen_ai.tool.name", Some("eye_look")),
        ("gen_ai.tool.type", Some("function")),
        ("gen_ai.tool.description", Some("Does eye_look.")),
        ("gen_ai.tool.call.id", None),
        ("gen_ai.tool.call.arguments", None),
        ("gen_ai.tool.call.result", None),
        ("glassbox.peer.instance", Some("eye-2")),
        ("error.type", None),
    ] {
        assert_eq!(look.text(key), value, "{key}");
    }
    assert_eq!(look.int("glassbox.attempt"), Some(2));
    assert_eq!(look.status(), &Status::Unset, "it went well in the end");

    let capture = TelemetryCapture::install();
    let tool = [("gen_ai.tool.name", "eye_look")];
    let durations = capture.histogram("gen_ai.execute_tool.duration", &tool);
    assert_eq!(durations, [2.0]);
    let retried = [
        ("glassbox.dependency", "eye"),
        ("error.type", "unavailable"),
    ];
    assert_eq!(capture.counter("resilience.retries", &retried), 1);
}

#[test]
fn content_is_on_the_span_only_if_the_call_allows_it() {
    let services =
        Services::default().with(
            "ear",
            capability("ear_hear"),
            async |_, input| match input["loud"].as_bool() {
                Some(true) => Ok(Outcome::done(json!({"heard": "the sea"}))),
                _ => Err(ToolError::not_found(
                    "ear.quiet",
                    format!("nothing sounds like '{}'", input["like"].as_str().unwrap()),
                )),
            },
        );
    let world = World::of(services);
    let call = |loud: bool| {
        let input = json!({"like": "Atlantis", "loud": loud});
        Call::new("ear_hear", input).with_id(if loud { "a" } else { "b" })
    };
    let with_id = |spans: &[CapturedSpan], id: &str| {
        let of = |span: &&CapturedSpan| span.text("gen_ai.tool.call.id") == Some(id);
        spans.iter().find(of).unwrap().clone()
    };

    let quiet = trace_of(&world, [call(true), call(false)]);
    let everything = format!("{quiet:?}");
    assert!(!everything.contains("Atlantis") && !everything.contains("the sea"));
    let failed = with_id(&quiet, "b");
    assert_eq!(failed.text("error.type"), Some("not_found"));
    assert_eq!(
        failed.status(),
        &Status::Error("nothing sounds like '…'".into())
    );

    let calls = [true, false].map(|loud| call(loud).with_content_captured(true));
    let open = trace_of(&world, calls);
    let heard = with_id(&open, "a");
    assert_eq!(
        heard.text("gen_ai.tool.call.arguments"),
        Some(r#"{"like":"Atlantis","loud":true}"#)
    );
    assert_eq!(
        heard.text("gen_ai.tool.call.result"),
        Some(r#"{"heard":"the sea"}"#)
    );
    let expected = Status::Error("nothing sounds like 'Atlantis'".into());
    assert_eq!(with_id(&open, "b").status(), &expected);
}

#[test]
fn a_capability_that_nobody_has_names_no_span_and_no_label() {
    let spans = trace_of(
        &World::of(Services::default()),
        [Call::new("invented_by_a_model", json!({}))],
    );
    let unknown = named(&spans, "execute_tool");
    assert_eq!(
        unknown.text("gen_ai.tool.name"),
        Some("invented_by_a_model")
    );
    let capture = TelemetryCapture::install();
    let of = |name| {
        let labels = [("gen_ai.tool.name", name), ("error.type", "not_found")];
        capture
            .histogram("gen_ai.execute_tool.duration", &labels)
            .len()
    };
    assert_eq!((of("_OTHER"), of("invented_by_a_model")), (1, 0));
}

#[test]
fn calls_that_end_without_an_answer_say_why() {
    let capture = TelemetryCapture::install();
    let services = Services::default()
        .with("leg", capability("leg_limp"), async |_, _| away())
        .with("leg", capability("leg_hang"), async |_, _| {
            std::future::pending().await
        });
    let world = World::of(services);
    let call = |name: &str| Call::new(name, json!({}));
    let _failed = world.call(call("leg_limp"));
    let stopped = |reason| {
        let labels = [("glassbox.dependency", "leg"), ("glassbox.reason", reason)];
        capture.counter("resilience.retries.stopped", &labels)
    };
    assert_eq!(stopped("attempts_exhausted"), 1);

    let late = world.call(call("leg_hang"));
    assert_eq!(late.result.unwrap_err().category(), Category::Timeout);
    let leg = [("glassbox.dependency", "leg")];
    assert_eq!(capture.counter("resilience.timeouts", &leg), 1);

    let cx = Cx::background();
    let mut dropped = Box::pin(world.invoker.call(&cx, call("leg_hang")));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(dropped.as_mut().poll(&mut context).is_pending());
    drop(dropped);
    let spans = capture.spans_named("execute_tool leg_hang");
    let kinds: Vec<_> = spans.iter().map(|span| span.text("error.type")).collect();
    assert_eq!(kinds, [Some("timeout"), Some("cancelled")]);
}

#[test]
fn a_breaker_that_opens_is_counted_once() {
    let capture = TelemetryCapture::install();
    let services = Services::default().with("arm", capability("arm_lift"), async |_, _| away());
    let world = World::of(services);
    for _ in 0..12 {
        let _failed = world.call(Call::new("arm_lift", json!({})).with_attempts(1));
    }
    let opened = [
        ("glassbox.dependency", "arm"),
        ("glassbox.breaker.from", "closed"),
        ("glassbox.breaker.to", "open"),
    ];
    assert_eq!(
        capture.counter("resilience.breaker.transitions", &opened),
        1
    );
    let arm = [("glassbox.dependency", "arm")];
    assert_eq!(capture.counter("resilience.breaker.rejections", &arm), 2);
}
