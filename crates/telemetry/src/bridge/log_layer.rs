//! `tracing` events as log records.

use super::{
    body,
    origin::{event_name, is_from_log},
    span_layer::context_of,
};
use crate::spans;
use glassbox_core::sentence;
use glassbox_semconv::v1_41::{code, exception};
use opentelemetry::{
    Context as OtelContext, Key,
    logs::{AnyValue, LogRecord, Logger, Severity},
};
use opentelemetry_sdk::logs::{SdkLogRecord, SdkLogger};
use std::{error::Error, fmt, time::SystemTime};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// Emits a record for each event: the message is its body, fields are its attributes. The SDK adds
/// the current span.
pub(super) struct LogLayer(SdkLogger);

impl LogLayer {
    pub(super) const fn new(logger: SdkLogger) -> Self {
        Self(logger)
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let metadata = event.metadata();
        let severity = severity(*metadata.level());
        let name = event_name(metadata);
        if !self.0.event_enabled(severity, metadata.target(), name) {
            return;
        }
        let mut record = self.0.create_log_record();
        let now = SystemTime::now();
        record.set_timestamp(now);
        record.set_observed_timestamp(now);
        record.set_severity_number(severity);
        record.set_severity_text(metadata.level().as_str());
        record.set_target(metadata.target().to_owned());
        if let Some(name) = name {
            record.set_event_name(name);
        }
        let from_log = is_from_log(metadata);
        if !from_log && let Some(file) = metadata.file() {
            record.add_attribute(Key::from_static_str(code::FILE_PATH), file.to_owned());
        }
        if !from_log && let Some(line) = metadata.line() {
            record.add_attribute(Key::from_static_str(code::LINE_NUMBER), i64::from(line));
        }
        event.record(&mut LogFields {
            record: &mut record,
            from_log,
            failed: false,
        });
        if record.body().is_none() {
            let body = body::substitute(&record);
            record.set_body(body.into());
        }
        let parent = event.parent().and_then(|id| context_of(cx.span(id)?));
        if let Some(parent) = parent {
            let parent = spans::span_context(&parent);
            let (trace_id, span_id) = (parent.trace_id(), parent.span_id());
            record.set_trace_context(trace_id, span_id, Some(parent.trace_flags()));
        }
        // The SDK would assign the current span to an explicit root.
        let _nobody = event.is_root().then(|| OtelContext::new().attach());
        self.0.emit(record);
    }
}

const fn severity(level: Level) -> Severity {
    match level {
        Level::TRACE => Severity::Trace,
        Level::DEBUG => Severity::Debug,
        Level::INFO => Severity::Info,
        Level::WARN => Severity::Warn,
        Level::ERROR => Severity::Error,
    }
}

struct LogFields<'a> {
    record: &'a mut SdkLogRecord,
    from_log: bool,
    /// Whether an error has been recorded.
    failed: bool,
}

impl LogFields<'_> {
    fn set(&mut self, field: &Field, value: impl Into<AnyValue>) {
        let (name, value) = (field.name(), value.into());
        match (name, value) {
            ("message", value) => self.record.set_body(value),
            // The usual names of an error that is passed as text: `error = %error`.
            ("error" | "err", value @ AnyValue::String(_)) if !self.failed => {
                self.failed = true;
                let key = Key::from_static_str(exception::MESSAGE);
                self.record.add_attribute(key, value);
            }
            ("log.target", AnyValue::String(target)) if self.from_log => {
                self.record.set_target(String::from(target));
            }
            ("log.file", value) if self.from_log => {
                let key = Key::from_static_str(code::FILE_PATH);
                self.record.add_attribute(key, value);
            }
            ("log.line", value) if self.from_log => {
                let key = Key::from_static_str(code::LINE_NUMBER);
                self.record.add_attribute(key, value);
            }
            ("log.module_path", _) if self.from_log => {}
            (name, value) => self.record.add_attribute(name, value),
        }
    }
}

impl Visit for LogFields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.to_owned());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.set(field, value),
            Err(_) => self.set(field, value.to_string()),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.set(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        // Keys must be unique in a record.
        let key = match std::mem::replace(&mut self.failed, true) {
            false => exception::MESSAGE,
            true => field.name(),
        };
        let key = Key::from_static_str(key);
        self.record.add_attribute(key, sentence(value));
    }
}
