//! The lines of the console, and the conversion of spans and events.

mod odd;

use super::*;
use crate::Signal;
use glassbox_testkit::OtlpSink;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tracing_subscriber::layer::SubscriberExt;

const WITHIN: Duration = Duration::from_secs(10);

/// What was written to the console.
#[derive(Clone, Debug, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Screen {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(bytes.clone()).unwrap()
    }
}

impl io::Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Screen {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Runs `work` under all layers, without export; returns the console's text.
fn shown(console: Console, work: impl FnOnce()) -> String {
    let screen = Screen::default();
    let config = TelemetryConfig::new("shown")
        .with_otlp(false)
        .with_console(console);
    let backend = Backend::start(&config).unwrap();
    let layers = layers_to(&config, Some(&backend), screen.clone()).unwrap();
    let subscriber = tracing_subscriber::registry().with(layers);
    tracing::subscriber::with_default(subscriber, work);
    backend.pipeline().shutdown(Duration::ZERO, || {});
    screen.text()
}

fn say() {
    tracing::info_span!(target: "app", "outer").in_scope(|| {
        tracing::info_span!(target: "app", "inner").in_scope(|| {
            tracing::warn!(target: "app::sky", city = "Oslo", clouds = 3, "it will rain");
        });
    });
}

#[test]
fn a_line_for_machines_is_one_object_with_time_place_and_ids() {
    let text = shown(Console::Json, say);
    let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["target"], "app::sky");
    assert_eq!(line["message"], "it will rain");
    assert_eq!(line["fields"]["city"], "Oslo");
    assert_eq!(line["fields"]["clouds"], 3);
    assert_eq!(line["spans"], serde_json::json!(["outer", "inner"]));
    assert!(line["file"].as_str().unwrap().ends_with("bridge/tests.rs"));
    assert!(line["line"].as_u64().unwrap() > 0);
    assert_eq!(line["trace_id"].as_str().unwrap().len(), 32);
    assert_eq!(line["span_id"].as_str().unwrap().len(), 16);
    let timestamp = line["timestamp"].as_str().unwrap();
    let form: String = timestamp
        .chars()
        .map(|c| if c.is_ascii_digit() { '9' } else { c })
        .collect();
    assert_eq!(form, "9999-99-99T99:99:99.999999Z");
}

#[test]
fn a_line_for_people_has_the_same_in_words() {
    let text = shown(Console::Pretty, say);
    for part in [
        " WARN",
        "app::sky",
        "outer > inner",
        "it will rain",
        "city=",
        "\"Oslo\"",
        "trace_id=",
        "span_id=",
        "bridge/tests.rs:",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn the_console_can_be_off_and_speaks_without_telemetry_too() {
    assert_eq!(shown(Console::Off, say), "");
    let screen = Screen::default();
    let config = TelemetryConfig::new("shown").with_console(Console::Json);
    let layers = layers_to(&config, None, screen.clone()).unwrap();
    let subscriber = tracing_subscriber::registry().with(layers);
    tracing::subscriber::with_default(subscriber, say);
    assert!(screen.text().contains("it will rain"));
    assert!(!screen.text().contains("trace_id"));
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    Some(match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => text.clone(),
        Value::BoolValue(yes) => yes.to_string(),
        Value::IntValue(number) => number.to_string(),
        Value::DoubleValue(number) => number.to_string(),
        other => format!("{other:?}"),
    })
}

/// Runs `work` under the layers and exports the result.
async fn sent(layer: TracingLayer, work: impl FnOnce()) -> OtlpSink {
    let sink = OtlpSink::start().await;
    let config = TelemetryConfig::new("sent")
        .with_endpoint(sink.endpoint())
        .with_tracing_layer(layer);
    let backend = Backend::start(&config).unwrap();
    let subscriber = tracing_subscriber::registry().with(layers(&config, Some(&backend)).unwrap());
    tracing::subscriber::with_default(subscriber, work);
    let (done, ended) = tokio::sync::oneshot::channel();
    backend
        .pipeline()
        .shutdown(WITHIN, move || done.send(()).unwrap());
    ended.await.unwrap();
    assert!(config.exports(Signal::Traces));
    sink
}

fn fields() {
    let cause = io::Error::other("disk is full");
    let span = tracing::info_span!(
        target: "app::orders",
        "handler",
        otel.name = "GET /orders/{id}",
        otel.kind = "server",
        number = 7,
        large = u64::MAX,
        share = 0.5,
        yes = true,
        shown = %"as text",
        debugged = ?Some(1),
        late = tracing::field::Empty,
        empty = tracing::field::Empty,
    );
    span.record("late", "recorded");
    span.in_scope(|| {
        let error: &dyn std::error::Error = &cause;
        tracing::error!(target: "app::orders", error, attempt = 2, "cannot store");
    });
}

#[tokio::test]
async fn fields_of_spans_and_events_become_attributes_of_their_type() {
    let sink = sent(TracingLayer::Glassbox, fields).await;
    let span = &sink.spans()[0];
    assert_eq!(span.name, "GET /orders/{id}");
    assert_eq!(span.kind, 2);
    assert_eq!(span.scope.name, "app::orders");
    for (key, value) in [
        ("number", "7"),
        ("large", "18446744073709551615"),
        ("share", "0.5"),
        ("yes", "true"),
        ("shown", "as text"),
        ("debugged", "Some(1)"),
        ("late", "recorded"),
    ] {
        assert_eq!(text(&span.attributes, key).as_deref(), Some(value), "{key}");
    }
    assert_eq!(text(&span.attributes, "empty"), None);
    assert!(
        text(&span.attributes, "code.file.path")
            .unwrap()
            .ends_with("tests.rs")
    );
    assert!(text(&span.attributes, "code.line.number").is_some());
    assert_eq!(text(&span.attributes, "otel.name"), None);
    let status = span.status.as_ref().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "disk is full"));

    let log = &sink.logs()[0];
    assert_eq!(log.scope.name, "app::orders");
    assert_eq!(
        (log.severity_text.as_str(), log.severity_number),
        ("ERROR", 17)
    );
    assert!(format!("{:?}", log.body).contains("cannot store"));
    assert_eq!(text(&log.attributes, "attempt").as_deref(), Some("2"));
    assert_eq!(
        text(&log.attributes, "exception.message").as_deref(),
        Some("disk is full")
    );
    assert!(text(&log.attributes, "code.file.path").is_some());
    assert!(log.time_unix_nano > 0 && log.observed_time_unix_nano > 0);
    assert_eq!(
        (&log.trace_id, &log.span_id),
        (&span.trace_id, &span.span_id)
    );
}

