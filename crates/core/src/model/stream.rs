//! A streamed answer.

use super::{ChatResponse, ModelError, ToolCall};
use futures_core::Stream;
use std::{future::poll_fn, pin::Pin};

/// A piece of a streamed answer. `Finished` is last, and comes exactly once unless an error ends the stream.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ChatEvent {
    /// More text.
    Text(String),
    /// More thinking.
    Reasoning(String),
    /// A complete tool call; fragments are joined before they get here.
    ToolCall(ToolCall),
    /// The end, with everything joined.
    Finished(Box<ChatResponse>),
}

/// A stream of [`ChatEvent`]s. Dropping it cancels the request; usage is still recorded once.
pub type ChatStream = Pin<Box<dyn Stream<Item = Result<ChatEvent, ModelError>> + Send>>;

/// The next event, or `None` at the end.
pub(super) async fn next(stream: &mut ChatStream) -> Option<Result<ChatEvent, ModelError>> {
    poll_fn(|cx| stream.as_mut().poll_next(cx)).await
}
