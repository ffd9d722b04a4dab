//! Fields of `tracing` spans as attributes of OpenTelemetry's.

use glassbox_core::telemetry::{Attribute, Record, SpanKind, Status};
use std::{error::Error, fmt};
use tracing::field::{Field, Visit};

/// Writes fields into a record; `otel.*` fields say what the span is.
pub(super) struct SpanFields<'a>(pub(super) &'a mut Record);

impl SpanFields<'_> {
    fn set(&mut self, field: &Field, value: Attribute) {
        self.0.attributes.push((field.name().into(), value));
    }

    fn text(&mut self, field: &Field, text: String) {
        match field.name() {
            "otel.name" => self.0.name = text.into(),
            "otel.kind" => self.0.kind = kind(&text).unwrap_or(self.0.kind),
            "otel.status_code" => self.0.status = status(&text, &self.0.status),
            "otel.status_description" | "otel.status_message" => {
                self.0.status = Status::Error(text.into());
            }
            _ => self.set(field, text.into()),
        }
    }
}

fn kind(text: &str) -> Option<SpanKind> {
    let known = [
        ("internal", SpanKind::Internal),
        ("server", SpanKind::Server),
        ("client", SpanKind::Client),
        ("producer", SpanKind::Producer),
        ("consumer", SpanKind::Consumer),
    ];
    let found = known
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text))?;
    Some(found.1)
}

fn status(text: &str, before: &Status) -> Status {
    match text.to_ascii_lowercase().as_str() {
        "ok" => Status::Ok,
        "error" if matches!(before, Status::Error(_)) => before.clone(),
        "error" => Status::Error("".into()),
        _ => before.clone(),
    }
}

impl Visit for SpanFields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value.to_owned());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, Attribute::Int(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.set(field, Attribute::Int(value)),
            Err(_) => self.set(field, value.to_string().into()),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format!("{value:?}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.set(field, chain(value).into());
    }
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// What an event at level `ERROR` says: its `error` field, else its message.
#[derive(Debug, Default)]
pub(super) struct Failure {
    error: Option<String>,
    message: Option<String>,
}

impl Failure {
    pub(super) fn into_text(self) -> String {
        self.error.or(self.message).unwrap_or_default()
    }
}

impl Visit for Failure {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "error" | "err" => self.error = Some(format!("{value:?}")),
            "message" => self.message = Some(format!("{value:?}")),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "error" | "err" => self.error = Some(value.to_owned()),
            "message" => self.message = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_error(&mut self, _: &Field, value: &(dyn Error + 'static)) {
        self.error = Some(chain(value));
    }
}
