//! Where the entries of runs are kept.

mod memory;

pub use memory::MemoryJournal;

use crate::{Entry, EntryError};
use glassbox_core::async_trait;
use std::error::Error;

/// Keeps the entries of runs. Only one runner at a time drives a run: [`append`](Self::append) rejects a
/// second one.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends entries to a run, in order, and returns once they are durable. The first entry of a
    /// run, at place 0, creates it.
    ///
    /// # Errors
    /// [`JournalError::Conflict`] if the first entry is not the run's next one; nothing is appended
    /// then. After any other error, it is unknown whether the entries were appended.
    ///
    /// # Cancel safety
    /// If the future is dropped, all, some or none of the entries are appended.
    async fn append(&self, run_id: &str, entries: &[Entry]) -> Result<(), JournalError>;

    /// All entries of a run, in order.
    ///
    /// # Errors
    /// If there is no such run, or an entry cannot be read.
    async fn read(&self, run_id: &str) -> Result<Vec<Entry>, JournalError>;

    /// The ids of the runs that have not ended, in the order of their start: running or interrupted.
    ///
    /// # Errors
    /// If the journal cannot be read.
    async fn unfinished(&self) -> Result<Vec<String>, JournalError>;

    /// Appends an entry without waiting, for a caller that cannot wait because its run was dropped. The
    /// entry may be lost, and is ignored if it is not the run's next one. Does nothing by default.
    fn append_unacknowledged(&self, run_id: &str, entry: Entry) {
        let _ = (run_id, entry);
    }
}

/// Why a journal operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// There is no such run.
    #[error("the journal has no run '{run_id}'")]
    #[non_exhaustive]
    UnknownRun {
        /// The run's id.
        run_id: String,
    },
    /// The entry is not the run's next one.
    #[error(
        "entry {found} was appended to run '{run_id}' where entry {expected} comes next: another runner drives the run"
    )]
    #[non_exhaustive]
    Conflict {
        /// The run's id.
        run_id: String,
        /// The place of the run's next entry.
        expected: u64,
        /// The place of the entry that was to be appended.
        found: u64,
    },
    /// An entry cannot be read.
    #[error("an entry of run '{run_id}' cannot be read")]
    #[non_exhaustive]
    Unreadable {
        /// The run's id.
        run_id: String,
        /// Why.
        source: EntryError,
    },
    /// The storage failed.
    #[error("the journal's storage failed")]
    Storage(#[source] Box<dyn Error + Send + Sync>),
}

impl JournalError {
    /// There is no such run.
    pub fn unknown_run(run_id: impl Into<String>) -> Self {
        let run_id = run_id.into();
        Self::UnknownRun { run_id }
    }

    /// The entry at `found` is not the run's next one, which is at `expected`.
    pub fn conflict(run_id: impl Into<String>, expected: u64, found: u64) -> Self {
        Self::Conflict {
            run_id: run_id.into(),
            expected,
            found,
        }
    }

    /// An entry cannot be read.
    pub fn unreadable(run_id: impl Into<String>, source: EntryError) -> Self {
        let run_id = run_id.into();
        Self::Unreadable { run_id, source }
    }

    /// The storage failed.
    pub fn storage(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Storage(cause.into())
    }
}

/// Keeps nothing, so runs cannot be resumed. The default of a [`Runner`](crate::Runner).
#[derive(Clone, Copy, Debug, Default)]
pub struct NoJournal;

#[async_trait]
impl Journal for NoJournal {
    async fn append(&self, _run_id: &str, _entries: &[Entry]) -> Result<(), JournalError> {
        Ok(())
    }

    async fn read(&self, run_id: &str) -> Result<Vec<Entry>, JournalError> {
        Err(JournalError::unknown_run(run_id))
    }

    async fn unfinished(&self) -> Result<Vec<String>, JournalError> {
        Ok(Vec::new())
    }
}
