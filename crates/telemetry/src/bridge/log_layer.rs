//! `tracing` events as log records.

use super::fields::chain;
use glassbox_semconv::v1_41::{code, exception};
use opentelemetry::{
    Key,
    logs::{AnyValue, LogRecord, Logger, Severity},
};
use opentelemetry_sdk::logs::{SdkLogRecord, SdkLogger};
use std::{error::Error, fmt, time::SystemTime};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

/// Emits a record for each event: the message is its body, fields are its attributes. The SDK adds
/// the current span, which is the same for all kinds of spans.
pub(super) struct LogLayer(SdkLogger);

impl LogLayer {
    pub(super) const fn new(logger: SdkLogger) -> Self {
        Self(logger)
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let severity = severity(*metadata.level());
        if !self.0.event_enabled(severity, metadata.target(), None) {
            return;
        }
        let mut record = self.0.create_log_record();
        let now = SystemTime::now();
        record.set_timestamp(now);
        record.set_observed_timestamp(now);
        record.set_severity_number(severity);
        record.set_severity_text(metadata.level().as_str());
        record.set_target(metadata.target().to_owned());
        if let Some(file) = metadata.file() {
            record.add_attribute(Key::from_static_str(code::FILE_PATH), file.to_owned());
        }
        if let Some(line) = metadata.line() {
            record.add_attribute(Key::from_static_str(code::LINE_NUMBER), i64::from(line));
        }
        event.record(&mut LogFields(&mut record));
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

struct LogFields<'a>(&'a mut SdkLogRecord);

impl LogFields<'_> {
    fn set(&mut self, field: &Field, value: impl Into<AnyValue>) {
        match field.name() {
            "message" => self.0.set_body(value.into()),
            name => self.0.add_attribute(name, value),
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

    fn record_error(&mut self, _: &Field, value: &(dyn Error + 'static)) {
        let key = Key::from_static_str(exception::MESSAGE);
        self.0.add_attribute(key, chain(value));
    }
}
