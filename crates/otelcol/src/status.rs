//! What runs as the collector, as `/api/status` tells it.

use std::path::PathBuf;

use serde::Serialize;

use crate::binary::{Binary, FoundBy};

/// What receives for a backend, and how it fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CollectorStatus {
    /// Who receives what applications send.
    pub mode: CollectorMode,
    /// How it fares.
    pub state: CollectorState,
    /// Why the backend receives by itself, where it does.
    pub reason: Option<String>,
    /// The program that runs or ran.
    pub binary: Option<PathBuf>,
    /// How the program was found.
    pub found_by: Option<FoundBy>,
    /// What the program says its version is.
    pub version: Option<String>,
    /// The process that receives; none while there is none.
    pub pid: Option<u32>,
    /// How often the program was started again after it had ended by itself.
    pub restarts: u64,
    /// The last time that it ended by itself.
    pub last_exit: Option<LastExit>,
    /// The file that its configuration was rendered to.
    pub config: Option<PathBuf>,
    /// Where it sends a copy of everything.
    pub remote: Option<String>,
    /// Where it has pages about itself, such as `http://127.0.0.1:41003/debug/servicez`.
    pub zpages: Option<String>,
}

/// Who receives what applications send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CollectorMode {
    /// A real collector, which sends on to the store.
    Otelcol,
    /// The backend itself.
    Embedded,
}

/// How a collector fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CollectorState {
    /// It was started and is not ready yet.
    Starting,
    /// It receives.
    Running,
    /// It ended by itself and is started again after a pause.
    Restarting,
    /// It ended too often: the backend receives by itself in its place.
    FallenBack,
    /// It was stopped.
    Stopped,
}

/// How a collector ended by itself.
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
    /// A backend that receives by itself, and why.
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

    /// Forgets what was true of the process that ended.
    pub(crate) fn process_has_ended(&mut self) {
        (self.pid, self.remote, self.zpages) = (None, None, None);
    }

    /// Returns whether anybody receives at the moment.
    #[must_use]
    pub fn receives(&self) -> bool {
        match self.state {
            CollectorState::Running => true,
            // Unless somebody else has taken the ports.
            CollectorState::FallenBack => self.mode == CollectorMode::Embedded,
            _ => false,
        }
    }

    /// A collector that is being started.
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
