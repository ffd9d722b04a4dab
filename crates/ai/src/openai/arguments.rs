//! The arguments of a tool call as JSON.

use crate::fence::without_fence;
use crate::wire::{
    conceal::Conceal,
    json::{self},
    surrogates::Halves,
};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// How often arguments may be encoded as text within text.
const MAX_ENCODED: usize = 3;

/// Parses the object in a text.
pub(super) fn object(text: &str, limit: usize) -> Option<Map<String, Value>> {
    let text = without_fence(text);
    if text.is_empty() {
        // A call without parameters may have no arguments.
        return Some(Map::new());
    }
    let mut value = read(text, limit).or_else(|| last_object(text, limit))?;
    for _ in 0..MAX_ENCODED {
        match value {
            Value::Object(members) => return Some(members),
            // Some languages cannot distinguish an empty list from an empty object.
            Value::Array(items) if items.is_empty() => return Some(Map::new()),
            Value::Null => return Some(Map::new()),
            Value::String(inner) if inner.trim().is_empty() => return Some(Map::new()),
            Value::String(inner) => value = read(&inner, limit)?,
            _ => return None,
        }
    }
    value.as_object().cloned()
}

fn read(text: &str, limit: usize) -> Option<Value> {
    // The decoded form may be larger than the text; this bound only stops structures that are far larger.
    let limit = limit.saturating_mul(8);
    json::read(text, Halves::Replace, limit, &Conceal::default())
        .ok()
        .map(|document| document.value)
}

/// The object after empty ones, which some servers send as a placeholder: `{}{"city": "Oslo"}`.
fn last_object(text: &str, limit: usize) -> Option<Value> {
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut from = 0;
    while let Some(Ok(_)) = documents.next() {
        let document = text[from..documents.byte_offset()].trim();
        from = documents.byte_offset();
        if document != "{}" {
            let is_last = text[from..].trim().is_empty();
            return read(document, limit).filter(|_| is_last);
        }
    }
    let is_placeholder = from > 0 && text[from..].trim().is_empty();
    is_placeholder.then(|| Value::Object(Map::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(text: &str, limit: usize) -> Value {
        object(text, limit).map_or_else(|| text.into(), Value::Object)
    }

    #[test]
    fn arguments_are_understood_however_they_are_written() {
        let oslo = json!({"city": "Oslo"});
        let once = oslo.to_string();
        let twice = Value::from(once.clone()).to_string();
        let thrice = Value::from(twice.clone()).to_string();
        for text in [
            once.clone(),
            twice,
            thrice,
            format!(" {once}\n"),
            format!("```json\n{once}\n```"),
            format!("{{}}{once}"),
        ] {
            assert_eq!(parse(&text, 1000), oslo, "{text}");
        }
        for text in ["", " ", "{}", "null", "[]", "\"\"", "\"{}\"", "{}{}"] {
            assert_eq!(parse(text, 1000), json!({}), "{text}");
        }
        assert_eq!(parse(r#"{"a": "\ud83d"}"#, 1000), json!({"a": "\u{fffd}"}));
    }

    #[test]
    fn what_states_no_object_stays_text() {
        for text in [
            "{\"city\": ",
            "7",
            "[1]",
            "Oslo",
            "{\"a\":1}{\"b\":2}",
            "\"Oslo\"",
        ] {
            assert_eq!(parse(text, 1000), json!(text));
        }
        let large = format!("{{\"a\":[{}0]}}", "[],".repeat(1000));
        assert!(parse(&large, 100).is_string(), "larger than the limit");
    }
}
