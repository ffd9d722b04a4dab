//! Chat models, independent of the provider.

mod error;
mod message;
mod part;
mod request;
mod response;
mod stream;
mod usage;

pub use error::ModelError;
pub use message::{Message, Role};
pub use part::{Opaque, Part, Reasoning, ToolCall, ToolResult};
pub use request::{CacheHint, ChatRequest, ReasoningEffort, ToolChoice};
pub use response::{ChatResponse, FinishReason};
pub use stream::{ChatEvent, ChatStream};
pub use usage::{Usage, UsageSource};

use crate::{Category, Cx, Problem};
use async_trait::async_trait;

/// A chat model. Failover, budgets and telemetry are models that wrap a model.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// `provider/model`, as configured.
    fn id(&self) -> &str;

    /// Returns the response as a stream. Every implementation provides this method.
    ///
    /// # Errors
    /// If the provider rejects the request or does not respond. Later errors are in the stream.
    ///
    /// # Cancel safety
    /// Dropping the future or the stream cancels the request; usage is still recorded, once.
    async fn stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, ModelError>;

    /// Returns the whole response.
    ///
    /// # Errors
    /// Like [`stream`](Self::stream), and if the stream ends before the response is complete.
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
            format!("the response of {} ended before it was complete", self.id()),
        );
        Err(ModelError::from_problem(problem))
    }
}

through_pointers! {
    #[async_trait]
    ChatModel {
        fn id(&self) -> &str {
            (**self).id()
        }

        async fn stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, ModelError> {
            (**self).stream(cx, request).await
        }

        async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, ModelError> {
            (**self).chat(cx, request).await
        }
    }
}

#[cfg(test)]
mod tests;
