//! The journal in memory.

use super::{Journal, JournalError};
use crate::Entry;
use glassbox_core::async_trait;
use std::{
    collections::{BTreeMap, VecDeque},
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How many ended runs are kept by default.
const ENDED_RUNS: NonZeroUsize = NonZeroUsize::new(1_000).expect("invariant: not zero");

/// Keeps entries in memory. Runs survive a drop or an error, but not the end of the process.
///
/// # Bounds
/// Ended runs are kept up to a limit (1,000 by default); beyond it, the run that ended first is removed.
/// Runs that have not ended are always kept.
#[derive(Debug)]
pub struct MemoryJournal {
    ended_runs: NonZeroUsize,
    runs: Mutex<Runs>,
}

#[derive(Debug, Default)]
struct Runs {
    /// By id.
    entries: BTreeMap<String, Vec<Entry>>,
    /// The ids of the runs that have not ended, in the order of their start.
    unfinished: Vec<String>,
    /// The ids of the runs that have ended, in the order of their end.
    ended: VecDeque<String>,
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> Self {
        Self {
            ended_runs: ENDED_RUNS,
            runs: Mutex::default(),
        }
    }

    /// Sets how many ended runs are kept.
    #[must_use]
    pub fn with_ended_runs(mut self, runs: NonZeroUsize) -> Self {
        self.ended_runs = runs;
        self
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        // No code panics while holding the lock, and each statement leaves the vectors intact.
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append_now(&self, run_id: &str, entries: &[Entry]) -> Result<(), JournalError> {
        let mut runs = self.runs();
        let kept = runs.entries.get(run_id).map_or(0, Vec::len) as u64;
        for (entry, expected) in entries.iter().zip(kept..) {
            if entry.seq != expected {
                return Err(JournalError::conflict(run_id, expected, entry.seq));
            }
        }
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return Ok(());
        };
        let Runs {
            entries: all,
            unfinished,
            ended,
        } = &mut *runs;
        if first.seq == 0 {
            unfinished.push(run_id.to_owned());
        }
        let run = all.entry(run_id.to_owned()).or_default();
        run.extend_from_slice(entries);
        if last.kind.ends_run() {
            unfinished.retain(|id| id != run_id);
            ended.push_back(run_id.to_owned());
            while ended.len() > self.ended_runs.get() {
                if let Some(oldest) = ended.pop_front() {
                    all.remove(&oldest);
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(&self, run_id: &str, entries: &[Entry]) -> Result<(), JournalError> {
        self.append_now(run_id, entries)
    }

    async fn read(&self, run_id: &str) -> Result<Vec<Entry>, JournalError> {
        let runs = self.runs();
        let run = runs.entries.get(run_id);
        run.cloned()
            .ok_or_else(|| JournalError::unknown_run(run_id))
    }

    async fn unfinished(&self) -> Result<Vec<String>, JournalError> {
        Ok(self.runs().unfinished.clone())
    }

    fn append_unacknowledged(&self, run_id: &str, entry: Entry) {
        // The method has no result: a rejected entry is ignored, as the trait documents.
        drop(self.append_now(run_id, &[entry]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EntryKind, RunStarted, Workflow};
    use futures_util::FutureExt;
    use glassbox_core::DurableCx;
    use serde_json::{Map, Value};

    fn started(run_id: &str) -> EntryKind {
        EntryKind::RunStarted(Box::new(RunStarted {
            run_id: run_id.to_owned(),
            workflow: Workflow::new("w"),
            inputs: Map::new(),
            max_parallel: NonZeroUsize::MIN,
            cx: DurableCx::default(),
        }))
    }

    fn ended() -> EntryKind {
        let output = Value::Null;
        EntryKind::RunCompleted { output }
    }

    fn append(journal: &MemoryJournal, run_id: &str, seq: u64, kind: EntryKind) -> bool {
        let entries = [Entry::new(seq, 0, kind)];
        let appended = journal.append(run_id, &entries).now_or_never().unwrap();
        appended.is_ok()
    }

    fn unfinished(journal: &MemoryJournal) -> Vec<String> {
        journal.unfinished().now_or_never().unwrap().unwrap()
    }

    #[test]
    fn an_entry_that_is_not_the_next_one_is_refused() {
        let journal = MemoryJournal::new();
        assert!(!append(&journal, "a", 1, EntryKind::RunInterrupted));
        assert!(append(&journal, "a", 0, started("a")));
        assert!(!append(&journal, "a", 0, started("a")), "a second runner");
        assert!(append(&journal, "a", 1, EntryKind::RunInterrupted));
        journal.append_unacknowledged("a", Entry::new(9, 0, EntryKind::RunInterrupted));
        let read = journal.read("a").now_or_never().unwrap().unwrap();
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn a_batch_is_appended_in_whole_or_not_at_all() {
        let journal = MemoryJournal::new();
        let batch = [Entry::new(0, 0, started("a")), Entry::new(2, 0, ended())];
        assert!(journal.append("a", &batch).now_or_never().unwrap().is_err());
        assert!(journal.read("a").now_or_never().unwrap().is_err());
    }

    #[test]
    fn the_run_that_ended_first_makes_room_for_the_next() {
        let journal = MemoryJournal::new().with_ended_runs(NonZeroUsize::MIN);
        for run_id in ["a", "b", "c"] {
            assert!(append(&journal, run_id, 0, started(run_id)));
        }
        assert_eq!(unfinished(&journal), ["a", "b", "c"]);
        assert!(append(&journal, "b", 1, ended()));
        assert!(append(&journal, "a", 1, ended()));
        assert_eq!(unfinished(&journal), ["c"]);
        let kept = |run_id| journal.read(run_id).now_or_never().unwrap().is_ok();
        assert!(kept("a") && !kept("b") && kept("c"));
    }
}
