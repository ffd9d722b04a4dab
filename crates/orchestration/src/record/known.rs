//! The state of a run that its record needs, whether or not this record reported it.

use crate::{Entry, EntryKind};
use glassbox_core::telemetry::TraceContext;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The state of a run that its record needs.
#[derive(Default)]
pub(super) struct Known {
    pub(super) run_id: String,
    pub(super) workflow: String,
    pub(super) inputs: Map<String, Value>,
    /// The trace of the caller that started it.
    pub(super) trace: TraceContext,
    /// When it started.
    pub(super) started_unix_nano: u64,
    /// When it started or was last resumed.
    pub(super) driven_unix_nano: u64,
    /// The steps that were attempted, by id.
    steps: BTreeMap<String, KnownStep>,
}

/// The state of an attempted step that the record needs.
pub(super) struct KnownStep {
    /// When its first attempt started.
    pub(super) started_unix_nano: u64,
    /// Attempts so far.
    pub(super) attempts: u32,
}

impl Known {
    pub(super) fn step(&self, step: &str) -> Option<&KnownStep> {
        self.steps.get(step)
    }

    /// How many attempts of the entry's step are recorded.
    pub(super) fn attempts(&self, kind: &EntryKind) -> u32 {
        match kind {
            EntryKind::AttemptStarted { step, .. } => {
                self.steps.get(step).map_or(0, |step| step.attempts)
            }
            _ => 0,
        }
    }

    pub(super) fn apply(&mut self, entry: &Entry) {
        match &entry.kind {
            EntryKind::RunStarted(started) => {
                self.run_id.clone_from(&started.run_id);
                self.workflow.clone_from(&started.workflow.name);
                self.inputs.clone_from(&started.inputs);
                self.trace = started.caller().trace().clone();
                self.started_unix_nano = entry.at_unix_nano;
                self.driven_unix_nano = entry.at_unix_nano;
            }
            EntryKind::RunResumed { .. } => self.driven_unix_nano = entry.at_unix_nano,
            EntryKind::AttemptStarted { step, attempt, .. } => {
                let new = || KnownStep {
                    started_unix_nano: entry.at_unix_nano,
                    attempts: 0,
                };
                self.steps.entry(step.clone()).or_insert_with(new).attempts = *attempt;
            }
            _ => {}
        }
    }
}
