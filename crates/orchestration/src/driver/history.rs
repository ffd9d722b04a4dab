//! The history of a run that is being driven: its state, which entries are durable, and which were
//! reported.

use super::time::Time;
use crate::{Entry, EntryKind, Journal, JournalError, Machine, ReplayError, record::Record};
use glassbox_core::{Category, Problem, sentence};

/// Applies, saves and reports the entries of one run, each of them once and in this order.
///
/// If dropped before the run has ended, it reports the interruption and tries to append it to the journal.
pub(crate) struct History<'a> {
    run_id: &'a str,
    journal: &'a dyn Journal,
    time: Time<'a>,
    machine: Machine,
    record: Record<'a>,
    /// Entries that were applied but not yet passed to the journal.
    unsaved: Vec<Entry>,
    /// Whether entries were passed to the journal but not acknowledged.
    in_doubt: bool,
}

/// Why a run cannot be driven any further.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) enum Stalled {
    /// The journal failed.
    Journal(#[from] JournalError),
    /// An entry contradicts those before it.
    Replay(#[from] ReplayError),
}

impl<'a> History<'a> {
    /// The history of a run whose entries so far were applied to `machine` and `record`.
    pub(crate) fn new(
        run_id: &'a str,
        journal: &'a dyn Journal,
        time: Time<'a>,
        machine: Machine,
        record: Record<'a>,
    ) -> Self {
        Self {
            run_id,
            journal,
            time,
            machine,
            record,
            unsaved: Vec::new(),
            in_doubt: false,
        }
    }

    /// The run's id.
    pub(crate) fn run_id(&self) -> &str {
        self.run_id
    }

    /// The time of entries.
    pub(crate) fn time(&self) -> Time<'a> {
        self.time
    }

    /// The state of the run.
    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The telemetry of the run.
    pub(crate) fn record(&self) -> &Record<'a> {
        &self.record
    }

    /// Adds and saves the entry with which a runner starts or resumes the run.
    ///
    /// # Errors
    /// If the entry cannot follow those before it, or the journal fails.
    pub(crate) async fn begin(&mut self, kind: EntryKind) -> Result<(), Stalled> {
        self.add(kind)?;
        Ok(self.save().await?)
    }

    /// Adds an entry about something that happens now.
    ///
    /// # Errors
    /// If the entry cannot follow those before it.
    pub(crate) fn add(&mut self, kind: EntryKind) -> Result<(), ReplayError> {
        let seq = self.machine.next_seq();
        let entry = Entry::new(seq, self.time.now_unix_nano(), kind);
        self.machine.apply(&entry)?;
        self.unsaved.push(entry);
        Ok(())
    }

    /// Makes the added entries durable, then reports them.
    ///
    /// # Errors
    /// If the journal fails. The entries are then not reported.
    pub(crate) async fn save(&mut self) -> Result<(), JournalError> {
        let entries = std::mem::take(&mut self.unsaved);
        if entries.is_empty() {
            return Ok(());
        }
        self.in_doubt = true;
        self.journal.append(self.run_id, &entries).await?;
        self.in_doubt = false;
        for entry in &entries {
            self.record.report(entry);
        }
        Ok(())
    }
}

impl Drop for History<'_> {
    fn drop(&mut self) {
        if !self.record.is_open() {
            return;
        }
        let seq = self.machine.next_seq() - self.unsaved.len() as u64;
        let now = self.time.now_unix_nano();
        let entry = Entry::new(seq, now, EntryKind::RunInterrupted);
        self.record.report(&entry);
        if !self.in_doubt {
            self.journal.append_unacknowledged(self.run_id, entry);
        }
    }
}

impl Stalled {
    /// The problem for the run's caller.
    pub(crate) fn into_problem(self, run_id: &str) -> Problem {
        let (category, code) = match &self {
            Self::Journal(JournalError::UnknownRun { .. }) => {
                (Category::NotFound, "workflow.unknown_run")
            }
            Self::Journal(JournalError::Conflict { .. }) => {
                (Category::Conflict, "workflow.conflict")
            }
            Self::Journal(JournalError::Unreadable { .. }) => {
                (Category::Internal, "workflow.unreadable")
            }
            Self::Journal(JournalError::Storage(_)) => (Category::Unavailable, "workflow.journal"),
            Self::Replay(_) => (Category::Internal, "workflow.inconsistent"),
        };
        let message = format!("run '{run_id}' cannot continue: {}", sentence(&self));
        Problem::new(category, code, message)
    }
}
