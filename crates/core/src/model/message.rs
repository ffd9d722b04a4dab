//! Turns of a conversation.

use super::{Part, ToolCall, ToolResult};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The role of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// The application.
    System,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// A tool, with its results.
    Tool,
    /// An unknown role.
    #[serde(untagged)]
    Other(String),
}

impl Role {
    /// The role as it is written in JSON.
    pub fn as_str(&self) -> &str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Other(word) => word,
        }
    }
}

/// A turn of the conversation.
///
/// ```
/// use glassbox_core::{Media, MediaKind, Message, Part, Role};
///
/// let photo = Media::uri(MediaKind::Image, "https://example.com/photo.png");
/// let message = Message::new(Role::User, [Part::text("What is this?"), photo.into()]);
/// assert_eq!(message.text(), "What is this?");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// The role of a message.
    pub role: Role,
    /// The parts, in order.
    pub parts: Vec<Part>,
}

impl Message {
    /// A message of `parts`.
    pub fn new(role: Role, parts: impl IntoIterator<Item = Part>) -> Self {
        Self {
            role,
            parts: parts.into_iter().collect(),
        }
    }

    /// Instructions of the application.
    pub fn system(text: impl Into<String>) -> Self {
        Self::new(Role::System, [Part::text(text)])
    }

    /// Text of the user.
    pub fn user(text: impl Into<String>) -> Self {
        Self::new(Role::User, [Part::text(text)])
    }

    /// Text of the model.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::new(Role::Assistant, [Part::text(text)])
    }

    /// A structured value that answers the tool call `id`.
    pub fn tool_result(id: impl Into<String>, result: Value) -> Self {
        ToolResult::json(id, result).into()
    }

    /// All text of the message, joined.
    pub fn text(&self) -> String {
        self.parts.iter().filter_map(Part::as_text).collect()
    }

    /// The tool calls of the model, in order.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.parts.iter().filter_map(Part::as_tool_call)
    }
}

impl From<ToolResult> for Message {
    fn from(result: ToolResult) -> Self {
        Self::new(Role::Tool, [Part::ToolResult(result)])
    }
}
