//! Requests to chat models.

use super::Message;
use crate::Capability;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// A request to a chat model.
///
/// Messages and tools are shared: a clone, or the next request of a conversation, copies pointers.
///
/// Options that a provider does not support are rejected. Hints ([`cache`](Self::cache),
/// [`metadata`](Self::metadata)) are ignored if a provider does not support them.
///
/// ```
/// use glassbox_core::{ChatRequest, Message, ReasoningEffort};
///
/// let request = ChatRequest::new([Message::user("How far is the moon?")])
///     .with_reasoning_effort(ReasoningEffort::Low)
///     .with_max_tokens(200);
/// let json = serde_json::to_string(&request)?;
/// assert_eq!(serde_json::from_str::<ChatRequest>(&json)?, request);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChatRequest {
    /// The conversation so far.
    pub messages: Vec<Arc<Message>>,
    /// The tools that the model may call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Arc<Capability>>,
    /// Whether the model must call a tool, or which one. Default: the model decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// JSON Schema of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_schema: Option<schemars::Schema>,
    /// Maximum number of output tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// The temperature, 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// A seed for reproducible answers, if supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Stop sequences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// How much the model reasons before it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<ReasoningEffort>,
    /// Hints for the prompt cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheHint>,
    /// Labels of the application, for providers that store them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Provider-specific members of the request body, by provider name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extras: BTreeMap<String, Map<String, Value>>,
}

impl ChatRequest {
    /// A request to continue a conversation.
    pub fn new<M: Into<Arc<Message>>>(messages: impl IntoIterator<Item = M>) -> Self {
        Self {
            messages: messages.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Sets the tools that the model may call.
    #[must_use]
    pub fn with_tools(mut self, tools: Vec<Arc<Capability>>) -> Self {
        self.tools = tools;
        self
    }

    /// Sets whether the model must call a tool, or which one.
    #[must_use]
    pub fn with_tool_choice(mut self, choice: ToolChoice) -> Self {
        self.tool_choice = Some(choice);
        self
    }

    /// Sets the JSON Schema of the answer.
    #[must_use]
    pub fn with_response_schema(mut self, schema: schemars::Schema) -> Self {
        self.response_schema = Some(schema);
        self
    }

    /// Sets the maximum number of output tokens.
    #[must_use]
    pub fn with_max_tokens(mut self, tokens: u32) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// Sets the temperature, 0 to 2.
    #[must_use]
    pub fn with_temperature(mut self, temperature: f32) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(mut self, seed: i64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets the stop sequences.
    #[must_use]
    pub fn with_stop<S: Into<String>>(mut self, stop: impl IntoIterator<Item = S>) -> Self {
        self.stop = stop.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how much the model reasons before it answers.
    #[must_use]
    pub fn with_reasoning_effort(mut self, effort: ReasoningEffort) -> Self {
        self.reasoning_effort = Some(effort);
        self
    }

    /// Sets hints for the prompt cache.
    #[must_use]
    pub fn with_cache(mut self, hint: CacheHint) -> Self {
        self.cache = Some(hint);
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Adds a member of the request body for only `provider`. It overrides members from other settings.
    #[must_use]
    pub fn with_extra(
        mut self,
        provider: impl Into<String>,
        key: impl Into<String>,
        value: impl Into<Value>,
    ) -> Self {
        let extras = self.extras.entry(provider.into()).or_default();
        extras.insert(key.into(), value.into());
        self
    }
}

/// Whether the model must call a tool, or which one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// No tool.
    None,
    /// At least one tool.
    Required,
    /// The tool with this name.
    Tool(String),
    /// A choice that this version cannot read, unchanged.
    #[serde(untagged)]
    Unknown(Value),
}

/// How much the model reasons before it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReasoningEffort {
    /// Not at all.
    None,
    /// As little as possible.
    Minimal,
    /// A little.
    Low,
    /// The usual amount.
    Medium,
    /// A lot.
    High,
    /// A provider-specific level.
    #[serde(untagged)]
    Other(String),
}

impl ReasoningEffort {
    /// The level as it is written in JSON.
    pub fn as_str(&self) -> &str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Other(word) => word,
        }
    }
}

/// Hints for the prompt cache. Providers that cache automatically or not at all ignore it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct CacheHint {
    /// A key for requests with the same prefix, so that they reach the same cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The number of leading messages, with tools, that later requests repeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<usize>,
    /// Time to live; seconds on the wire.
    #[serde(rename = "keep_for_s", with = "seconds")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_for: Option<Duration>,
}

impl CacheHint {
    /// Creates an empty hint.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the key for requests with the same prefix.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets the number of leading messages that later requests repeat.
    #[must_use]
    pub fn with_prefix(mut self, messages: usize) -> Self {
        self.prefix = Some(messages);
        self
    }

    /// Sets the time to live.
    #[must_use]
    pub fn with_keep_for(mut self, time: Duration) -> Self {
        self.keep_for = Some(time);
        self
    }
}

mod seconds {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(
        time: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(|time| time.as_secs()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_secs))
    }
}
