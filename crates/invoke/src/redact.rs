//! Content on spans: truncated, or removed from messages that quote it.

use serde_json::Value;

/// The maximum content that is kept, in characters.
const MAX_TEXT: usize = 16_384;

/// A value as JSON, truncated to the limit.
pub(crate) fn cut(value: &Value) -> String {
    let mut text = value.to_string();
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(end);
    }
    text
}

/// A failure's message without quotations of the texts and numbers in `said`.
pub(crate) fn without(message: &str, said: &Value) -> String {
    let mut texts = Vec::new();
    leaves(said, &mut texts);
    // Of two overlapping texts, the longer one is replaced first.
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let mut message = message.to_owned();
    for text in texts.iter().filter(|text| !text.is_empty()) {
        message = replaced(&message, text);
    }
    message
}

fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Number(number) => found.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(members) => members.values().for_each(|member| leaves(member, found)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Replaces each `text` that is not part of a longer word with `…`.
fn replaced(message: &str, text: &str) -> String {
    let mut kept = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(text) {
        let (before, after) = (&rest[..at], &rest[at + text.len()..]);
        let is_inside = |outer: Option<char>, inner: Option<char>| {
            outer.is_some_and(char::is_alphanumeric) && inner.is_some_and(char::is_alphanumeric)
        };
        let left = before.chars().next_back().or(kept.chars().next_back());
        let is_part = is_inside(left, text.chars().next())
            || is_inside(after.chars().next(), text.chars().next_back());
        kept.push_str(before);
        kept.push_str(if is_part { text } else { "…" });
        rest = after;
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn long_values_are_cut_between_characters() {
        let long = json!("æ".repeat(MAX_TEXT + 1));
        assert_eq!(cut(&long).chars().count(), MAX_TEXT);
        assert_eq!(cut(&json!({"a": 1})), r#"{"a":1}"#);
    }

    #[test]
    fn a_message_is_kept_without_what_it_quotes() {
        let said = json!({"city": "Rio de Janeiro", "tags": ["Rio", "a", ""], "n": 7, "on": true});
        assert_eq!(
            without("a city 'Rio de Janeiro' (Rio?) is at 7, not 17", &said),
            "… city '…' (…?) is at …, not 17"
        );
        assert_eq!(without("no data", &json!({})), "no data");
    }
}
