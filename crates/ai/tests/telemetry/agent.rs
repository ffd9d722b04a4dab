//! `invoke_agent {name}`, `execute_tool {tool}` and their metrics.

use crate::{
    scripted::{Script, Scripted, calls, says},
    world::Tools,
};
use glassbox_ai::{Assistant, ContentCapture, ModelIdentity, Observed};
use glassbox_core::{
    Category, Cx, ToolError,
    telemetry::{self, SpanKind, Status},
};
use glassbox_testkit::{CapturedSpan, TelemetryCapture};
use serde_json::json;

/// One question to the agent `name`, whose tools are called `{name}_look` and `{name}_fail`.
async fn run(name: &str, capture: ContentCapture) -> Vec<CapturedSpan> {
    let telemetry = TelemetryCapture::install();
    let (look, fail) = (format!("{name}_look"), format!("{name}_fail"));
    let tools = Tools::default()
        .with(&look, async |cx: Cx, _| {
            // The tool's span is the current context, so that outgoing requests propagate it.
            assert_eq!(cx.trace().span_id, telemetry::current().span_id);
            Ok(json!({"seen": "the moon"}))
        })
        .with(&fail, async |_, _| {
            Err(ToolError::new(
                Category::NotFound,
                "sky.empty",
                "there is no sky",
            ))
        });
    let script = Scripted::new([
        calls(&[
            ("a", &look, json!({"at": "the sky"})),
            ("b", &fail, json!({})),
            ("c", "invented", json!({})),
        ]),
        says(&["Moon."]),
    ]);
    let identity = ModelIdentity::new("openai", format!("{name}-model"), "models.test", 8443);
    let model = Observed::new(script, identity, capture);
    Assistant::new(name)
        .with_content_capture(capture)
        .answer(&Cx::background(), &tools.world(&model), "What is up?")
        .await
        .unwrap();
    let agents = telemetry.spans_named(&format!("invoke_agent {name}"));
    assert_eq!(agents.len(), 1);
    telemetry.trace(agents[0].context().trace_id)
}

fn named<'a>(spans: &'a [CapturedSpan], name: &str) -> Vec<&'a CapturedSpan> {
    spans.iter().filter(|span| span.name() == name).collect()
}

#[tokio::test]
async fn an_answer_is_one_trace_of_agent_models_and_tools() {
    let spans = run("star", ContentCapture::Off).await;
    let agent = named(&spans, "invoke_agent star")[0];
    assert_eq!(agent.kind(), SpanKind::Internal);
    assert_eq!(agent.text("gen_ai.operation.name"), Some("invoke_agent"));
    assert_eq!(agent.text("gen_ai.agent.name"), Some("star"));
    assert_eq!(agent.text("gen_ai.provider.name"), Some("openai"));
    assert_eq!(agent.int("gen_ai.usage.input_tokens"), Some(20));
    assert_eq!(agent.status(), &Status::Unset);

    let chats = named(&spans, "chat star-model");
    assert_eq!(chats.len(), 2);
    assert!(chats.iter().all(|chat| chat.is_child_of(agent)));

    let look = named(&spans, "execute_tool star_look")[0];
    assert!(look.is_child_of(agent));
    assert_eq!(look.kind(), SpanKind::Internal);
    for (key, value) in [
        ("gen_ai.operation.name", "execute_tool"),
        ("gen_ai.tool.name", "star_look"),
        ("gen_ai.tool.call.id", "a"),
        ("gen_ai.tool.type", "function"),
        ("gen_ai.tool.description", "Does star_look."),
    ] {
        assert_eq!(look.text(key), Some(value), "{key}");
    }
    let fail = named(&spans, "execute_tool star_fail")[0];
    assert_eq!(fail.text("error.type"), Some("not_found"));
    assert_eq!(fail.status(), &Status::Error("there is no sky".into()));

    // A name invented by the model is not used as a span name.
    let invented = named(&spans, "execute_tool")[0];
    assert_eq!(invented.text("gen_ai.tool.name"), Some("invented"));
    assert_eq!(invented.text("error.type"), Some("unknown_tool"));

    let telemetry = TelemetryCapture::install();
    let of = |labels: &[(&str, &str)]| {
        telemetry
            .histogram("gen_ai.execute_tool.duration", labels)
            .len()
    };
    assert_eq!(of(&[("gen_ai.tool.name", "star_look")]), 1);
    assert_eq!(
        of(&[
            ("gen_ai.tool.name", "star_fail"),
            ("error.type", "not_found")
        ]),
        1
    );
    assert!(
        of(&[
            ("gen_ai.tool.name", "_OTHER"),
            ("error.type", "unknown_tool")
        ]) >= 1
    );
    let star = [("gen_ai.agent.name", "star")];
    assert_eq!(
        telemetry
            .histogram("gen_ai.invoke_agent.duration", &star)
            .len(),
        1
    );
    assert_eq!(
        telemetry.histogram("gen_ai.invoke_agent.inference_calls", &star),
        [2.0]
    );
    assert_eq!(
        telemetry.histogram("gen_ai.invoke_agent.tool_calls", &star),
        [3.0]
    );
}

