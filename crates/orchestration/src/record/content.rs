//! The content of a run on its span, as messages of the semantic conventions.

use serde_json::{Map, Value, json};

/// Limit of a recorded text, in characters; longer text is truncated.
const MAX_TEXT: usize = 16_384;

/// The value of `gen_ai.input.messages`: the inputs, as JSON, from the user.
pub(super) fn input(inputs: &Map<String, Value>) -> String {
    message("user", &json!(inputs), None)
}

/// The value of `gen_ai.output.messages`: the output, as JSON or as its text.
pub(super) fn output(output: &Value) -> String {
    message("assistant", output, Some("stop"))
}

/// The value of `glassbox.question`: the workflow and its inputs, in one line.
pub(super) fn title(workflow: &str, inputs: &Map<String, Value>) -> String {
    let mut title = workflow.to_owned();
    for (name, value) in inputs {
        title.push_str(&format!(" {name}={}", text(value)));
    }
    cut(&title).to_owned()
}

fn message(role: &str, content: &Value, finish: Option<&str>) -> String {
    let text = text(content);
    let mut message = json!({
        "role": role,
        "parts": [{"type": "text", "content": cut(&text)}],
    });
    if let Some(finish) = finish {
        message["finish_reason"] = finish.into();
    }
    json!([message]).to_string()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn cut(text: &str) -> &str {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_has_the_shape_of_the_convention_and_a_bound() {
        let inputs = json!({"city": "Oslo", "days": 2})
            .as_object()
            .cloned()
            .unwrap_or_default();
        assert_eq!(title("trip", &inputs), "trip city=Oslo days=2");
        assert_eq!(
            input(&inputs),
            r#"[{"parts":[{"content":"{\"city\":\"Oslo\",\"days\":2}","type":"text"}],"role":"user"}]"#
        );
        let long = output(&Value::from("æ".repeat(MAX_TEXT + 1)));
        let read: Value = serde_json::from_str(&long).unwrap_or_default();
        let content = read[0]["parts"][0]["content"].as_str().unwrap_or_default();
        assert_eq!(content.chars().count(), MAX_TEXT);
        assert_eq!(read[0]["finish_reason"], "stop");
    }
}
