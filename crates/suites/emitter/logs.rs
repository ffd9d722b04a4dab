//! Log records: `tracing` events, and records emitted through OpenTelemetry's own API.

use crate::Facts;
use glassbox_core::telemetry::Span;
use glassbox_telemetry::TelemetryGuard;
use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId,
    logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity},
};
use std::{
    collections::HashMap,
    error::Error,
    fmt, io,
    time::{Duration, UNIX_EPOCH},
};

pub(crate) fn emit(telemetry: &TelemetryGuard, facts: &mut Facts) {
    facts.set("file", file!());
    facts.set_now("begin");
    levels();
    fields();
    correlated(facts);
    native(telemetry);
    facts.set_now("end");
}

fn levels() {
    tracing::trace!(target: "shop", "a trace");
    tracing::debug!(target: "shop", "a debug");
    tracing::info!(target: "shop", "an info");
    tracing::warn!(target: "shop", "a warning");
    tracing::error!(target: "shop", "an error");
}

/// Every kind of field, with its extreme values.
fn fields() {
    let error = Failed(io::Error::other("disk is full"));
    tracing::info!(
        target: "shop",
        text = "Grüße, 世界 🌍\t\"\\",
        text.empty = "",
        yes = true,
        int.min = i64::MIN,
        int.max = i64::MAX,
        beyond = u64::MAX,
        double = 0.1,
        double.nan = f64::NAN,
        shown = ?Some("x"),
        error = &error as &dyn Error,
        "fields für alle"
    );
    tracing::info!(target: "shop", at = 1);
}

/// Inside spans of every kind, and explicitly outside of any span.
fn correlated(facts: &mut Facts) {
    let span = Span::builder("correlated").root().start();
    facts.set_context("correlated", span.context());
    let _entered = span.enter();
    tracing::info!(target: "shop", "in a span");
    tracing::info_span!(target: "shop", "deeper").in_scope(|| {
        facts.set_context("deeper", &glassbox_core::telemetry::current());
        tracing::info!(target: "shop", "in a deeper span");
        tracing::info!(target: "shop", parent: None, "in no span");
    });
}

/// Features that `tracing` lacks: structured bodies, event names, explicit times.
fn native(telemetry: &TelemetryGuard) {
    let Some(provider) = telemetry.logger_provider() else {
        return;
    };
    let scope = InstrumentationScope::builder("native.logger")
        .with_version("1.2.3")
        .with_schema_url("https://opentelemetry.io/schemas/1.41.0")
        .with_attributes([KeyValue::new("scope.key", "scope value")])
        .build();
    let logger = provider.logger_with_scope(scope);
    let mut record = logger.create_log_record();
    record.set_event_name("order.placed");
    record.set_timestamp(UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_007));
    record.set_observed_timestamp(UNIX_EPOCH + Duration::from_nanos(1_700_000_001_000_000_009));
    record.set_severity_number(Severity::Fatal4);
    record.set_severity_text("CATASTROPHE");
    record.set_body(AnyValue::Map(Box::new(HashMap::from([(
        "items".into(),
        AnyValue::ListAny(Box::new(vec![
            AnyValue::Int(i64::MIN),
            AnyValue::Double(0.5),
            AnyValue::Boolean(false),
            AnyValue::String("ü".into()),
            AnyValue::Bytes(Box::new(vec![0, 1, 254, 255])),
        ])),
    )]))));
    record.add_attribute("bytes", AnyValue::Bytes(Box::default()));
    record.add_attribute("list", AnyValue::ListAny(Box::default()));
    record.set_trace_context(
        TraceId::from(0x0102),
        SpanId::from(0x0304),
        Some(TraceFlags::SAMPLED),
    );
    logger.emit(record);
}

/// An error with a cause.
#[derive(Debug)]
struct Failed(io::Error);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("could not be saved")
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}
