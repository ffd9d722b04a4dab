//! The content of a message: text, reasoning and refusals in all their forms.

use super::field;
use crate::wire::skipped::Skipped;
use serde_json::Value;

/// The members that contain reasoning, in order of preference. Some servers send the same text in two of
/// them.
pub(super) const REASONING: &[&str] = &[
    "reasoning_content",
    "reasoning",
    "reasoning_text",
    "thinking",
];

/// The content of one piece of a message.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) reasoning: String,
    /// The members that contained the reasoning, so that it is sent back in them.
    pub(super) reasoning_names: Vec<&'static str>,
}

/// Reads the message `turn`.
pub(super) fn read(turn: &Value, skipped: &mut Skipped) -> Said {
    let mut said = Said::default();
    for name in REASONING {
        let value = &turn[*name];
        if !field::is_set(value) && !value.is_string() {
            continue;
        }
        let mut of_member = Said::default();
        add(value, true, &mut of_member, skipped);
        let text = of_member.reasoning;
        if text.is_empty() {
            continue;
        }
        if said.reasoning.is_empty() {
            said.reasoning = text;
        }
        said.reasoning_names.push(name);
    }
    if said.reasoning.is_empty() {
        details(&turn["reasoning_details"], &mut said);
    }
    add(&turn["content"], false, &mut said, skipped);
    if let Some(refusal) = turn.get("refusal") {
        add(refusal, false, &mut said, skipped);
    }
    said
}

/// The visible text of details, for servers that send nothing else.
fn details(details: &Value, said: &mut Said) {
    for detail in details.as_array().into_iter().flatten() {
        if let Some(text) = field::member(detail, &["text", "summary"]).and_then(Value::as_str) {
            said.reasoning.push_str(text);
        }
    }
}

fn add(value: &Value, is_reasoning: bool, said: &mut Said, skipped: &mut Skipped) {
    match value {
        Value::Null => {}
        Value::Array(parts) => {
            for part in parts {
                add(part, is_reasoning, said, skipped);
            }
        }
        Value::Object(_) => part(value, is_reasoning, said, skipped),
        scalar => {
            let text = field::text(scalar).unwrap_or_default();
            match is_reasoning {
                true => said.reasoning.push_str(&text),
                false => said.text.push_str(&text),
            }
        }
    }
}

/// Adds a typed part, such as `{"type": "text", "text": "…"}`.
fn part(part: &Value, is_reasoning: bool, said: &mut Said, skipped: &mut Skipped) {
    let kind = part["type"].as_str().unwrap_or_default();
    let thinks = ["thinking", "reasoning", "thought", "summary"];
    let is_thought = part["thought"] == true || thinks.iter().any(|word| kind.contains(word));
    let names: &[&str] = match is_thought {
        true => &["thinking", "reasoning", "summary", "text", "content"],
        false => &["text", "content", "value", "output_text", "refusal"],
    };
    let is_text = is_reasoning
        || is_thought
        || kind.is_empty()
        || kind.contains("text")
        || kind.contains("refusal");
    match field::member(part, names) {
        Some(text) if is_text => add(text, is_reasoning || is_thought, said, skipped),
        // An empty part, such as the first one of a block.
        None if is_text => {}
        _ => skipped.add("content"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(turn: Value) -> (String, String, u64) {
        let mut skipped = Skipped::default();
        let said = read(&turn, &mut skipped);
        let count = skipped.counts().values().sum();
        (said.text, said.reasoning, count)
    }

    #[test]
    fn text_comes_in_many_forms() {
        for content in [
            json!("hi"),
            json!(["h", "i"]),
            json!([{"type": "text", "text": "hi"}]),
            json!([{"type": "output_text", "text": {"value": "hi"}}, null, {"type": "text"}]),
            json!({"text": "hi"}),
            json!({"content": [{"type": "text", "text": "hi"}]}),
        ] {
            let said = of(json!({"content": content}));
            assert_eq!(said, ("hi".to_owned(), String::new(), 0), "{content}");
        }
        assert_eq!(of(json!({"content": 42})).0, "42");
        let image = json!([{"type": "image_url", "image_url": {}}, {"type": "text", "text": "hi"}]);
        assert_eq!(
            of(json!({"content": image})),
            ("hi".to_owned(), String::new(), 1)
        );
        assert_eq!(of(json!({"refusal": "no", "content": null})).0, "no");
    }

    #[test]
    fn reasoning_comes_in_many_forms_and_once() {
        for turn in [
            json!({"reasoning_content": "hm"}),
            json!({"reasoning": "hm", "reasoning_content": "hm"}),
            json!({"reasoning_content": null, "reasoning": {"content": "hm"}}),
            json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
            json!({"content": [{"text": "hm", "thought": true}]}),
            json!({"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}),
        ] {
            let said = of(turn.clone());
            assert_eq!(said, (String::new(), "hm".to_owned(), 0), "{turn}");
        }
    }
}
