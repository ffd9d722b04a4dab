//! Chat models: one request and one answer for every provider.

mod error;
mod message;
mod stream;
mod usage;

pub use error::ModelError;
pub use message::{Message, Part, Role, ToolCall};
pub use stream::{ChatEvent, ChatStream};
pub use usage::{Usage, UsageSource};

use crate::{Capability, Category, Cx, Problem};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is asked of a model. Fields a provider lacks are refused, not ignored.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ChatRequest {
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// What the model may call.
    pub tools: Vec<Arc<Capability>>,
    /// JSON Schema that the answer must satisfy.
    pub response_schema: Option<schemars::Schema>,
    /// Upper bound of output tokens.
    pub max_tokens: Option<u32>,
    /// 0 to 2.
    pub temperature: Option<f32>,
    /// Asks the provider for the same answer to the same request, where it can.
    pub seed: Option<i64>,
    /// Ends the answer before any of these.
    pub stop: Vec<String>,
}

impl ChatRequest {
    /// A request to go on with a conversation.
    pub fn new(messages: Vec<Message>) -> Self {
        Self {
            messages,
            ..Self::default()
        }
    }

    /// Lets the model call these.
    #[must_use]
    pub fn with_tools(mut self, tools: Vec<Arc<Capability>>) -> Self {
        self.tools = tools;
        self
    }
}

/// Why the model stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// It waits for tools.
    ToolCalls,
    /// The token limit.
    Length,
    /// The provider's filter.
    ContentFilter,
    /// Something else, in the provider's word.
    Other(String),
}

impl FinishReason {
    /// The word that goes into `gen_ai.response.finish_reasons`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::ToolCalls => "tool_calls",
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
            Self::Other(word) => word,
        }
    }
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ChatResponse {
    /// What the model said, tool calls included.
    pub message: Message,
    /// Why it stopped.
    pub finish: FinishReason,
    /// What it used.
    pub usage: Usage,
    /// The model that answered, as it names itself.
    pub model: String,
    /// The provider's id of this answer.
    pub id: Option<String>,
}

impl ChatResponse {
    /// A whole answer.
    pub fn new(
        message: Message,
        finish: FinishReason,
        usage: Usage,
        model: impl Into<String>,
    ) -> Self {
        Self {
            message,
            finish,
            usage,
            model: model.into(),
            id: None,
        }
    }

    /// Adds the provider's id of this answer.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }
}

/// A chat model. Implementations are wrapped, never subclassed: failover, budget and telemetry are
/// models around models.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// `provider/model`, as configured.
    fn id(&self) -> &str;

    /// Answers as a stream; the one call that implementations write.
    ///
    /// # Errors
    /// If the provider refuses or does not answer. Errors after the first event come in the stream.
    ///
    /// # Cancel safety
    /// Dropping the future or the stream cancels the request; usage is still recorded, once.
    async fn stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, ModelError>;

    /// Answers as a whole.
    ///
    /// # Errors
    /// As [`stream`](Self::stream), and if the stream ends before it is finished.
    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, ModelError> {
        let mut stream = self.stream(cx, request).await?;
        while let Some(event) = stream::next(&mut stream).await {
            if let ChatEvent::Finished(response) = event? {
                return Ok(*response);
            }
        }
        let problem = Problem::new(
            Category::Unavailable,
            "model.stream_ended",
            format!("{} ended its answer before finishing it", self.id()),
        );
        Err(ModelError::from_problem(problem))
    }
}
