//! How a provider's API is spoken: what each API implements, and the HTTP client uses.

use glassbox_core::{ChatEvent, ChatRequest, ChatResponse, ModelError, Usage};
use serde_json::Value;
use std::fmt;

/// One API: how requests are encoded, answers joined and errors read.
pub(crate) trait Wire: fmt::Debug + Send + Sync {
    /// The path of a request, below the base URL.
    fn path(&self) -> &'static str;

    /// Encodes a request.
    ///
    /// # Errors
    /// If it has a part that the API cannot carry.
    fn encode(&self, request: &ChatRequest, stream: bool) -> Result<Value, ModelError>;

    /// Starts to join the answer to `request`.
    fn join(&self, request: &ChatRequest) -> Box<dyn Join>;

    /// Reads the body of an answer whose status is an error; `null` if it is not JSON.
    fn refusal(&self, body: &Value) -> Refusal;
}

/// An answer that is being joined.
pub(crate) trait Join: Send {
    /// Takes the data of one event.
    ///
    /// # Errors
    /// If the event is an error of the provider's, or cannot be read.
    fn event(&mut self, data: &str) -> Result<Step, Broken>;

    /// Takes a whole body in place of events.
    ///
    /// # Errors
    /// As [`event`](Self::event), and if the answer is not finished.
    fn whole(&mut self, body: &[u8]) -> Result<ChatResponse, Broken>;

    /// Whether the answer is complete, except for its usage at most.
    fn is_finished(&self) -> bool;

    /// What is known to have been used so far: nothing before the provider says so or begins to answer.
    fn used(&self) -> Option<Usage>;

    /// The whole answer; `None` if it is not finished.
    fn finish(&mut self) -> Option<ChatResponse>;
}

/// What an event came to.
#[derive(Debug)]
pub(crate) enum Step {
    /// Pieces of the answer.
    More(Vec<ChatEvent>),
    /// The end of the stream.
    End,
}

/// Why joining cannot continue.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The provider sent an error.
    Refused(Refusal),
    /// The provider sent something that cannot be read; without its content.
    Malformed(String),
}

/// An error as the provider states it.
#[derive(Debug, Default)]
pub(crate) struct Refusal {
    /// The HTTP status within the error.
    pub(crate) status: Option<u16>,
    /// The reason, if the provider has a word for it.
    pub(crate) reason: Option<Reason>,
    /// The provider's message.
    pub(crate) message: Option<String>,
}

/// A reason that calls for a decision of its own, whatever the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The quota or the credit is used up.
    Quota,
    /// The conversation is too long.
    ContextTooLong,
    /// The key is wrong.
    Unauthenticated,
    /// There is no such model.
    NotFound,
    /// Too many requests.
    RateLimited,
}

/// What is wrong with a document and where, but not what it says: that is content.
pub(crate) fn misread(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "it does not have the expected form",
        _ => "it is not valid JSON",
    };
    format!("{what} (line {} column {})", error.line(), error.column())
}
