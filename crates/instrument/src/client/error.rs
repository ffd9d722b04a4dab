//! Errors of requests.

use super::conceal::Concealed;
use glassbox_core::{Blame, Category, Decide, Problem, Retry, sentence};
use std::{borrow::Cow, error::Error, time::Duration};

type Cause = Box<dyn Error + Send + Sync>;

/// Why a request has no response, or a response that cannot be used. Completes "failed to …".
///
/// A status of 400 or more is a response and no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The URL, a header or the body cannot be sent.
    #[error("make the request to '{target}'")]
    Request {
        /// The URL as it was given, without secrets.
        target: String,
        /// What is wrong with it.
        source: Cause,
    },
    /// The client itself cannot be set up.
    #[error("set up the HTTP client")]
    Setup {
        /// What is missing.
        source: Cause,
    },
    /// No connection; nothing was sent.
    #[error("connect to {peer}")]
    Connect {
        /// `host:port`.
        peer: String,
        /// Why the connection failed.
        source: Cause,
    },
    /// The peer took too long.
    #[error("get an answer from {peer} within {limit:?}")]
    Timeout {
        /// `host:port`.
        peer: String,
        /// To the response head, or between two chunks of the body.
        limit: Duration,
    },
    /// The caller's deadline passed first.
    #[error("get an answer from {peer} before the caller's deadline")]
    Deadline {
        /// `host:port`.
        peer: String,
    },
    /// The caller cancelled the call.
    #[error("get an answer from {peer}: the caller went away")]
    Cancelled {
        /// `host:port`.
        peer: String,
    },
    /// The connection broke, or the peer does not speak HTTP.
    #[error("get an answer from {peer}")]
    Exchange {
        /// `host:port`.
        peer: String,
        /// How it broke.
        source: Cause,
    },
    /// The body ended early.
    #[error("read the answer of {peer}")]
    Body {
        /// `host:port`.
        peer: String,
        /// How it broke.
        source: Cause,
    },
    /// The body is larger than what was asked for.
    #[error("read the answer of {peer}: it is larger than {limit} bytes")]
    TooLarge {
        /// `host:port`.
        peer: String,
        /// In bytes.
        limit: usize,
    },
    /// The body is not the JSON that was expected.
    #[error("read the answer of {peer} as JSON")]
    Json {
        /// `host:port`.
        peer: String,
        /// Where it differs.
        source: serde_json::Error,
    },
}

impl HttpError {
    /// The value of `error.type`: few, and stable.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Request { .. } => "invalid_request",
            Self::Setup { .. } => "client_setup",
            Self::Connect { .. } => "connect",
            Self::Timeout { .. } => "timeout",
            Self::Deadline { .. } => "deadline",
            Self::Cancelled { .. } => "cancelled",
            Self::Exchange { .. } => "exchange",
            Self::Body { .. } => "body",
            Self::TooLarge { .. } => "body_too_large",
            Self::Json { .. } => "invalid_json",
        }
    }

    /// Whether the peer may have seen the request: `false` makes repeating safe whatever its effect.
    pub fn was_sent(&self) -> bool {
        !matches!(
            self,
            Self::Request { .. } | Self::Setup { .. } | Self::Connect { .. }
        )
    }

    /// The error without these values. A cause that contains one becomes its text without them.
    pub(super) fn conceal(mut self, concealed: &Concealed) -> Self {
        let (text, source) = match &mut self {
            Self::Request { target, source } => (Some(target), source),
            Self::Setup { source } => (None, source),
            Self::Connect { peer, source }
            | Self::Exchange { peer, source }
            | Self::Body { peer, source } => (Some(peer), source),
            // The others say what this crate writes, or what was read of a body.
            _ => return self,
        };
        if let Some(text) = text
            && let Cow::Owned(shown) = concealed.text(text)
        {
            *text = shown;
        }
        if let Cow::Owned(shown) = concealed.text(&sentence(&**source)) {
            *source = shown.into();
        }
        self
    }

    /// What kind of failure it is, for the error body.
    pub fn category(&self) -> Category {
        match self {
            Self::Request { .. } => Category::Invalid,
            Self::Connect { .. } | Self::Exchange { .. } | Self::Body { .. } => {
                Category::Unavailable
            }
            Self::Timeout { .. } | Self::Deadline { .. } => Category::Timeout,
            Self::Cancelled { .. } => Category::Cancelled,
            Self::Setup { .. } | Self::TooLarge { .. } | Self::Json { .. } => Category::Internal,
        }
    }

    /// The same as an error body, its causes in the message.
    pub fn to_problem(&self) -> Problem {
        let message = format!("failed to {}", sentence(self));
        Problem::new(self.category(), format!("http.{}", self.kind()), message)
            .with_blame(self.blame())
            .with_retryable(self.retry() != Retry::Never)
    }
}

impl Decide for HttpError {
    fn retry(&self) -> Retry {
        match self {
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Exchange { .. }
            | Self::Body { .. } => Retry::Backoff,
            _ => Retry::Never,
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Request { .. } | Self::Deadline { .. } | Self::Cancelled { .. } => Blame::Caller,
            Self::Setup { .. } => Blame::Local,
            _ => Blame::Peer,
        }
    }
}
