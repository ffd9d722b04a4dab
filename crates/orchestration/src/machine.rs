//! The state machine of one run: entries in, commands out.
//!
//! It reads no clock, draws no random number and performs nothing, so the same entries always lead to
//! the same state and the same commands: live, after a crash, and in a test.

mod command;
mod decide;
mod retry;
mod state;
mod step;

pub use command::Command;

use crate::{Entry, EntryKind, Graph, InvalidWorkflow, report::StepReport};
use glassbox_core::Problem;
use serde_json::Value;
use state::RunState;
use std::sync::Arc;

/// The state of one run, derived from its entries alone.
///
/// ```
/// use glassbox_orchestration::{Entry, Machine};
///
/// # fn example(entries: &[Entry]) -> Result<(), glassbox_orchestration::ReplayError> {
/// let machine = Machine::replay(entries)?;
/// for command in machine.commands() {
///     println!("{command:?}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Machine {
    next_seq: u64,
    run: Option<RunState>,
}

/// Why an entry cannot follow those before it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// An entry is missing or duplicated.
    #[error("entry {found} follows where entry {expected} is expected")]
    #[non_exhaustive]
    OutOfOrder {
        /// The place of the entry that comes next.
        expected: u64,
        /// The place of the entry found instead.
        found: u64,
    },
    /// The run's state does not allow it.
    #[error("entry {seq} ({kind}) cannot happen here: {reason}")]
    #[non_exhaustive]
    Impossible {
        /// The entry's place.
        seq: u64,
        /// The name of its kind.
        kind: &'static str,
        /// The actual state of the run.
        reason: String,
    },
    /// The run's workflow is invalid, or no longer valid.
    #[error(transparent)]
    Workflow(#[from] InvalidWorkflow),
}

impl Machine {
    /// The state before the first entry.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state after `entries`.
    ///
    /// # Errors
    /// The first entry that cannot follow those before it.
    pub fn replay<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Self, ReplayError> {
        let mut machine = Self::new();
        for entry in entries {
            machine.apply(entry)?;
        }
        Ok(machine)
    }

    /// Applies the next entry.
    ///
    /// # Errors
    /// If the entry cannot follow those before it; the state is then unchanged.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), ReplayError> {
        if entry.seq != self.next_seq {
            return Err(ReplayError::OutOfOrder {
                expected: self.next_seq,
                found: entry.seq,
            });
        }
        let impossible = |reason: String| ReplayError::Impossible {
            seq: entry.seq,
            kind: entry.kind.name(),
            reason,
        };
        match (&mut self.run, &entry.kind) {
            (None, EntryKind::RunStarted(started)) => {
                self.run = Some(RunState::try_new(started)?);
            }
            (None, _) => return Err(impossible("the run has not started".to_owned())),
            (Some(run), _) => run.apply(entry).map_err(impossible)?,
        }
        self.next_seq += 1;
        Ok(())
    }

    /// Returns what has to be done now: first for the steps in progress, then for those that are ready,
    /// each in the order of declaration.
    ///
    /// A decision is returned alone, because the next commands depend on it. A call is returned
    /// until its [`AttemptStarted`](EntryKind::AttemptStarted) entry is applied, a wait until its
    /// [`TimerFired`](EntryKind::TimerFired) entry is. There are no commands before the first entry,
    /// during an interruption, and after the end.
    pub fn commands(&self) -> Vec<Command> {
        self.run.as_ref().map(decide::commands).unwrap_or_default()
    }

    /// The place of the next entry.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// How the run ended; `None` until then.
    ///
    /// # Errors
    /// The problem that ended the run.
    pub fn result(&self) -> Option<Result<&Value, &Problem>> {
        let end = self.run.as_ref()?.end()?;
        Some(end.as_ref())
    }

    /// Whether the run has ended.
    pub fn has_ended(&self) -> bool {
        self.result().is_some()
    }

    /// The run's validated workflow; `None` before the first entry.
    pub fn graph(&self) -> Option<Arc<Graph>> {
        Some(self.run.as_ref()?.graph.clone())
    }

    /// The outcome of every step so far, in the order of declaration.
    pub fn steps(&self) -> Vec<StepReport> {
        self.run.as_ref().map(RunState::reports).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
