//! Message content on spans; off by default.

use glassbox_core::{
    Capability, ChatResponse, FinishReason, Media, MediaSource, Message, Part, ToolResult,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value, json};
use std::{fmt, sync::Arc};

/// Limit on the text of one part of a message, in characters; longer text is truncated.
const MAX_TEXT: usize = 16_384;

/// Whether prompts, answers, tool arguments and tool results are recorded on spans.
///
/// In settings it is a boolean, or a value that OpenTelemetry defines for
/// `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`: `NO_CONTENT`, `SPAN_ONLY`.
///
/// # Bounds
/// 16 384 characters of each part of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentCapture {
    /// Telemetry contains no message content.
    #[default]
    Off,
    /// Content is recorded as JSON in span attributes.
    Span,
}

impl ContentCapture {
    /// Whether content is recorded on spans.
    pub fn is_on(self) -> bool {
        self == Self::Span
    }
}

impl From<bool> for ContentCapture {
    fn from(on: bool) -> Self {
        match on {
            true => Self::Span,
            false => Self::Off,
        }
    }
}

impl Serialize for ContentCapture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(self.is_on())
    }
}

impl<'de> Deserialize<'de> for ContentCapture {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Words)
    }
}

struct Words;

impl de::Visitor<'_> for Words {
    type Value = ContentCapture;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, SPAN_ONLY or NO_CONTENT")
    }

    fn visit_bool<E: de::Error>(self, on: bool) -> Result<ContentCapture, E> {
        Ok(on.into())
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<ContentCapture, E> {
        match word.to_ascii_lowercase().as_str() {
            "true" | "1" | "span" | "span_only" => Ok(ContentCapture::Span),
            "false" | "0" | "off" | "no_content" => Ok(ContentCapture::Off),
            _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
        }
    }
}

/// The value of `gen_ai.input.messages`, in the schema of the conventions.
pub(crate) fn input(messages: &[Arc<Message>]) -> String {
    let all = messages
        .iter()
        .map(|message| json!({"role": message.role.as_str(), "parts": parts(&message.parts)}));
    Value::Array(all.collect()).to_string()
}

/// The value of `gen_ai.output.messages`, in the schema of the conventions.
pub(crate) fn output(response: &ChatResponse) -> String {
    let message = json!([{
        "role": response.message.role.as_str(),
        "parts": parts(&response.message.parts),
        "finish_reason": finish_reason(&response.finish),
    }]);
    message.to_string()
}

/// The reason as defined by the schema, which differs from `gen_ai.response.finish_reasons`.
fn finish_reason(finish: &FinishReason) -> &str {
    match finish {
        FinishReason::ToolCalls => "tool_call",
        other => other.as_str(),
    }
}

/// The value of `gen_ai.tool.definitions`, in the schema of the conventions.
pub(crate) fn tools(tools: &[Arc<Capability>]) -> String {
    let all = tools.iter().map(|tool| {
        json!({
            "type": "function",
            "name": tool.name,
            "description": cut(&tool.description),
            "parameters": bounded(tool.input.as_value()),
        })
    });
    Value::Array(all.collect()).to_string()
}

