//! The writer, and single owner, of a journal.

mod append;
mod cursor;
mod durability;
mod reader;
mod retention;

pub use cursor::{Cursor, Found};
pub use reader::{Read, Reader, Record};
pub use retention::Pruned;

use crate::{
    AppendError, DurableError, OpenError, Options, Recovered, SyncError,
    folder::Folder,
    medium::{Disk, Medium},
    owner::{LOCK, Owner},
    recovery::{self, Active, Sealed},
    segment,
};
use durability::{Dirty, Durability};
use std::{
    collections::BTreeMap,
    fmt, io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The number of appends between checks whether the folder still exists.
const LOOK_EVERY: u64 = 256;

/// An append-only log in a folder of its own. Cheap to clone; clones write the same journal.
///
/// Calls block the thread while they write: asynchronous programs use `spawn_blocking` or a thread.
///
/// ```
/// use glassbox_journal::{Journal, Options, Read};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders");
///
/// let journal = Journal::open(&path, Options::new())?;
/// journal.append(1, b"survives the end of the process")?;
/// journal.append_durable(1, b"survives a power failure as well")?;
///
/// let cursor = journal.cursor("mailer")?;
/// let mut reader = journal.reader(cursor.position());
/// while let Some(read) = reader.next()? {
///     if let Read::Record(record) = read {
///         println!("{}: {} bytes", record.sequence(), record.payload().len());
///         cursor.acknowledge(record.sequence())?;
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    folder: Folder,
    options: Options,
    medium: Box<dyn Medium>,
    recovered: Recovered,
    state: Mutex<State>,
    durability: Durability,
    _owner: Owner,
}

/// The state that appending changes.
struct State {
    sealed: BTreeMap<u64, Sealed>,
    active: Option<Active>,
    /// The sequence of the next record.
    next: u64,
    /// The bytes of the record that is being written.
    scratch: Vec<u8>,
    /// The position of each cursor.
    cursors: BTreeMap<String, u64>,
    pruned: Vec<Pruned>,
    /// Whether the journal was removed, even if its folder is still there.
    is_removed: bool,
}

/// The part of a segment that a reader may read.
#[derive(Clone, Copy, Debug)]
struct Extent {
    first: u64,
    len: u64,
    /// Whether nothing is appended to it any more.
    is_sealed: bool,
}

