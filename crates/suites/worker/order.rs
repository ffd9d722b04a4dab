//! The commands to the program.

use serde::Deserialize;
use std::time::Duration;

/// One line of input.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Emit a fixed number of jobs; answered with how many were emitted so far, once every call has
    /// returned.
    Emit { threads: u32, each: u32 },
    /// Emit jobs until stopped.
    Start { threads: u32 },
    /// Answered with how many jobs were emitted so far, once every call has returned.
    Stop,
    /// Answered with how long the jobs took since the previous request.
    Pace,
    /// Answered with the health of telemetry.
    Health,
    /// Answered with the error of the flush, or nothing.
    Flush { within: Milliseconds },
    /// Answered with the report; the program ends.
    Shutdown { within: Milliseconds },
}

/// A duration.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Milliseconds(u64);

impl Milliseconds {
    pub(crate) const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}
