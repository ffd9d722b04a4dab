//! Group commit: threads that wait for durability share one `fsync`.

use super::Inner;
use crate::{SyncError, medium::SegmentFile, recovery::Active};
use std::{
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// How many ranges of doubtful records are kept apart; beyond that, ranges are merged.
const RANGES: usize = 64;
/// How many files are held open because they are not durable.
const FILES: usize = 8;
/// How many segments a killed writer may have left that are not durable: those, and one that it was about
/// to make durable.
pub(super) const UNSYNCED: usize = FILES + 1;

pub(super) struct Durability {
    state: Mutex<State>,
    changed: Condvar,
    /// The sequence at which this process began to append.
    opened_at: u64,
    /// The end of the records that existed at that time.
    records_end: u64,
}

struct State {
    /// Files with records that are not durable yet.
    dirty: Vec<Dirty>,
    /// Records before this one are durable, those in `doubtful` aside.
    durable: u64,
    /// Ranges of records, end exclusive, that a failed `fsync` left in doubt.
    doubtful: Vec<(u64, u64)>,
    /// Whether a thread is writing to the disk.
    is_busy: bool,
}

#[derive(Clone)]
pub(super) struct Dirty {
    pub(super) first: u64,
    pub(super) file: Arc<dyn SegmentFile>,
}

impl Durability {
    /// `unsynced` are the newest segments, in order. They are not known to be durable: their writer may have been
    /// killed.
    pub(super) fn new(records_end: u64, next: u64, unsynced: Vec<Dirty>) -> Self {
        Self {
            state: Mutex::new(State {
                durable: unsynced.first().map_or(next, |oldest| oldest.first),
                dirty: unsynced,
                doubtful: Vec::new(),
                is_busy: false,
            }),
            changed: Condvar::new(),
            opened_at: next,
            records_end,
        }
    }

    pub(super) fn opened_at(&self) -> u64 {
        self.opened_at
    }

    pub(super) fn records_end(&self) -> u64 {
        self.records_end
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a segment was removed: the system frees its room once no handle to its file is open.
    pub(super) fn removed(&self, first: u64) {
        self.state().dirty.retain(|held| held.first != first);
    }

    /// Notes that a segment has its first record.
    ///
    /// # Bounds
    /// At most eight files are held for a later sync, two more after opening; beyond that the oldest is made durable
    /// at once.
    pub(super) fn began(&self, active: &Active) {
        let mut state = self.state();
        state.dirty.push(Dirty {
            first: active.header.first,
            file: Arc::clone(&active.file),
        });
        while state.dirty.len() > FILES {
            let oldest = state.dirty.remove(0);
            let next = state.dirty[0].first;
            // The failure is reported to callers that ask for these records to be durable.
            if oldest.file.sync().is_err() {
                state.doubt(oldest.first, next);
            }
        }
    }
}

impl Inner {
    /// Returns once the record is durable.
    pub(super) fn sync_to(&self, sequence: u64) -> Result<(), SyncError> {
        let mut state = self.durability.state();
        loop {
            if let Some((first, next)) = state.doubtful(sequence) {
                return Err(SyncError::Failed {
                    first,
                    last: next - 1,
                    source: None,
                });
            }
            if state.durable > sequence {
                return Ok(());
            }
            if !state.is_busy {
                break;
            }
            state = (self.durability.changed.wait(state)).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_busy = true;
        let from = state.durable;
        drop(state);

        // Taken before the list of files, so that each record before `next` is in one of them.
        let next = self.end();
        let dirty = self.durability.state().dirty.clone();
        let newest = dirty.last().map(|dirty| dirty.first);
        let result = match self.write_back(&dirty) {
            Ok(()) => {
                let mut state = self.durability.state();
                state.durable = state.durable.max(next);
                // The newest file may get more records.
                state.dirty.retain(|held| Some(held.first) >= newest);
                state.is_busy = false;
                Ok(())
            }
            Err(error) => {
                // Block appends from here on, so that every record in the files that failed is before
                // `next`, including those that were appended during the sync.
                let mut appending = self.state();
                if let Some(active) = &mut appending.active {
                    active.is_doubtful = true;
                }
                let next = appending.next;
                // The content of the disk is unknown now, and a second `fsync` would report success.
                let mut state = self.durability.state();
                state.doubt(from, next);
                state.durable = state.durable.max(next);
                state.dirty.clear();
                state.is_busy = false;
                Err(error.describe(self, from, next))
            }
        };
        self.durability.changed.notify_all();
        result
    }

    fn write_back(&self, dirty: &[Dirty]) -> Result<(), Failure> {
        for dirty in dirty {
            dirty.file.sync().map_err(Failure::Io)?;
        }
        // A segment that was pruned has no name, but the newest one must have one.
        let is_linked = dirty.last().is_none_or(|newest| newest.file.is_linked());
        match is_linked && self.folder.is_there() {
            true => Ok(()),
            false => Err(Failure::Vanished),
        }
    }
}

enum Failure {
    Io(io::Error),
    Vanished,
}

impl Failure {
    fn describe(self, inner: &Inner, from: u64, next: u64) -> SyncError {
        match self {
            Self::Vanished => SyncError::Vanished {
                path: inner.folder.path().to_owned(),
            },
            Self::Io(source) => SyncError::Failed {
                first: from,
                last: next.saturating_sub(1),
                source: Some(source),
            },
        }
    }
}

impl State {
    fn doubtful(&self, sequence: u64) -> Option<(u64, u64)> {
        let mut ranges = self.doubtful.iter().copied();
        ranges.find(|(first, next)| (*first..*next).contains(&sequence))
    }

    fn doubt(&mut self, first: u64, next: u64) {
        match self.doubtful.last_mut() {
            Some(last) if last.1 == first => last.1 = next,
            _ => self.doubtful.push((first, next)),
        }
        if self.doubtful.len() > RANGES {
            let (first, _) = self.doubtful.remove(0);
            // This also marks the durable records between the two as doubtful, which is cautious and bounded.
            self.doubtful[0].0 = first;
        }
    }
}