#[tokio::test]
async fn nothing_that_was_said_is_on_a_span_unless_it_is_switched_on() {
    let quiet = run("quiet", ContentCapture::Off).await;
    let everything = format!("{quiet:?}");
    for said in ["What is up?", "the sky\"", "the moon", "Moon."] {
        assert!(!everything.contains(said), "'{said}' is on a span");
    }

    let open = run("open", ContentCapture::Span).await;
    let agent = named(&open, "invoke_agent open")[0];
    assert_eq!(agent.text("glassbox.question"), Some("What is up?"));
    let look = named(&open, "execute_tool open_look")[0];
    assert_eq!(
        look.text("gen_ai.tool.call.arguments"),
        Some(r#"{"at":"the sky"}"#)
    );
    assert_eq!(
        look.text("gen_ai.tool.call.result"),
        Some(r#"{"seen":"the moon"}"#)
    );
}

#[tokio::test]
async fn an_answer_that_is_given_up_is_told_as_such() {
    let telemetry = TelemetryCapture::install();
    let tools = Tools::default();
    let script = Scripted::new([Script::Hangs(Vec::new())]);
    let assistant = Assistant::new("gone");
    let world = tools.world(&script);
    let cx = Cx::background();
    let answer = assistant.answer(&cx, &world, "What is up?");
    let waited = tokio::time::timeout(std::time::Duration::ZERO, answer).await;
    assert!(waited.is_err());
    assert_eq!(script.requests().len(), 1);
    let agent = &telemetry.spans_named("invoke_agent gone")[0];
    assert_eq!(agent.text("error.type"), Some("cancelled"));
    let gone = [("gen_ai.agent.name", "gone"), ("error.type", "cancelled")];
    assert_eq!(
        telemetry
            .histogram("gen_ai.invoke_agent.duration", &gone)
            .len(),
        1
    );
}

#[tokio::test]
async fn a_failure_does_not_quote_what_the_model_wrote() {
    for (name, capture, expected) in [
        ("shy", ContentCapture::Off, "no city is called '…', near …"),
        (
            "frank",
            ContentCapture::Span,
            "no city is called 'Atlantis', near 12.5",
        ),
    ] {
        let telemetry = TelemetryCapture::install();
        let tool = format!("{name}_find");
        let tools = Tools::default().with(&tool, async |_, input| {
            let message = format!(
                "no city is called '{}', near {}",
                input["city"].as_str().unwrap(),
                input["at"]
            );
            Err(ToolError::new(Category::NotFound, "city.unknown", message))
        });
        let script = Scripted::new([
            calls(&[
                ("a", &tool, json!({"city": "Atlantis", "at": 12.5})),
                ("b", &tool, json!("{\"city\": \"Atlan")),
            ]),
            says(&["Sorry."]),
        ]);
        let answer = Assistant::new(name)
            .with_content_capture(capture)
            .answer(&Cx::background(), &tools.world(&script), "Where?")
            .await
            .unwrap();
        // The model gets the complete message.
        let told = answer.tools[0].result.as_ref().unwrap_err();
        assert_eq!(told.message(), "no city is called 'Atlantis', near 12.5");

        let spans = telemetry.spans_named(&format!("execute_tool {tool}"));
        let status = |id: &str| {
            let of = |span: &&CapturedSpan| span.text("gen_ai.tool.call.id") == Some(id);
            spans.iter().find(of).unwrap().status().clone()
        };
        assert_eq!(status("a"), Status::Error(expected.into()));
        let unreadable = format!("{:?}", status("b"));
        assert!(!unreadable.contains("Atlan"), "{unreadable}");
    }
}
