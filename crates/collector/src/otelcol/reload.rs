//! Why a configuration was not taken over while the backend runs.

use std::io;

use thiserror::Error;

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
    /// The collector did not come up with the new configuration; it runs with the old one again.
    #[error(
        "the collector did not become ready with the new configuration, so it has the old one again: {words}"
    )]
    NotReady {
        /// The last lines of its log.
        words: String,
    },
    /// The backend is shutting down.
    #[error("the backend is shutting down")]
    Stopped,
}
