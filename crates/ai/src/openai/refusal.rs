//! Errors in all the forms that servers use.

mod reason;

use super::field;
use crate::wire::{
    Reading, Refusal,
    json::{self},
    line, page,
    surrogates::Halves,
};
use serde_json::Value;

/// Maximum depth of nested messages.
const MAX_DEPTH: usize = 6;
/// The members that may contain the message, outermost first.
const MESSAGES: &[&str] = &[
    "message",
    "msg",
    "detail",
    "error_description",
    "error_message",
    "errorMessage",
    "errors",
    "error",
    "description",
    "reason",
    "title",
];

/// Reads the body of an error: JSON, events, a page, or text.
pub(super) fn read(body: &str, reading: &Reading) -> Refusal {
    let body = body.trim_start_matches('\u{feff}').trim();
    if let Some(value) = parse(body, reading) {
        let refusal = of_value(&value);
        return match refusal.message {
            // The response is an error, so its whole content is the message.
            None if field::is_set(&value) => Refusal {
                message: line(body),
                ..refusal
            },
            _ => refusal,
        };
    }
    let data = body.lines().find_map(|line| line.strip_prefix("data:"));
    let is_stream = ["data:", "event:", "id:", "retry:", ":"];
    let is_stream = is_stream.iter().any(|field| body.starts_with(field));
    if let Some(data) = data.filter(|_| is_stream) {
        return of_data(data, reading);
    }
    let text = match body.starts_with('<') {
        true => page(body),
        false => body.into(),
    };
    of_text(&reading.conceal.within(&text))
}

/// Reads the data of an event that is an error.
pub(super) fn of_data(data: &str, reading: &Reading) -> Refusal {
    match parse(data.trim(), reading) {
        Some(value) => of_value(&value),
        None => of_text(&reading.conceal.within(data)),
    }
}

fn of_text(text: &str) -> Refusal {
    Refusal {
        reason: reason::of_text(text),
        message: line(text),
        status: None,
    }
}

fn parse(text: &str, reading: &Reading) -> Option<Value> {
    let limit = reading.limits.answer_bytes;
    let document = json::read(text, Halves::Replace, limit, &reading.conceal);
    document.ok().map(|document| document.value)
}

/// The error that a chunk, a choice or a whole answer contains.
pub(super) fn within(value: &Value) -> Option<Refusal> {
    let error = &value["error"];
    if field::is_set(error) {
        return Some(of_value(value));
    }
    if field::is_set(&value["choices"]) {
        return None;
    }
    let is_error = value["object"] == "error"
        || value["type"] == "error"
        || value["success"] == false
        || field::is_set(&value["detail"])
        || field::is_set(&value["errors"])
        // A message that is not text is an answer.
        || value["message"].is_string();
    is_error.then(|| of_value(value))
}

/// Reads an error as JSON.
pub(super) fn of_value(value: &Value) -> Refusal {
    let outer = match value {
        Value::Array(items) => items
            .iter()
            .find(|item| field::is_set(item))
            .unwrap_or(value),
        other => other,
    };
    let inner = match &outer["error"] {
        Value::Array(items) => items.first().unwrap_or(&Value::Null),
        error => error,
    };
    let words: Vec<&str> = [inner, outer]
        .iter()
        .flat_map(|object| ["code", "type", "status", "reason"].map(|name| &object[name]))
        .filter_map(Value::as_str)
        .collect();
    let message = message(outer, 0);
    let status = [inner, outer]
        .iter()
        .flat_map(|object| ["status", "code", "status_code"].map(|name| &object[name]))
        .filter_map(field::integer)
        .find(|status| (400..600).contains(status));
    let is_temporary = outer.to_string().contains("retryDelay");
    Refusal {
        status: status
            .and_then(|status| u16::try_from(status).ok())
            .or_else(|| words.iter().find_map(|word| reason::status(word))),
        reason: words
            .iter()
            .find_map(|word| reason::of_word(word))
            .or_else(|| reason::of_text(message.as_deref()?))
            .map(|reason| reason.unless_temporary(is_temporary)),
        message: message.as_deref().and_then(line),
    }
}

/// The message of an error.
fn message(value: &Value, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    match value {
        Value::String(text) => {
            // Gateways pass on the error of the server behind them as text.
            let nested = serde_json::from_str(text.trim())
                .ok()
                .filter(Value::is_object);
            let nested = nested.and_then(|nested| message(&nested, depth + 1));
            nested.or_else(|| line(text))
        }
        Value::Array(items) => {
            let all = items.iter().filter_map(|item| message(item, depth + 1));
            let all: Vec<String> = all.take(3).collect();
            Some(all.join("; ")).filter(|text| !text.is_empty())
        }
        Value::Object(_) => of_object(value, depth),
        _ => None,
    }
}

fn of_object(value: &Value, depth: usize) -> Option<String> {
    let error = message(&value["error"], depth + 1).filter(|_| value["error"].is_object());
    let found = error.or_else(|| {
        let mut all = MESSAGES.iter();
        all.find_map(|name| message(&value[*name], depth + 1))
    });
    let place = value["loc"].as_array().map(|path| {
        let steps = path.iter().filter_map(field::text);
        steps.collect::<Vec<_>>().join(".")
    });
    let cause = message(&value["metadata"]["raw"], depth + 1);
    let title = value["error"].as_str().and_then(line);
    match (found, place, cause.or(title)) {
        (Some(text), Some(place), _) => Some(format!("{place}: {text}")),
        (Some(text), None, Some(more)) if more != text && !text.contains(&more) => {
            Some(match value["error"].is_string() {
                true => format!("{more}: {text}"),
                false => format!("{text}: {more}"),
            })
        }
        (found, ..) => found,
    }
}

#[cfg(test)]
mod tests;
