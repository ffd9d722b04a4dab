//! Streamed responses.

use super::{ChatResponse, ModelError, ToolCall};
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{future::poll_fn, pin::Pin};

/// An event of a streamed response. `Finished` is last, and occurs exactly once unless an error ends the
/// stream.
///
/// In JSON it is an object with a `type` and `data`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChatEvent {
    /// More text.
    Text(String),
    /// More reasoning.
    Reasoning(String),
    /// A complete tool call. Fragments are joined before.
    ToolCall(ToolCall),
    /// The end, with the complete response.
    Finished(Box<ChatResponse>),
    /// An event that this version cannot read, unchanged. Only found in journals.
    #[serde(untagged)]
    Unknown(Value),
}

/// A stream of [`ChatEvent`]s. Dropping it cancels the request; usage is still recorded once.
pub type ChatStream = Pin<Box<dyn Stream<Item = Result<ChatEvent, ModelError>> + Send>>;

/// The next event, or `None` at the end.
pub(super) async fn next(stream: &mut ChatStream) -> Option<Result<ChatEvent, ModelError>> {
    poll_fn(|cx| stream.as_mut().poll_next(cx)).await
}
