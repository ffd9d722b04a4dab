//! The status of the collector, as `/api/status` reports it.

use std::path::PathBuf;

use serde::Serialize;

use crate::binary::{Binary, FoundBy};

/// Current receiver status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CollectorStatus {
    /// What receives from applications.
    pub mode: CollectorMode,
    /// Its state.
    pub state: CollectorState,
    /// Why the backend receives by itself, if it does.
    pub reason: Option<String>,
    /// The program that runs or ran.
    pub binary: Option<PathBuf>,
    /// How the program was found.
    pub found_by: Option<FoundBy>,
    /// The program's version.
    pub version: Option<String>,
    /// The process that receives, if there is one.
    pub pid: Option<u32>,
    /// How often the program was restarted.
    pub restarts: u64,
    /// Its last unexpected exit.
    pub last_exit: Option<LastExit>,
    /// The file of its rendered configuration.
    pub config: Option<PathBuf>,
    /// Where it sends a copy of everything.
    pub remote: Option<String>,
    /// The address of its zPages, such as `http://127.0.0.1:41003/debug/servicez`.
    pub zpages: Option<String>,
}

/// What receives from applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CollectorMode {
    /// A real collector, which forwards to the store.
    Otelcol,
    /// The backend itself.
    Embedded,
}

/// State of a collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CollectorState {
    /// Started and not ready yet.
    Starting,
    /// Receiving.
    Running,
    /// Exited; it is restarted after a pause.
    Restarting,
    /// Exited too often: the backend receives in its place.
    FallenBack,
    /// Stopped.
    Stopped,
}

/// An unexpected exit of a collector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LastExit {
    /// When, in nanoseconds since the epoch.
    pub time_unix_nano: u64,
    /// How, such as `exit status: 1` or `signal: 9 (SIGKILL)`.
    pub status: String,
    /// The last lines of its log.
    pub last_words: String,
}

impl CollectorStatus {
    /// Creates the status of a backend that receives by itself.
    #[must_use]
    pub fn embedded(reason: impl Into<String>) -> Self {
        Self {
            mode: CollectorMode::Embedded,
            state: CollectorState::Running,
            reason: Some(reason.into()),
            binary: None,
            found_by: None,
            version: None,
            pid: Some(std::process::id()),
            restarts: 0,
            last_exit: None,
            config: None,
            remote: None,
            zpages: None,
        }
    }

    /// Clears what described the process that has exited.
    pub(crate) fn process_has_ended(&mut self) {
        (self.pid, self.remote, self.zpages) = (None, None, None);
    }

    /// Returns whether telemetry is being received.
    #[must_use]
    pub fn receives(&self) -> bool {
        match self.state {
            CollectorState::Running => true,
            // Unless another process uses the ports.
            CollectorState::FallenBack => self.mode == CollectorMode::Embedded,
            _ => false,
        }
    }

    /// Creates the status of a collector that is starting.
    pub(crate) fn starting(binary: &Binary) -> Self {
        Self {
            mode: CollectorMode::Otelcol,
            state: CollectorState::Starting,
            reason: None,
            binary: Some(binary.path.clone()),
            found_by: Some(binary.found_by),
            version: Some(binary.components.version.clone()),
            pid: None,
            restarts: 0,
            last_exit: None,
            config: None,
            remote: None,
            zpages: None,
        }
    }
}
