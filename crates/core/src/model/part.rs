//! Pieces of a message.

use crate::{Content, Media};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One piece of a message.
///
/// In JSON it is an object with a `type`. A piece that this version cannot read is kept in
/// [`Unknown`](Self::Unknown) and written back unchanged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// Text.
    #[non_exhaustive]
    Text {
        /// The text.
        text: String,
        /// Opaque provider data to send back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opaque: Option<Opaque>,
    },
    /// An image, audio or a file.
    Media(Media),
    /// The model's reasoning.
    Reasoning(Reasoning),
    /// A tool call of the model.
    ToolCall(ToolCall),
    /// The result of a tool.
    ToolResult(ToolResult),
    /// A piece that this version cannot read, unchanged.
    #[serde(untagged)]
    Unknown(Value),
}

impl Part {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text {
            text: text.into(),
            opaque: None,
        }
    }

    /// Text with opaque provider data to send back.
    pub fn text_with(text: impl Into<String>, opaque: Option<Opaque>) -> Self {
        Self::Text {
            text: text.into(),
            opaque,
        }
    }

    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The tool call, if it is one.
    pub fn as_tool_call(&self) -> Option<&ToolCall> {
        match self {
            Self::ToolCall(call) => Some(call),
            _ => None,
        }
    }

    /// The tool's result, if it is one.
    pub fn as_tool_result(&self) -> Option<&ToolResult> {
        match self {
            Self::ToolResult(result) => Some(result),
            _ => None,
        }
    }
}

impl From<Media> for Part {
    fn from(media: Media) -> Self {
        Self::Media(media)
    }
}

impl From<Reasoning> for Part {
    fn from(reasoning: Reasoning) -> Self {
        Self::Reasoning(reasoning)
    }
}

impl From<ToolCall> for Part {
    fn from(call: ToolCall) -> Self {
        Self::ToolCall(call)
    }
}

impl From<ToolResult> for Part {
    fn from(result: ToolResult) -> Self {
        Self::ToolResult(result)
    }
}

/// Opaque data that a provider attaches to a part and expects back unchanged, such as a signature or an
/// encrypted item.
///
/// Only its provider can read it, and others may reject it, so it is sent back only to its origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opaque {
    origin: String,
    value: Value,
}

impl Opaque {
    /// Data from `origin`. The model client chooses the name of its origin.
    pub fn new(origin: impl Into<String>, value: impl Into<Value>) -> Self {
        Self {
            origin: origin.into(),
            value: value.into(),
        }
    }

    /// The origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The data, unchanged.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The data, if it is from `origin`.
    pub fn value_for(&self, origin: &str) -> Option<&Value> {
        (self.origin == origin).then_some(&self.value)
    }
}

/// The model's reasoning, as far as the provider shows it.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reasoning {
    /// The text or a summary; empty if it is encrypted.
    #[serde(default)]
    pub text: String,
    /// Opaque provider data to send back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opaque: Option<Opaque>,
}

impl Reasoning {
    /// Visible reasoning.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            opaque: None,
        }
    }

    /// Adds opaque provider data to send back.
    #[must_use]
    pub fn with_opaque(mut self, opaque: Opaque) -> Self {
        self.opaque = Some(opaque);
        self
    }
}

/// A tool call as the model wrote it. Arguments are parsed, but not validated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolCall {
    /// The provider's id, echoed in the result.
    pub id: String,
    /// The capability's name.
    pub name: String,
    /// A JSON object, or a string with the raw text if the model did not write a valid object.
    pub arguments: Value,
    /// Opaque provider data to send back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opaque: Option<Opaque>,
}

impl ToolCall {
    /// A call of the capability `name`.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<Value>,
    ) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            arguments: arguments.into(),
            opaque: None,
        }
    }

    /// Adds opaque provider data to send back.
    #[must_use]
    pub fn with_opaque(mut self, opaque: Opaque) -> Self {
        self.opaque = Some(opaque);
        self
    }
}

/// The result of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "WrittenToolResult")]
#[non_exhaustive]
pub struct ToolResult {
    /// The call that it answers.
    pub id: String,
    /// The output, or the problem as JSON.
    pub content: Vec<Content>,
    /// Whether the call failed.
    pub is_error: bool,
}

impl ToolResult {
    /// Content that answers the call `id`.
    pub fn new(id: impl Into<String>, content: impl IntoIterator<Item = Content>) -> Self {
        Self {
            id: id.into(),
            content: content.into_iter().collect(),
            is_error: false,
        }
    }

    /// A structured value that answers the call `id`.
    pub fn json(id: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(id, [Content::json(value)])
    }

    /// Sets whether the call failed.
    #[must_use]
    pub fn with_is_error(mut self, is_error: bool) -> Self {
        self.is_error = is_error;
        self
    }

    /// The structured value, if there is one; the first if there are several.
    pub fn value(&self) -> Option<&Value> {
        self.content.iter().find_map(Content::as_json)
    }

    /// The content as text: text unchanged, structured values as JSON (strings without quotes), anything
    /// else as a note in brackets. Pieces are separated by newlines.
    pub fn to_text(&self) -> String {
        let pieces = self.content.iter().map(|content| match content {
            Content::Text { text } => text.clone(),
            Content::Json {
                value: Value::String(text),
            } => text.clone(),
            Content::Json { value } => value.to_string(),
            Content::Media(media) => match media.mime_type() {
                Some(mime_type) => format!("[{}: {mime_type}]", media.kind().as_str()),
                None => format!("[{}]", media.kind().as_str()),
            },
            Content::Unknown(value) => value.to_string(),
        });
        pieces.collect::<Vec<_>>().join("\n")
    }
}

/// The accepted forms: the first version had one value instead of content.
#[derive(Deserialize)]
struct WrittenToolResult {
    id: String,
    #[serde(default)]
    content: Vec<Content>,
    #[serde(default)]
    is_error: bool,
    result: Option<Value>,
}

impl From<WrittenToolResult> for ToolResult {
    fn from(written: WrittenToolResult) -> Self {
        let old = written.result.map(Content::json);
        Self {
            id: written.id,
            content: written.content.into_iter().chain(old).collect(),
            is_error: written.is_error,
        }
    }
}
