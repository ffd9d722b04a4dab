//! The store of one folder: opened, appended to, closed.

mod loading;
mod syncer;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use glassbox_journal::Folder;
use glassbox_otlp::{Batch, Signal};
use thiserror::Error;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::frame::{self, Frame, slot};
use crate::index::{self, Room, RowError};
use crate::medium::{Disk, Medium};
use crate::names::Names;
use crate::retention::Retention;
use crate::rows::Rows;
use crate::view::{Shown, View};
use crate::writer::{WriteError, Writer};
use loading::load;
use syncer::Syncer;

/// Delay from a write to its sync; the rest of the 200 ms is for the sync itself.
const SYNC_AFTER: Duration = Duration::from_millis(100);

/// The room for a request that is read concurrently with others.
const SMALL: Room = Room {
    records: 1 << 14,
    names: 1 << 20,
};

/// Why the store could not be opened.
#[derive(Debug, Error)]
#[error("the store in {} cannot be read", directory.display())]
#[non_exhaustive]
pub struct OpenError {
    /// The folder.
    pub directory: PathBuf,
    /// The cause.
    pub source: io::Error,
}

/// Why a batch was not stored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The request is larger than the store.
    #[error("the request needs {bytes} bytes on disk, the store is limited to {max_bytes}")]
    TooLarge {
        /// Size of the request on disk.
        bytes: u64,
        /// Limit of the store.
        max_bytes: u64,
    },
    /// The request has more records than one request may have.
    #[error(
        "the request has more than {max_records} records, the limit of one request; send smaller \
         batches, or raise the limit of stored records, of which it is a quarter"
    )]
    TooMany {
        /// Limit of one request.
        max_records: u64,
    },
    /// The names of services, spans or metrics in the request are too long.
    #[error(
        "the names of services, spans and metrics in the request have more than {max_bytes} bytes in \
         all; send smaller batches"
    )]
    NamesTooLong {
        /// Limit of one request.
        max_bytes: u64,
    },
    /// The bytes are not an OTLP request.
    #[error("the request is not valid OTLP protobuf")]
    Malformed,
    /// The disk is full or failing. Nothing of the batch was stored.
    #[error("the store cannot write")]
    Write(#[source] io::Error),
    /// The folder was deleted, moved or replaced while the store was open. Nothing of the batch was
    /// stored, nothing is created in its place, and every later batch is refused as well.
    #[error("{}", Vanished(directory))]
    Vanished {
        /// The folder.
        directory: PathBuf,
    },
    /// The store has been shut down.
    #[error("the store is shut down")]
    Closed,
}

/// The message about a store whose folder no longer exists.
struct Vanished<'a>(&'a Path);

impl std::fmt::Display for Vanished<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.0.display();
        write!(
            f,
            "the folder {path} was deleted, moved or replaced while it was in use, so nothing can be \
             stored; restart the program"
        )
    }
}

/// The store of one data folder.
#[derive(Debug)]
pub struct SegmentStore {
    inner: Arc<Inner>,
    syncer: Syncer,
}

#[derive(Debug)]
struct Inner {
    folder: Arc<Folder>,
    retention: Retention,
    clock: Clock,
    names: Names,
    writer: Mutex<Option<Writer>>,
    shown: Arc<Shown>,
    /// The number after the last log record, for followers of the log.
    newest_log: watch::Sender<u64>,
    recovered: Vec<String>,
    /// Held while a large request is read: one at a time.
    large: Mutex<()>,
}

impl SegmentStore {
    /// Opens the store in `directory`, creating it if it is missing, and reads its index back.
    ///
    /// Blocks. A file that is no segment, such as a link, stays as it is and is reported by
    /// [`recovered`](Self::recovered).
    ///
    /// # Errors
    /// Fails if another store has the folder open, whatever path it uses; if the folder is a link or
    /// belongs to another user; if a file cannot be read or was written by a later version.
    pub fn open(directory: &Path, retention: Retention, clock: Clock) -> Result<Self, OpenError> {
        Self::open_on(directory, retention, clock, Arc::new(Disk))
    }

    fn open_on(
        directory: &Path,
        retention: Retention,
        clock: Clock,
        medium: Arc<dyn Medium>,
    ) -> Result<Self, OpenError> {
        let failed = |source| OpenError {
            directory: directory.to_owned(),
            source,
        };
        let names = Names::default();
        let loaded = load(directory, retention.clone(), clock(), medium, &names).map_err(failed)?;
        let writer = loaded.writer;
        let newest_log = watch::Sender::new(writer.sequences[slot(Signal::Logs)]);
        let inner = Arc::new(Inner {
            folder: Arc::clone(&writer.folder),
            retention,
            clock,
            names,
            shown: Arc::clone(&writer.shown),
            writer: Mutex::new(Some(writer)),
            newest_log,
            recovered: loaded.notes,
            large: Mutex::default(),
        });
        let syncer = Syncer::start(Arc::clone(&inner)).map_err(failed)?;
        Ok(Self { inner, syncer })
    }

    /// Stores `batch`. Blocks while it compresses and writes.
    ///
    /// # Errors
    /// Fails if the batch does not fit, cannot be written, or the store is closed. Nothing of it is
    /// stored then.
    pub fn append(&self, batch: &Batch) -> Result<(), AppendError> {
        let result = self.try_append(batch);
        if result.is_err() {
            // Do not keep the names of a rejected batch.
            self.inner.names.sweep();
        }
        result
    }