impl Journal {
    /// Opens the journal in `path`. If there is none, creates it, readable by this user alone.
    ///
    /// # Errors
    /// Fails if it has an owner, is newer than this program, or its folder cannot be used. A link is never followed.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let folder = Folder::create(path).map_err(|source| OpenError::io(path, source))?;
        Self::within(folder, options, Box::new(Disk))
    }

    /// Opens a journal that exists, for example one whose owner has ended.
    ///
    /// # Errors
    /// Fails as [`open`](Self::open) does, and if there is none.
    pub fn open_existing(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let folder = Folder::open(path).map_err(|source| OpenError::io(path, source))?;
        Self::within(folder, options, Box::new(Disk))
    }

    /// Opens the journals below `parent` that have no owner, because the processes that wrote them have ended.
    ///
    /// A journal is a folder with a lock file. If two processes adopt at the same time, each journal goes
    /// to only one of them.
    ///
    /// # Errors
    /// Fails if `parent` cannot be read. A journal that cannot be opened is left out.
    ///
    /// # Bounds
    /// At most `most` journals are opened.
    pub fn adopt(
        parent: impl AsRef<Path>,
        options: &Options,
        most: usize,
    ) -> Result<Vec<Self>, OpenError> {
        let parent = parent.as_ref();
        let io = |source| OpenError::io(parent, source);
        let mut names = Folder::open(parent)
            .and_then(|folder| folder.names())
            .map_err(io)?;
        names.sort_unstable();
        let mut adopted = Vec::new();
        for name in names {
            if adopted.len() >= most {
                break;
            }
            let path = parent.join(&name);
            if matches!(&*name, "." | "..") || !path.join(LOCK).is_file() {
                continue;
            }
            // A journal that is owned or damaged is left to its owner, or for manual inspection.
            if let Ok(journal) = Self::open_existing(&path, options.clone()) {
                adopted.push(journal);
            }
        }
        Ok(adopted)
    }

    fn within(
        folder: Folder,
        options: Options,
        medium: Box<dyn Medium>,
    ) -> Result<Self, OpenError> {
        options.check()?;
        let checked = folder.check_mode();
        checked.map_err(|source| OpenError::io(folder.path(), source))?;
        let owner = Owner::take(&folder)?;
        let contents = recovery::recover(&folder, &*medium, &options)?;
        let io = |source| OpenError::io(folder.path(), source);
        let mut cursors = BTreeMap::new();
        for name in folder.names().map_err(io)? {
            if let Some(name) = cursor::name_of(&name) {
                let position = cursor::load(&folder, name).map_err(io)?;
                cursors.insert(name.to_owned(), position.unwrap_or(0));
            }
        }
        // A sequence that a cursor has passed is not used again, even if its record was lost.
        let passed = cursors.values().copied().max().unwrap_or(0);
        let next = contents.next.max(passed);
        let active = contents.active;
        let mut unsynced = Vec::new();
        let sealed = contents.sealed.keys().rev().take(durability::UNSYNCED);
        for &first in sealed.collect::<Vec<_>>().into_iter().rev() {
            let file = medium.open(&folder, &segment::name(first)).map_err(io)?;
            unsynced.push(Dirty { first, file });
        }
        unsynced.extend(active.as_ref().map(|active| Dirty {
            first: active.header.first,
            file: Arc::clone(&active.file),
        }));
        Ok(Self(Arc::new(Inner {
            recovered: contents.recovered,
            durability: Durability::new(contents.next, next, unsynced),
            state: Mutex::new(State {
                sealed: contents.sealed,
                active,
                next,
                scratch: Vec::new(),
                cursors,
                pruned: Vec::new(),
                is_removed: false,
            }),
            folder,
            options,
            medium,
            _owner: owner,
        })))
    }

    /// Returns what was found when the journal was opened.
    pub fn recovered(&self) -> Recovered {
        self.0.recovered
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        self.0.folder.path()
    }

    /// Returns the sequence of the next record, one more than that of the last.
    pub fn end(&self) -> u64 {
        self.0.end()
    }

    /// Returns the size in bytes of all segments together.
    pub fn bytes(&self) -> u64 {
        self.0.state().bytes()
    }

    /// Appends a record and returns its sequence. The caller chooses the meaning of `kind`.
    ///
    /// # Durability
    /// The record survives the end of this process, however it ends, but not a failure of the machine.
    ///
    /// # Errors
    /// Fails if the record is too large, the journal is full, or the write fails. The journal is then as it
    /// was before.
    ///
    /// # Bounds
    /// Limits are checked before anything is written: `max_record` bytes per record, `max_bytes` in total.
    pub fn append(&self, kind: u8, payload: &[u8]) -> Result<u64, AppendError> {
        let mut state = self.0.state();
        state.append(&self.0, kind, payload)
    }

    /// Appends a record, and returns once it is durable.
    ///
    /// # Durability
    /// The record, and all records before it that this process appended, survive a failure of the machine. Threads that wait at the same
    /// time share one `fsync`.
    ///
    /// # Errors
    /// Fails as [`append`](Self::append) does, and if the record was appended but could not be made durable.
    pub fn append_durable(&self, kind: u8, payload: &[u8]) -> Result<u64, DurableError> {
        let sequence = self.append(kind, payload)?;
        self.0.sync_to(sequence)?;
        Ok(sequence)
    }

    /// Makes all records that were appended so far durable.
    ///
    /// # Errors
    /// Fails if the system cannot write them. These records are never reported as durable later, because
    /// after a failed `fsync` the content of the disk is unknown. Later records go to a new segment. `Ok`
    /// does not cover records that an earlier call, by any thread, reported as failed.
    pub fn sync(&self) -> Result<(), SyncError> {
        match self.end().checked_sub(1) {
            Some(last) => self.0.sync_to(last),
            None => Ok(()),
        }
    }

    /// Returns a reader that begins at the record with this sequence, 0 for the oldest. It can read while
    /// the journal is written.
    pub fn reader(&self, from: u64) -> Reader {
        Reader::new(Arc::clone(&self.0), from)
    }

    /// Opens the cursor `name`. A new cursor begins at the oldest record.
    ///
    /// # Errors
    /// Fails if its file cannot be read, or if `name` has characters other than letters, digits, `-` and
    /// `_`, or more than 64 of them.
    pub fn cursor(&self, name: &str) -> io::Result<Cursor> {
        if !cursor::is_name(name) {
            let why = "a cursor's name has 1 to 64 letters, digits, '-' and '_'";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let (position, found) = match cursor::load(&self.0.folder, name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Saved at once, so that retention does not pass it after a restart either.
                let oldest = self.0.state().oldest();
                cursor::save(&self.0.folder, name, oldest)?;
                (oldest, Found::New)
            }
            Err(error) => return Err(error),
            Ok(None) => (0, Found::Damaged),
            Ok(Some(position)) => (position, Found::Kept),
        };
        let mut state = self.0.state();
        // After a power failure, the records that a cursor has passed may be lost: `next` was raised to its position.
        let is_ahead = position > self.0.recovered_end(&state);
        let found = match found {
            Found::Kept if is_ahead => Found::Ahead,
            found => found,
        };
        let position = position.max(state.oldest());
        state.cursors.insert(name.to_owned(), position);
        Ok(Cursor::new(
            Arc::clone(&self.0),
            name.to_owned(),
            position,
            found,
        ))
    }

    /// Removes the cursor `name`, so that retention no longer waits for it.
    ///
    /// # Errors
    /// Fails if its file cannot be removed.
    pub fn remove_cursor(&self, name: &str) -> io::Result<()> {
        self.0.state().cursors.remove(name);
        for file in cursor::files(name) {
            ignore_missing(self.0.folder.remove(&file))?;
        }
        Ok(())
    }

    /// Removes the journal with all its records and cursors. Other clones fail from here on.
    ///
    /// # Errors
    /// Fails if a file cannot be removed. A folder that contains other files stays.
    pub fn remove(self) -> io::Result<()> {
        let mut state = self.0.state();
        state.is_removed = true;
        let mut names: Vec<String> = self.0.folder.names()?;
        names.retain(|name| {
            let base = name.strip_suffix(".new").unwrap_or(name);
            segment::first_of(name).is_some() || cursor::name_of(base).is_some()
        });
        for name in names {
            ignore_missing(self.0.folder.remove(&name))?;
        }
        state.active = None;
        state.sealed.clear();
        // The lock goes last, so that no other process takes the journal while a part of it is left.
        ignore_missing(self.0.folder.remove(LOCK))?;
        match self.0.folder.remove_self() {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            removed => ignore_missing(removed),
        }
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("path", &self.path())
            .field("end", &self.end())
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) -> u64 {
        self.state().next
    }

    /// Returns the end of the records that exist.
    fn recovered_end(&self, state: &State) -> u64 {
        match state.next > self.durability.opened_at() {
            true => state.next,
            false => self.durability.records_end(),
        }
    }

    /// Notes that a cursor was saved.
    fn moved(&self, cursor: &str, position: u64) {
        if let Some(held) = self.state().cursors.get_mut(cursor) {
            *held = position;
        }
    }

    /// Returns the segment that contains `sequence`, or the next one after it, and the end of the journal.
    fn extent(&self, sequence: u64) -> (Option<Extent>, u64) {
        let state = self.state();
        let active = state.active.as_ref().map(|active| Extent {
            first: active.header.first,
            len: active.len,
            is_sealed: false,
        });
        let sealed = |(first, sealed): (&u64, &Sealed)| Extent {
            first: *first,
            len: sealed.len,
            is_sealed: true,
        };
        let extent = match active {
            Some(active) if active.first <= sequence => Some(active),
            active => (state.sealed.range(..=sequence).next_back())
                .or_else(|| state.sealed.range(sequence..).next())
                .map(sealed)
                .or(active),
        };
        (extent, state.next)
    }

    /// Returns the first segment after the one that begins at `first`.
    fn after(&self, first: u64) -> Option<u64> {
        let state = self.state();
        let later = state
            .sealed
            .range(first + 1..)
            .next()
            .map(|(first, _)| *first);
        later.or_else(|| {
            let active = state.active.as_ref()?;
            (active.header.first > first).then_some(active.header.first)
        })
    }
}

impl State {
    fn bytes(&self) -> u64 {
        let sealed: u64 = self.sealed.values().map(|sealed| sealed.len).sum();
        sealed + self.active.as_ref().map_or(0, |active| active.len)
    }

    /// Returns the sequence of the oldest record that may exist.
    fn oldest(&self) -> u64 {
        let sealed = self.sealed.keys().next().copied();
        let active = || self.active.as_ref().map(|active| active.header.first);
        sealed.or_else(active).unwrap_or(self.next)
    }
}

/// Treats the removal of a missing file as a success.
fn ignore_missing(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests;
