//! Reloading the configuration, and why that fails.

use std::fmt;
use std::io;

use thiserror::Error;
use tokio::sync::oneshot;

/// A request to reload, with the channel for its result.
pub(crate) type Reload = oneshot::Sender<Result<(), ReloadError>>;

/// Why a reload failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// There is no collector: the backend receives by itself.
    #[error("there is no collector to reload: {reason}")]
    Embedded {
        /// Why there is no collector.
        reason: String,
    },
    /// The collector rejects the new configuration and keeps the old one.
    #[error("the collector rejects the new configuration and keeps the old one: {words}")]
    Refused {
        /// The collector's message.
        words: String,
    },
    /// The new configuration could not be written, or the collector could not be notified; the old one is kept.
    #[error("the new configuration could not be applied and the old one is kept")]
    System {
        /// The cause.
        source: io::Error,
    },
    /// The collector did not become ready with the new configuration.
    #[error("the collector did not become ready with the new configuration, {instead}: {words}")]
    NotReady {
        /// What receives now.
        instead: Instead,
        /// How it exited, and the last lines of its log.
        words: String,
    },
    /// The collector exited before the reload; the old configuration is kept.
    #[error("the collector exited before the reload, and the old configuration is kept: {words}")]
    Ended {
        /// How it exited, and the last lines of its log.
        words: String,
    },
    /// The backend is shutting down.
    #[error("the backend is shutting down")]
    Stopped,
}

/// What receives after a collector did not become ready with a new configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Instead {
    /// The collector, with the old configuration.
    Old,
    /// The backend, in the collector's place.
    Backend,
    /// Nothing yet: the collector is restarted with the old configuration.
    Nothing,
}

/// As part of a sentence.
impl fmt::Display for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Old => "so it runs with the old one again",
            Self::Backend => "so the backend receives in its place",
            Self::Nothing => "and nothing receives yet; the old one is tried again",
        })
    }
}
