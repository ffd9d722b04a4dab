//! Why a configuration was not taken over while the backend runs.

use std::fmt;
use std::io;

use thiserror::Error;
use tokio::sync::oneshot;

/// Somebody waits for a new configuration to be in effect.
pub(crate) type Reload = oneshot::Sender<Result<(), ReloadError>>;

/// Why a reload changed nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// The backend receives by itself, so there is no configuration of a collector.
    #[error("there is no collector to reload: {reason}")]
    Embedded {
        /// Why there is none.
        reason: String,
    },
    /// The collector does not accept the new configuration; the old one stays in place.
    #[error("the collector refuses the new configuration, the old one stays: {words}")]
    Refused {
        /// What the collector says.
        words: String,
    },
    /// The new configuration could not be written or handed over; the old one stays in place.
    #[error("the new configuration could not be handed over, the old one stays")]
    System {
        /// What the system says.
        source: io::Error,
    },
    /// The collector did not come up with the new configuration.
    #[error("the collector did not become ready with the new configuration, {instead}: {words}")]
    NotReady {
        /// Who receives now.
        instead: Instead,
        /// How it ended, and the last lines of its log.
        words: String,
    },
    /// The collector ended by itself before it was asked; the old configuration stays in place.
    #[error(
        "the collector ended by itself before it was asked, the old configuration stays: {words}"
    )]
    Ended {
        /// How it ended, and the last lines of its log.
        words: String,
    },
    /// The backend is shutting down.
    #[error("the backend is shutting down")]
    Stopped,
}

/// Who receives where a collector did not come up with a new configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Instead {
    /// The collector, with the configuration that it had before.
    Old,
    /// The backend, in the collector's place.
    Backend,
    /// Nobody yet: what it had before is tried on.
    Nothing,
}

/// As part of a sentence.
impl fmt::Display for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Old => "so it has the old one again",
            Self::Backend => "so the backend receives in its place",
            Self::Nothing => "and nobody receives yet: what was there before is tried again",
        })
    }
}
