//! The store of one folder: opened, appended to, closed.

mod syncer;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use glassbox_otlp::wire::Malformed;
use glassbox_otlp::{Batch, Signal};
use thiserror::Error;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::frame::{self, Frame, slot};
use crate::gate::Gate;
use crate::index;
use crate::medium::{Disk, Medium};
use crate::names::Names;
use crate::pruned::Pruned;
use crate::recovery;
use crate::retention::Retention;
use crate::segment;
use crate::view::{Shown, View};
use crate::writer::{self, Writer};
use syncer::Syncer;

/// Delay from a write to its sync; the rest of the 200 ms is for the sync itself.
const SYNC_AFTER: Duration = Duration::from_millis(100);

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
    /// The bytes are not an OTLP request.
    #[error("the request is not valid OTLP protobuf")]
    Malformed,
    /// The disk is full or failing. Nothing of the batch was stored.
    #[error("the store cannot write")]
    Write(#[source] io::Error),
    /// The store has been shut down.
    #[error("the store is shut down")]
    Closed,
}

/// The store of one data folder.
#[derive(Debug)]
pub struct SegmentStore {
    inner: Arc<Inner>,
    syncer: Syncer,
}

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    retention: Retention,
    clock: Clock,
    names: Names,
    writer: Mutex<Option<Writer>>,
    shown: Arc<Shown>,
    /// The number after the last log record, for followers of the log.
    newest_log: watch::Sender<u64>,
    recovered: Vec<String>,
}

impl SegmentStore {
    /// Opens the store in `directory`, creating it if it is missing, and reads its index back.
    ///
    /// Blocks. The caller must ensure that a folder has only one open store.
    ///
    /// # Errors
    /// Fails if a file cannot be read or was written by a later version.
    pub fn open(directory: &Path, retention: Retention, clock: Clock) -> Result<Self, OpenError> {
        Self::open_on(directory, retention, clock, Arc::new(Disk))
    }

    fn open_on(
        directory: &Path,
        retention: Retention,
        clock: Clock,
        medium: Arc<dyn Medium>,
    ) -> Result<Self, OpenError> {
        let names = Names::default();
        let (writer, recovered) = load(directory, retention.clone(), clock(), medium, &names)
            .map_err(|source| OpenError {
                directory: directory.to_owned(),
                source,
            })?;
        let shown = Arc::clone(&writer.shown);
        let newest_log = watch::Sender::new(writer.sequences[slot(Signal::Logs)]);
        let inner = Arc::new(Inner {
            directory: directory.to_owned(),
            retention,
            clock,
            names,
            writer: Mutex::new(Some(writer)),
            shown,
            newest_log,
            recovered,
        });
        let syncer = Syncer::start(Arc::clone(&inner)).map_err(|source| OpenError {
            directory: directory.to_owned(),
            source,
        })?;
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
            // A refused batch must not leave its names behind.
            self.inner.names.sweep();
        }
        result
    }

    fn try_append(&self, batch: &Batch) -> Result<(), AppendError> {
        let (signal, now) = (batch.signal(), (self.inner.clock)());
        let encoded;
        let mut bytes = batch.bytes();
        let rows = match index::rows(signal, bytes, now, &self.inner.names) {
            Ok(rows) => rows,
            // The decoder accepts groups, the walker does not: store the re-encoded message.
            Err(Malformed) => {
                encoded = Batch::new(batch.request().clone());
                bytes = encoded.bytes();
                index::rows(signal, bytes, now, &self.inner.names)
                    .map_err(|_| AppendError::Malformed)?
            }
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
        &self.inner.directory
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

    /// Syncs and closes the store. Later appends fail; queries still work.
    ///
    /// # Errors
    /// Fails if the newest segment cannot be synced; a power cut may then lose its end.
    pub fn close(&self) -> io::Result<()> {
        self.syncer.stop();
        match self.inner.lock().take() {
            Some(mut writer) => writer.close_active(),
            None => Ok(()),
        }
    }
}

impl Drop for SegmentStore {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "the store could not be synced; a power cut may lose its end");
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Option<Writer>> {
        // A panic while appending leaves at most a frame that is not in the view.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the store by `act` and publishes the result to queries.
    fn change(&self, act: impl FnOnce(&mut Writer) -> io::Result<()>) -> Result<(), AppendError> {
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
        result.map_err(AppendError::Write)
    }
}

/// Reads every segment of `directory`; also returns what could not be read.
fn load(
    directory: &Path,
    retention: Retention,
    now: u64,
    medium: Arc<dyn Medium>,
    names: &Names,
) -> io::Result<(Writer, Vec<String>)> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let pruned = Pruned::load(directory)?;
    let mut files: Vec<(u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        files.extend(segment::id_of(&path).map(|id| (id, path)));
    }
    files.sort_unstable();
    let reads = Gate::new(segment::READ_BYTES);
    let (mut segments, mut losses) = (Vec::new(), Vec::new());
    let mut sequences = pruned.sequences.map(|sequence| sequence.max(1));
    let mut next_segment = pruned.last_segment.map_or(1, |last| last + 1);
    for (id, path) in files {
        if pruned.last_segment.is_some_and(|last| id <= last) {
            // Retention had evicted it before the process ended.
            writer::remove(&path);
            continue;
        }
        next_segment = next_segment.max(id + 1);
        let recovered = recovery::recover(id, path.clone(), names, &reads)?;
        for (sequence, found) in sequences.iter_mut().zip(recovered.sequences) {
            *sequence = (*sequence).max(found);
        }
        for damage in &recovered.damage {
            losses.push(damage.describe());
        }
        if recovered.view.blocks.is_empty() {
            writer::remove(&path);
        } else {
            segments.push(recovered.view);
        }
    }
    // Continue in the last segment, or every start would add a file.
    let active = match segments.last() {
        Some(last) if last.segment.header.created != 0 && !retention.is_full(last, 0, now) => {
            Some(medium.open(&last.segment.path)?)
        }
        _ => None,
    };
    let shown = Arc::new(Shown::new(View { segments, pruned }));
    let directory = directory.to_owned();
    let writer = Writer {
        directory,
        retention,
        medium,
        reads,
        shown,
        active,
        sequences,
        next_segment,
    };
    Ok((writer, losses))
}
