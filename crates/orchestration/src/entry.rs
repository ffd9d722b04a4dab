//! The entries of a run's journal: what happened, in order, with the time at which it happened.

mod decode;

pub use decode::EntryError;

use crate::Workflow;
use glassbox_core::{Clock, Cx, DurableCx, Problem, Spent};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{num::NonZeroUsize, time::SystemTime};

/// The newest version of entries that this build reads.
///
/// A new kind of entry, or a new meaning of a known one, gets the next version. A new optional field
/// does not: readers ignore unknown fields.
pub const ENTRY_VERSION: u32 = 1;

/// One thing that happened in a run.
///
/// As JSON it is one flat object, `{"v":1,"seq":4,"at_unix_nano":…,"kind":"step_completed",…}`.
///
/// ```
/// use glassbox_orchestration::{Entry, EntryKind};
///
/// let entry = Entry::new(4, 1_700_000_000_000_000_000, EntryKind::RunInterrupted);
/// let json = serde_json::to_vec(&entry)?;
/// assert_eq!(Entry::from_json(&json)?, entry);
///
/// let newer = br#"{"v":9,"seq":4,"at_unix_nano":1,"kind":"moon_landed"}"#;
/// assert_eq!(
///     Entry::from_json(newer).unwrap_err().to_string(),
///     "entry 4 has version 9, and this build reads versions up to 1: update the program that reads it"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// The version of the entry's form.
    #[serde(rename = "v")]
    pub version: u32,
    /// The entry's place in its run, from zero, without gaps.
    pub seq: u64,
    /// When it happened: nanoseconds since the Unix epoch.
    pub at_unix_nano: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EntryKind,
}

/// What happened.
///
/// An effect has an entry before it ([`AttemptStarted`](Self::AttemptStarted)) and one after it
/// ([`AttemptCompleted`](Self::AttemptCompleted), [`AttemptFailed`](Self::AttemptFailed)). A run that
/// stops between the two resumes knowing that the effect may have begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EntryKind {
    /// The run was accepted. Always the first entry, and only the first.
    RunStarted(Box<RunStarted>),
    /// A runner continues the run after an interruption, whether or not that was recorded.
    #[non_exhaustive]
    RunResumed {
        /// The `traceparent` of the caller who resumed it, if it has a trace.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trace: Option<String>,
    },
    /// A call is about to be made. Nothing leaves the process before this entry is durable.
    #[non_exhaustive]
    AttemptStarted {
        /// The step.
        step: String,
        /// The attempt's number, from one. An attempt that is started again after an interruption keeps
        /// its number.
        attempt: u32,
        /// The capability that is called.
        capability: String,
        /// The service that provides the capability.
        service: String,
        /// The idempotency key of the step, the same for all its attempts.
        key: String,
        /// Whether the call may be made again if its outcome is unknown.
        repeatable: bool,
    },
    /// The call returned an output.
    #[non_exhaustive]
    AttemptCompleted {
        /// The step.
        step: String,
        /// The attempt's number.
        attempt: u32,
        /// What the call returned.
        output: Value,
        /// What the call used.
        #[serde(default, skip_serializing_if = "Spent::is_nothing")]
        spent: Spent,
    },
    /// The call failed.
    #[non_exhaustive]
    AttemptFailed {
        /// The step.
        step: String,
        /// The attempt's number.
        attempt: u32,
        /// Why.
        problem: Problem,
        /// A random number, drawn when the attempt failed. The machine derives the pause before the
        /// next attempt from it, so that a replay derives the same pause.
        jitter: u32,
    },
    /// The step pauses before its next attempt.
    #[non_exhaustive]
    TimerSet {
        /// The step.
        step: String,
        /// The attempt that follows the pause.
        attempt: u32,
        /// When the pause ends: nanoseconds since the Unix epoch.
        until_unix_nano: u64,
    },
    /// The pause is over.
    #[non_exhaustive]
    TimerFired {
        /// The step.
        step: String,
        /// The attempt that follows.
        attempt: u32,
    },
    /// The step has its output: that of its last attempt.
    #[non_exhaustive]
    StepCompleted {
        /// The step.
        step: String,
        /// Attempts in all.
        attempts: u32,
    },
    /// The step failed, and will not be attempted again.
    #[non_exhaustive]
    StepFailed {
        /// The step.
        step: String,
        /// Attempts in all; zero if its input could not be built.
        attempts: u32,
        /// Why.
        problem: Problem,
    },
    /// The run completed.
    #[non_exhaustive]
    RunCompleted {
        /// The workflow's output.
        output: Value,
    },
    /// The run failed. Steps in progress were cancelled.
    #[non_exhaustive]
    RunFailed {
        /// Why.
        problem: Problem,
    },
    /// The caller cancelled the run. Steps in progress were cancelled.
    #[non_exhaustive]
    RunCancelled {
        /// The cancellation, as the caller gets it.
        problem: Problem,
    },
    /// The run was dropped before it ended. It can be resumed.
    ///
    /// A process that is killed does not write this entry; [`RunResumed`](Self::RunResumed) can
    /// follow any entry that does not end the run.
    RunInterrupted,
}

/// Everything that a run needs to be continued by another process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunStarted {
    /// Unique within the journal.
    pub run_id: String,
    /// The definition that this run follows, even if the program's definition has changed since. Unlike
    /// other parts of an entry, it must not have unknown fields: they would change what the run does.
    pub workflow: Workflow,
    /// The inputs as given, before defaults.
    pub inputs: Map<String, Value>,
    /// How many steps may be in progress at once.
    pub max_parallel: NonZeroUsize,
    /// What the run inherits from its caller: trace, deadline, budget, idempotency key, baggage. The
    /// workflow's timeout is part of the deadline.
    #[serde(default)]
    pub cx: DurableCx,
}

impl RunStarted {
    /// What the run inherits from its caller, with the deadline on a clock that shows the time since the
    /// Unix epoch.
    pub(crate) fn caller(&self) -> Cx {
        self.cx.revive(&Epoch, SystemTime::UNIX_EPOCH)
    }
}

/// A clock that shows wall-clock time, stopped at the Unix epoch.
struct Epoch;

impl Clock for Epoch {
    fn now(&self) -> u64 {
        0
    }
}

impl Entry {
    /// An entry of the current version.
    pub fn new(seq: u64, at_unix_nano: u64, kind: EntryKind) -> Self {
        Self {
            version: ENTRY_VERSION,
            seq,
            at_unix_nano,
            kind,
        }
    }
}

impl EntryKind {
    /// Whether nothing can follow an entry of this kind.
    pub fn ends_run(&self) -> bool {
        matches!(
            self,
            Self::RunCompleted { .. } | Self::RunFailed { .. } | Self::RunCancelled { .. }
        )
    }

    /// The kind's name, as in the entry's JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunStarted(_) => "run_started",
            Self::RunResumed { .. } => "run_resumed",
            Self::AttemptStarted { .. } => "attempt_started",
            Self::AttemptCompleted { .. } => "attempt_completed",
            Self::AttemptFailed { .. } => "attempt_failed",
            Self::TimerSet { .. } => "timer_set",
            Self::TimerFired { .. } => "timer_fired",
            Self::StepCompleted { .. } => "step_completed",
            Self::StepFailed { .. } => "step_failed",
            Self::RunCompleted { .. } => "run_completed",
            Self::RunFailed { .. } => "run_failed",
            Self::RunCancelled { .. } => "run_cancelled",
            Self::RunInterrupted => "run_interrupted",
        }
    }
}

#[cfg(test)]
mod tests;
