//! The body of an event that has no message.

use glassbox_semconv::v1_41::{code, exception};
use opentelemetry::{Key, logs::AnyValue};
use opentelemetry_sdk::logs::SdkLogRecord;
use std::fmt::Write;

/// The maximum length of a body that is made of fields, which are attributes anyway.
const MAX_BYTES: usize = 512;

/// What to show in place of the message: the error, else the name of the event, else its fields.
pub(super) fn substitute(record: &SdkLogRecord) -> String {
    let is_error = |(key, _): &&(Key, AnyValue)| key.as_str() == exception::MESSAGE;
    if let Some((_, AnyValue::String(error))) = record.attributes_iter().find(is_error) {
        return cut(error.as_str().to_owned());
    }
    match record.event_name() {
        Some(name) => name.to_owned(),
        None => fields(record),
    }
}

fn fields(record: &SdkLogRecord) -> String {
    let place = [code::FILE_PATH, code::LINE_NUMBER];
    let mut text = String::new();
    for (key, value) in record.attributes_iter() {
        if place.contains(&key.as_str()) {
            continue;
        }
        let separator = if text.is_empty() { "" } else { " " };
        // Writing to a string does not fail.
        let _ = match value {
            AnyValue::String(value) => write!(text, "{separator}{key}={value}"),
            AnyValue::Int(value) => write!(text, "{separator}{key}={value}"),
            AnyValue::Double(value) => write!(text, "{separator}{key}={value}"),
            AnyValue::Boolean(value) => write!(text, "{separator}{key}={value}"),
            // Too long for one line.
            _ => write!(text, "{separator}{key}=…"),
        };
        if text.len() > MAX_BYTES {
            break;
        }
    }
    cut(text)
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_BYTES {
        text.truncate(text.floor_char_boundary(MAX_BYTES));
        text.push('…');
    }
    text
}