    fn try_append(&self, batch: &Batch) -> Result<(), AppendError> {
        let (signal, now) = (batch.signal(), (self.inner.clock)());
        let encoded;
        let mut bytes = batch.bytes();
        let rows = match self.rows(signal, bytes, now) {
            Ok(rows) => rows,
            // The decoder accepts groups, the walker does not: store the re-encoded message.
            Err(RowError::Malformed) => {
                encoded = Batch::new(batch.request().clone());
                bytes = encoded.bytes();
                self.rows(signal, bytes, now)
                    .map_err(|error| self.refused(error))?
            }
            Err(error) => return Err(self.refused(error)),
        };
        let mut frame = Frame::pack(signal, bytes, rows.len(), rows.time_range(), now)
            .ok_or(AppendError::Malformed)?;
        let (bytes, max_bytes) = (frame.len(), self.inner.retention.max_bytes);
        if bytes + frame::SegmentHeader::LEN as u64 > max_bytes {
            return Err(AppendError::TooLarge { bytes, max_bytes });
        }
        self.inner
            .change(|writer| writer.append(&mut frame, rows, now))?;
        self.syncer.wake();
        Ok(())
    }

    /// Reads the rows of a request. Large requests are read one at a time, so that several of them do not
    /// take more memory than the index may have.
    fn rows(&self, signal: Signal, bytes: &[u8], now: u64) -> Result<Rows, RowError> {
        let retention = &self.inner.retention;
        let all = Room {
            records: retention.request_records(),
            names: retention.request_names(),
        };
        let small = Room {
            records: all.records.min(SMALL.records),
            names: all.names.min(SMALL.names),
        };
        let read = |room| index::rows(signal, bytes, now, &self.inner.names, room);
        match read(small) {
            Err(RowError::TooMany | RowError::TooLong) => {
                self.inner.names.sweep();
                let turn = self.inner.large.lock();
                let _turn = turn.unwrap_or_else(PoisonError::into_inner);
                read(all)
            }
            read => read,
        }
    }

    fn refused(&self, error: RowError) -> AppendError {
        let retention = &self.inner.retention;
        match error {
            RowError::Malformed => AppendError::Malformed,
            RowError::TooMany => AppendError::TooMany {
                max_records: retention.request_records(),
            },
            RowError::TooLong => AppendError::NamesTooLong {
                max_bytes: retention.request_names(),
            },
        }
    }

    /// Returns what is stored now, unaffected by later appends and evictions.
    #[must_use]
    pub fn view(&self) -> View {
        self.inner.shown.read(View::clone)
    }

    /// Subscribes to the sequence number after the newest log record.
    #[must_use]
    pub fn follow_logs(&self) -> watch::Receiver<u64> {
        self.inner.newest_log.subscribe()
    }

    /// Returns the folder of the segments.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.inner.folder.path()
    }

    /// Returns the limit in bytes.
    #[must_use]
    pub fn max_bytes(&self) -> u64 {
        self.inner.retention.max_bytes
    }

    /// Returns what could not be read back when the store was opened, one sentence each.
    #[must_use]
    pub fn recovered(&self) -> &[String] {
        &self.inner.recovered
    }

    /// Returns why nothing can be stored; `None` if there is no problem.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let folder = &self.inner.folder;
        (!folder.is_there()).then(|| Vanished(folder.path()).to_string())
    }

    /// Syncs and closes the store, which can then be opened again. Later appends fail; queries still
    /// work.
    ///
    /// # Errors
    /// Fails if the newest segment cannot be synced; a power cut may then lose its end.
    pub fn close(&self) -> io::Result<()> {
        self.syncer.stop();
        let Some(mut writer) = self.inner.lock().take() else {
            return Ok(());
        };
        let closed = writer.close_active();
        // Queries may hold the store for longer than its owner.
        self.inner.folder.unlock()?;
        closed
    }
}

impl Drop for SegmentStore {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(
                exception.message = %error,
                "the store could not be synced; a power cut may lose its end"
            );
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Option<Writer>> {
        // A panic while appending leaves at most a frame that is not in the view.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the store by `act` and publishes the result to queries.
    fn change<E: Into<WriteError>>(
        &self,
        act: impl FnOnce(&mut Writer) -> Result<(), E>,
    ) -> Result<(), AppendError> {
        let mut guard = self.lock();
        let writer = guard.as_mut().ok_or(AppendError::Closed)?;
        let pruned = self.shown.read(|view| view.pruned.segments);
        let result = act(writer);
        let newest_log = writer.sequences[slot(Signal::Logs)];
        drop(guard);
        let evicted = self.shown.read(|view| view.pruned.segments) != pruned;
        if evicted {
            self.names.sweep();
        }
        self.newest_log.send_if_modified(|newest| {
            let changed = *newest != newest_log;
            *newest = (*newest).max(newest_log);
            changed
        });
        result.map_err(|error| match error.into() {
            WriteError::Io(error) => AppendError::Write(error),
            WriteError::Vanished => AppendError::Vanished {
                directory: self.folder.path().to_owned(),
            },
        })
    }
}
