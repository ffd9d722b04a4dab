//! Members that servers attach to an answer and expect back unchanged.

use serde_json::{Map, Value, map::Entry};

/// Members of a tool call, and of its `function`.
const OF_CALL: &[&str] = &[
    "extra_content",
    "provider_specific_fields",
    "thought_signature",
    "thoughtSignature",
    "signature",
];
/// Members of a message. OpenAI has none of them, but many servers with its protocol do.
const OF_MESSAGE: &[&str] = &[
    "extra_content",
    "provider_specific_fields",
    "thought_signature",
];
/// Members of a message that belong to its reasoning.
const OF_REASONING: &[&str] = &["reasoning_details", "reasoning_opaque", "thinking_blocks"];
/// The member of an opaque value that holds the members of `function`.
pub(super) const FUNCTION: &str = "function";

/// The members that a server attached to a tool call.
pub(super) fn of_call(call: &Value) -> Map<String, Value> {
    let mut extra = members(call, OF_CALL);
    let function = members(&call[FUNCTION], OF_CALL);
    if !function.is_empty() {
        extra.insert(FUNCTION.to_owned(), function.into());
    }
    extra
}

/// The members that a server attached to a message.
pub(super) fn of_message(turn: &Value) -> Map<String, Value> {
    members(turn, OF_MESSAGE)
}

/// The members that a server attached to the reasoning of a message.
pub(super) fn of_reasoning(turn: &Value) -> Map<String, Value> {
    members(turn, OF_REASONING)
}

fn members(value: &Value, names: &[&str]) -> Map<String, Value> {
    let found = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), value.get(*name)?.clone())));
    found.filter(|(_, value)| !value.is_null()).collect()
}

/// Adds the members of a later piece; returns their bytes. Lists are extended, objects merged, other
/// values replaced.
pub(super) fn merge(into: &mut Map<String, Value>, more: Map<String, Value>) -> usize {
    let mut bytes = 0;
    for (key, value) in more {
        bytes += key.len();
        match into.entry(key) {
            Entry::Vacant(free) => {
                bytes += size(&value);
                free.insert(value);
            }
            Entry::Occupied(mut held) => bytes += merge_value(held.get_mut(), value),
        }
    }
    bytes
}

fn merge_value(held: &mut Value, more: Value) -> usize {
    match (held, more) {
        (Value::Object(held), Value::Object(more)) => merge(held, more),
        (Value::Array(held), Value::Array(more)) => {
            let mut bytes = 0;
            for item in more {
                bytes += size(&item);
                match held.last_mut() {
                    Some(last) if continues(last, &item) => append(last, item),
                    _ => held.push(item),
                }
            }
            bytes
        }
        (_, Value::Null) => 0,
        (held, more) => {
            let bytes = size(&more);
            *held = more;
            bytes
        }
    }
}

/// Whether an item continues the previous one: visible reasoning of the same index.
fn continues(last: &Value, item: &Value) -> bool {
    let is_text = ["text", "summary"].iter().any(|key| item[*key].is_string());
    is_text
        && last.is_object()
        && !last["index"].is_null()
        && last["index"] == item["index"]
        && last["type"] == item["type"]
}

fn append(last: &mut Value, item: Value) {
    let Value::Object(members) = item else {
        return;
    };
    for (key, value) in members {
        match (&mut last[&key], value) {
            (Value::String(text), Value::String(more)) if key == "text" || key == "summary" => {
                text.push_str(&more);
            }
            (_, Value::Null) => {}
            (held, value) => *held = value,
        }
    }
}

/// The approximate memory of a value.
fn size(value: &Value) -> usize {
    let own = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| 64 + key.len() + size(value))
            .sum(),
        _ => 0,
    };
    own + size_of::<Value>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_call_carries_is_kept_in_its_place() {
        let call = json!({"id": "a", "extra_content": {"google": {"thought_signature": "S"}},
            "function": {"name": "x", "thought_signature": "T"}, "other": 1});
        let kept = Value::Object(of_call(&call));
        let expected = json!({"extra_content": {"google": {"thought_signature": "S"}},
            "function": {"thought_signature": "T"}});
        assert_eq!(kept, expected);
    }

    #[test]
    fn pieces_are_merged() {
        let mut held = Map::new();
        for piece in [
            json!({"reasoning_details": [{"type": "reasoning.text", "text": "a", "index": 0}]}),
            json!({"reasoning_details": [{"type": "reasoning.text", "text": "b", "index": 0, "signature": "S"}]}),
            json!({"reasoning_details": [{"type": "reasoning.encrypted", "data": "x", "index": 1}]}),
            json!({"reasoning_details": null}),
        ] {
            assert!(
                merge(&mut held, of_reasoning(&piece)) > 0 || piece["reasoning_details"].is_null()
            );
        }
        assert_eq!(
            held["reasoning_details"],
            json!([{"type": "reasoning.text", "text": "ab", "index": 0, "signature": "S"},
                {"type": "reasoning.encrypted", "data": "x", "index": 1}])
        );
    }
}
