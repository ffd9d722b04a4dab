//! Fields of `tracing` spans, as attributes.

use glassbox_core::{
    sentence,
    telemetry::{Attribute, Record, SpanKind, Status},
};
use glassbox_semconv::v1_41::exception;
use std::{error::Error, fmt};
use tracing::field::{Field, Visit};

/// Passes every field on as an attribute.
///
/// Formatting a value runs the application's code, which may panic or log, so no lock may be held in the meantime.
pub(super) struct Fields<F>(pub(super) F);

/// Writes a field to a record. `otel.*` fields set properties of the span. A field that is recorded again
/// replaces the earlier value.
pub(super) fn apply(record: &mut Record, name: &'static str, value: Attribute) {
    match (name, value) {
        ("otel.name", Attribute::Str(text)) => record.name = text,
        ("otel.kind", Attribute::Str(text)) => record.kind = kind(&text).unwrap_or(record.kind),
        ("otel.status_code", Attribute::Str(text)) => {
            record.status = status(&text, &record.status);
        }
        ("otel.status_description" | "otel.status_message", Attribute::Str(text)) => {
            record.status = Status::Error(text);
        }
        (name, value) => match record.attributes.iter_mut().find(|(set, _)| set == name) {
            Some((_, set)) => *set = value,
            None => record.attributes.push((name.into(), value)),
        },
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

impl<F: FnMut(&'static str, Attribute)> Visit for Fields<F> {
    fn record_str(&mut self, field: &Field, value: &str) {
        (self.0)(field.name(), value.to_owned().into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        (self.0)(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        (self.0)(field.name(), Attribute::Int(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let value = match i64::try_from(value) {
            Ok(value) => Attribute::Int(value),
            Err(_) => value.to_string().into(),
        };
        (self.0)(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        (self.0)(field.name(), value.into());
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        (self.0)(field.name(), Attribute::Bytes(value.to_vec()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        (self.0)(field.name(), format!("{value:?}").into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        (self.0)(field.name(), sentence(value).into());
    }
}

/// The description of an event of level `ERROR`: its `error` field, else its message.
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
            "error" | "err" | exception::MESSAGE => self.error = Some(format!("{value:?}")),
            "message" => self.message = Some(format!("{value:?}")),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "error" | "err" | exception::MESSAGE => self.error = Some(value.to_owned()),
            "message" => self.message = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_error(&mut self, _: &Field, value: &(dyn Error + 'static)) {
        self.error = Some(sentence(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_recorded_for_ever_takes_one_place() {
        let mut record = Record::default();
        for round in 0..1000 {
            apply(&mut record, "progress", Attribute::Int(round));
        }
        let last = Attribute::Int(999);
        assert_eq!(record.attributes, [("progress".into(), last)]);
    }
}
