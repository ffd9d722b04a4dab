//! Why a batch did not arrive.

use glassbox_core::{Blame, Decide, Retry};
use std::{io, time::Duration};

/// The most characters of a refusal that are kept.
pub(super) const MAX_MESSAGE: usize = 200;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a batch did not arrive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// Nobody listens, or the connection broke.
    #[error("reach the backend")]
    Unreachable(#[source] Cause),
    /// No answer in time; and what the attempt before failed by, if there was one: a backend that
    /// cannot be reached is not one that is slow.
    #[error("get an answer within {0:?}")]
    Timeout(Duration, #[source] Option<Box<ExportError>>),
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

/// What a backend, or a proxy before it, says of a refusal, in one short line.
pub(super) fn brief(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    line.chars().take(MAX_MESSAGE).collect()
}

impl ExportError {
    pub(crate) const fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }

    /// In one line, with its causes; what a cause says again is left out.
    pub(crate) fn line(&self) -> String {
        let mut line = format!("failed to {self}");
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let said = match error.downcast_ref::<Box<Self>>() {
                Some(before) => format!("the attempt before failed to {before}"),
                None => error.to_string(),
            };
            if !line.contains(&said) {
                line.push_str(": ");
                line.push_str(&said);
            }
            cause = error.source();
        }
        line
    }
}

impl Decide for ExportError {
    fn retry(&self) -> Retry {
        match self {
            Self::Unreachable(_) => Retry::Backoff,
            Self::Refused { retry_after, .. } => match retry_after {
                Some(Duration::ZERO) => Retry::Backoff,
                Some(wait) => Retry::After(*wait),
                None => Retry::Never,
            },
            // The batch's time is over.
            Self::Timeout(..) => Retry::Never,
            Self::Compression(_) => Retry::Never,
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Unreachable(_) | Self::Timeout(..) => Blame::Peer,
            Self::Refused { retry_after, .. } if retry_after.is_some() => Blame::Peer,
            // Whom it knows and what it takes is for the application to mend, not for time.
            Self::Refused { .. } => Blame::Caller,
            Self::Compression(_) => Blame::Local,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_tells_what_the_attempt_before_failed_by() {
        let refused = io::Error::other("connection refused");
        let before = ExportError::Unreachable(io::Error::other(refused).into());
        let error = ExportError::Timeout(Duration::from_secs(2), Some(Box::new(before)));
        assert_eq!(
            error.line(),
            "failed to get an answer within 2s: the attempt before failed to reach the backend: \
             connection refused"
        );
        let first = ExportError::Timeout(Duration::from_secs(2), None);
        assert_eq!(first.line(), "failed to get an answer within 2s");
    }
}