#[tokio::test]
async fn a_span_that_follows_another_is_linked_to_it() {
    let sink = sent(TracingLayer::Glassbox, || {
        let first = tracing::info_span!(target: "app", "first");
        let second = tracing::info_span!(target: "app", "second");
        second.follows_from(&first);
    })
    .await;
    let spans = sink.spans();
    let of = |name| spans.iter().find(|span| span.name == name).unwrap();
    assert_eq!(of("second").links[0].span_id, of("first").span_id);
    assert_ne!(of("second").trace_id, of("first").trace_id);
}

/// Both layers agree where they should.
#[cfg(feature = "tracing-opentelemetry")]
#[tokio::test]
async fn the_stock_layer_agrees_on_the_common_case() {
    let common = || {
        let outer =
            tracing::info_span!(target: "app", "outer", city = "Oslo", number = 7, yes = true);
        outer.in_scope(|| {
            tracing::info_span!(target: "app", "inner", otel.kind = "client").in_scope(|| {
                tracing::info!(target: "app", "in there");
            });
        });
    };
    let view = |sink: &OtlpSink| {
        let spans = sink.spans();
        let logs = sink.logs();
        let of = |name: &str| spans.iter().find(|span| span.name == name).unwrap().clone();
        let (outer, inner) = (of("outer"), of("inner"));
        assert_eq!(inner.parent_span_id, outer.span_id);
        assert_eq!(inner.trace_id, outer.trace_id);
        assert_eq!(logs[0].span_id, inner.span_id);
        let attributes =
            ["city", "number", "yes", "code.line.number"].map(|key| text(&outer.attributes, key));
        (
            spans.len(),
            outer.kind,
            inner.kind,
            inner.status.clone(),
            attributes,
        )
    };
    let ours = view(&sent(TracingLayer::Glassbox, common).await);
    let stock = view(&sent(TracingLayer::TracingOpentelemetry, common).await);
    assert_eq!(ours, stock);
}

#[cfg(not(feature = "tracing-opentelemetry"))]
#[test]
fn the_stock_layer_needs_its_feature() {
    let config = TelemetryConfig::new("x").with_tracing_layer(TracingLayer::TracingOpentelemetry);
    let backend = Backend::start(&config).unwrap();
    let error = layers::<tracing_subscriber::Registry>(&config, Some(&backend))
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("feature `tracing-opentelemetry`"),
        "{error}"
    );
    backend.pipeline().shutdown(Duration::ZERO, || {});
}
