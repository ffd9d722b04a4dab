//! Errors of exporting a batch.

use glassbox_core::{Blame, Decide, Retry};
use std::{io, time::Duration};

/// The maximum number of characters of a backend's message.
pub(super) const MAX_MESSAGE: usize = 200;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a batch was not delivered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// No connection, or it was interrupted.
    #[error("reach the backend")]
    Unreachable(#[source] Cause),
    /// No response in time, with the error of the attempt before, if there was one: an unreachable backend
    /// should not be reported as a slow one.
    #[error("get a response within {0:?}")]
    Timeout(Duration, #[source] Option<Box<ExportError>>),
    /// The backend rejected the request.
    #[error("export: rejected with {status}{}{message}", separator(message))]
    Refused {
        status: String,
        message: String,
        /// `None` if a retry cannot succeed; otherwise the wait that the backend requested, or zero.
        retry_after: Option<Duration>,
    },
    /// The body could not be compressed.
    #[error("compress the request")]
    Compression(#[source] io::Error),
}

fn separator(message: &str) -> &'static str {
    if message.is_empty() { "" } else { ": " }
}

/// The message of a backend or proxy, as one short line.
pub(super) fn brief(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    line.chars().take(MAX_MESSAGE).collect()
}

impl ExportError {
    pub(crate) const fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }

    /// One line with all causes, without repetitions.
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
            // The time limit of the batch is reached.
            Self::Timeout(..) => Retry::Never,
            Self::Compression(_) => Retry::Never,
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Unreachable(_) | Self::Timeout(..) => Blame::Peer,
            Self::Refused { retry_after, .. } if retry_after.is_some() => Blame::Peer,
            // Credentials and contents are the application's to correct; waiting does not help.
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
            "failed to get a response within 2s: the attempt before failed to reach the backend: \
             connection refused"
        );
        let first = ExportError::Timeout(Duration::from_secs(2), None);
        assert_eq!(first.line(), "failed to get a response within 2s");
    }
}
