//! Why a batch did not arrive.

use std::{io, time::Duration};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a batch did not arrive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// Nobody listens, or the connection broke.
    #[error("reach the backend")]
    Unreachable(#[source] Cause),
    /// No answer in time.
    #[error("get an answer within {0:?}")]
    Timeout(Duration),
    /// An answer that says no.
    #[error("have it taken: {status}{}{message}", separator(message))]
    Refused {
        status: String,
        message: String,
        /// `None`: never; the wait that the backend asked for, or zero.
        retry_after: Option<Duration>,
    },
    /// The body could not be compressed.
    #[error("compress the request")]
    Compression(#[source] io::Error),
}

fn separator(message: &str) -> &'static str {
    if message.is_empty() { "" } else { ": " }
}

impl ExportError {
    /// How long to wait at least before another attempt; `None` where it would be in vain.
    pub(crate) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unreachable(_) => Some(Duration::ZERO),
            Self::Refused { retry_after, .. } => *retry_after,
            Self::Timeout(_) | Self::Compression(_) => None,
        }
    }

    pub(crate) const fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }

    /// In one line, with its causes.
    pub(crate) fn line(&self) -> String {
        let mut line = format!("failed to {self}");
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            line.push_str(": ");
            line.push_str(&error.to_string());
            cause = error.source();
        }
        line
    }
}