/// Truncates a text to the limit.
pub(crate) fn cut(text: &str) -> &str {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

fn parts(parts: &[Part]) -> Vec<Value> {
    let part = |part: &Part| match part {
        Part::Text { text, .. } => Some(json!({"type": "text", "content": cut(text)})),
        Part::Media(media) => Some(self::media(media)),
        Part::Reasoning(reasoning) => {
            Some(json!({"type": "reasoning", "content": cut(&reasoning.text)}))
        }
        Part::ToolCall(call) => Some(json!({
            "type": "tool_call", "id": call.id, "name": call.name, "arguments": bounded(&call.arguments),
        })),
        Part::ToolResult(result) => Some(json!({
            "type": "tool_call_response", "id": result.id, "response": response(result),
        })),
        _ => None,
    };
    parts.iter().filter_map(part).collect()
}

/// A single structured value as it is, anything else as text.
fn response(result: &ToolResult) -> Value {
    match (&result.content[..], result.value()) {
        ([_], Some(value)) => bounded(value),
        _ => cut(&result.to_text()).into(),
    }
}

/// Media without its bytes, which are too large for a span.
fn media(media: &Media) -> Value {
    let (kind, place, reference) = match media.source() {
        MediaSource::Uri(uri) => ("uri", "uri", uri.as_str()),
        MediaSource::FileId(id) => ("file", "file_id", id.as_str()),
        _ => ("blob", "content", ""),
    };
    json!({
        "type": kind, "modality": media.kind().as_str(), "mime_type": media.mime_type(),
        place: cut(reference),
    })
}

/// The value itself if it is within the limit, otherwise its truncated text.
fn bounded(value: &Value) -> Value {
    let text = value.to_string();
    match cut(&text) {
        whole if whole.len() == text.len() => value.clone(),
        start => start.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_core::{FinishReason, Role, ToolCall, Usage};

    #[test]
    fn messages_have_the_shape_of_the_convention() {
        let call = ToolCall::new("c1", "geocode", json!({"city": "Oslo"}));
        let asked = Message::new(Role::Assistant, [call.into()]);
        let told = Message::tool_result("c1", json!({"latitude": 59.9}));
        let text = input(&[Message::user("Where?"), asked, told].map(Arc::new));
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            json!([
                {"role": "user", "parts": [{"type": "text", "content": "Where?"}]},
                {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "geocode", "arguments": {"city": "Oslo"}}]},
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": {"latitude": 59.9}}]},
            ])
        );
        let answer = ChatResponse::new(
            Message::assistant("There."),
            FinishReason::Stop,
            Usage::reported(1, 1),
            "m",
        );
        assert_eq!(
            serde_json::from_str::<Value>(&output(&answer)).unwrap(),
            json!([{"role": "assistant", "parts": [{"type": "text", "content": "There."}], "finish_reason": "stop"}])
        );
    }

    #[test]
    fn reasons_and_tools_are_in_the_words_of_the_schemas() {
        let call = ToolCall::new("c1", "geocode", json!({}));
        let message = Message::new(Role::Assistant, [call.into()]);
        let usage = Usage::reported(1, 1);
        let answer = ChatResponse::new(message, FinishReason::ToolCalls, usage, "m");
        let written: Value = serde_json::from_str(&output(&answer)).unwrap();
        assert_eq!(written[0]["finish_reason"], "tool_call");
        let tool = Capability::of::<(), ()>("geocode", "Finds a city.");
        let written: Value = serde_json::from_str(&tools(&[Arc::new(tool)])).unwrap();
        assert_eq!(written[0]["type"], "function");
        assert_eq!(written[0]["name"], "geocode");
        assert_eq!(written[0]["description"], "Finds a city.");
        assert!(!written[0]["parameters"].is_null());
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = "æ".repeat(MAX_TEXT + 1);
        assert_eq!(cut(&long).chars().count(), MAX_TEXT);
        assert!(bounded(&json!([long])).is_string());
    }

    #[test]
    fn the_switch_is_a_boolean_or_a_word() {
        for (text, expected) in [
            ("true", ContentCapture::Span),
            ("\"SPAN_ONLY\"", ContentCapture::Span),
            ("\"no_content\"", ContentCapture::Off),
            ("false", ContentCapture::Off),
        ] {
            let read: ContentCapture = serde_json::from_str(text).unwrap();
            assert_eq!(read, expected, "{text}");
        }
        let error = serde_json::from_str::<ContentCapture>("\"EVENT_ONLY\"").unwrap_err();
        assert!(
            error.to_string().contains("SPAN_ONLY or NO_CONTENT"),
            "{error}"
        );
    }
}
