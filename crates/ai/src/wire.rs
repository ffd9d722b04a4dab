//! The interface between a provider's API and the HTTP client.

pub(crate) mod conceal;
pub(crate) mod json;
pub(crate) mod skipped;
pub(crate) mod spoken;
pub(crate) mod surrogates;

use crate::AnswerLimits;
use conceal::Conceal;
use glassbox_core::{ChatEvent, ChatRequest, ChatResponse, ModelError, Usage};
use serde_json::Value;
use std::{borrow::Cow, fmt};

/// One API: how requests are encoded, answers joined and errors read.
pub(crate) trait Wire: fmt::Debug + Send + Sync {
    /// The path of a request, below the base URL.
    fn path(&self) -> &'static str;

    /// Encodes a request.
    ///
    /// # Errors
    /// If it has a part that the API does not support.
    fn encode(&self, request: &ChatRequest, stream: bool) -> Result<Value, ModelError>;

    /// Adapts to a rejection of `sent`. Returns whether the request is encoded differently from now on,
    /// so that sending it again may help.
    fn adapt(&self, sent: &Value, body: &str) -> bool;

    /// Starts to join the answer to `request`.
    fn join(&self, request: &ChatRequest, reading: &Reading) -> Box<dyn Join>;

    /// Reads the body of an answer whose status is an error.
    fn refusal(&self, body: &str, reading: &Reading) -> Refusal;
}

/// How the text of a provider is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) limits: AnswerLimits,
    pub(crate) conceal: Conceal,
}

/// One event of a stream, or a whole answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The name of the event, if it has one.
    pub(crate) name: Option<String>,
    pub(crate) data: String,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The provider marked the end, or sent a whole document.
    Marked,
    /// The connection ended.
    Closed,
}

/// An answer that is being joined.
///
/// # Bounds
/// The limits of the [`Reading`] that it was made with.
pub(crate) trait Join: Send {
    /// Processes one event. Unreadable parts are skipped and counted.
    ///
    /// # Errors
    /// If the event is an error from the provider, or the answer exceeds a limit.
    fn event(&mut self, piece: &Piece) -> Result<Step, Broken>;

    /// The bytes of the answer so far.
    fn bytes(&self) -> usize;

    /// Whether the answer is complete, except possibly for its usage.
    fn is_finished(&self) -> bool;

    /// The known usage so far; `None` before the provider reports it or begins to answer.
    fn used(&self) -> Option<Usage>;

    /// The text that was held back; call it before [`finish`](Self::finish).
    fn flush(&mut self) -> Vec<ChatEvent>;

    /// Takes the whole answer.
    ///
    /// # Errors
    /// If it is not finished, or the provider reports that it failed.
    fn finish(&mut self, end: End) -> Result<ChatResponse, Broken>;

    /// The answer so far, for an error; `None` before it began.
    fn partial(&mut self) -> Option<ChatResponse>;
}

/// The result of an event.
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
    /// The answer ended with a reason that means a failure.
    Failed {
        /// The reason as the provider states it.
        word: String,
        /// Whether another attempt may succeed.
        is_transient: bool,
    },
    /// The answer exceeds a limit. Contains the limit, and the setting that raises it.
    TooLarge(String),
    /// The stream ended too early.
    Incomplete(String),
    /// The provider sent something unreadable. Does not contain its content.
    Unreadable(String),
}

/// An error as the provider states it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The HTTP status within the error.
    pub(crate) status: Option<u16>,
    /// The reason, if the provider has a word for it.
    pub(crate) reason: Option<Reason>,
    /// The provider's message: one line.
    pub(crate) message: Option<String>,
}

/// A reason that needs special handling, regardless of the status.
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

/// The longest message of a provider that is passed on, in characters.
const MAX_LINE: usize = 300;

/// A text as one line: without control characters, truncated to 300 characters.
pub(crate) fn line(text: &str) -> Option<String> {
    let words: Vec<&str> = text
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let whole = words.join(" ");
    match whole.char_indices().nth(MAX_LINE) {
        Some((end, _)) => Some(format!("{}…", &whole[..end])),
        None => Some(whole).filter(|line| !line.is_empty()),
    }
}

/// The text of a page: its title if it has one, otherwise its text without tags.
pub(crate) fn page(html: &str) -> Cow<'_, str> {
    let lower = html.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| {
        let from = at + lower[at..].find('>')? + 1;
        let to = from + lower[from..].find("</title")?;
        Some(&html[from..to])
    });
    if let Some(title) = title.filter(|title| !title.trim().is_empty()) {
        return Cow::Borrowed(title);
    }
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    Cow::Owned(text)
}
