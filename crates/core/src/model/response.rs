//! Complete responses.

use super::{Message, Usage};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{collections::BTreeMap, sync::Arc};

/// A complete response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatResponse {
    /// The message of the model, including tool calls. Shared, so that the next request can reuse it.
    pub message: Arc<Message>,
    /// Why it stopped.
    pub finish: FinishReason,
    /// The token usage.
    pub usage: Usage,
    /// The model that answered, as reported by the provider.
    pub model: String,
    /// The provider's id of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The number of pieces that the provider sent but the client could not read and left out, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped: BTreeMap<String, u64>,
}

impl ChatResponse {
    /// Creates a complete response.
    pub fn new(
        message: impl Into<Arc<Message>>,
        finish: FinishReason,
        usage: Usage,
        model: impl Into<String>,
    ) -> Self {
        Self {
            message: message.into(),
            finish,
            usage,
            model: model.into(),
            id: None,
            skipped: BTreeMap::new(),
        }
    }

    /// Adds the provider's id of the response.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the number of unreadable pieces, by kind.
    #[must_use]
    pub fn with_skipped(mut self, skipped: BTreeMap<String, u64>) -> Self {
        self.skipped = skipped;
        self
    }

    /// Whether the token limit cut the answer off.
    pub fn is_truncated(&self) -> bool {
        self.finish == FinishReason::Length
    }
}

/// Why the model stopped. In JSON it is one word.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FinishReason {
    /// The answer is complete.
    Stop,
    /// The model calls tools.
    ToolCalls,
    /// The token limit was reached.
    Length,
    /// The provider's content filter.
    ContentFilter,
    /// Another reason, as reported by the provider.
    Other(String),
}

impl FinishReason {
    /// The value in `gen_ai.response.finish_reasons`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::ToolCalls => "tool_calls",
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
            Self::Other(word) => word,
        }
    }

    fn from_word(word: String) -> Self {
        match word.as_str() {
            "stop" => Self::Stop,
            "tool_calls" => Self::ToolCalls,
            "length" => Self::Length,
            "content_filter" => Self::ContentFilter,
            _ => Self::Other(word),
        }
    }
}

impl Serialize for FinishReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FinishReason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The accepted forms: the first version wrote other reasons as an object.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Word(String),
            Old { other: String },
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Word(word) => Self::from_word(word),
            Written::Old { other } => Self::Other(other),
        })
    }
}
