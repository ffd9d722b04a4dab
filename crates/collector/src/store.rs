//! The segment store: keeps the OTLP bytes as received, finds them by an index in memory.
//!
//! A request becomes one frame of the newest segment file and is acknowledged after the write
//! returned, so it survives the death of the process at once. A thread syncs what was written
//! [`SYNC_AFTER`] later, so that what is acknowledged is on disk within 200 ms: a power cut may
//! cost the last 200 ms, a `SIGKILL` costs nothing. Retention unlinks whole segments.

mod attributes;
mod columns;
mod frame;
mod index;
mod medium;
mod names;
mod predicate;
mod pruned;
mod recovery;
mod retention;
mod rows;
mod scan;
mod segment;
mod syncer;
#[cfg(test)]
mod tests;
mod view;
mod writer;

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

pub(crate) use attributes::{Count, Mark};
pub(crate) use columns::{LogColumns, Metric, PointColumns, Source, SpanColumns};
pub(crate) use predicate::Predicate;
pub(crate) use pruned::Pruned;
pub(crate) use retention::Retention;
pub(crate) use scan::{Hit, Text, fetch};
pub(crate) use segment::Records;
pub(crate) use view::View;

use crate::clock;
use frame::{Frame, slot};
use medium::{Disk, Medium};
use names::Names;
use syncer::Syncer;
use view::Shown;
use writer::Writer;

/// How long after a write its sync begins; the rest of the 200 ms is for the sync itself.
pub(crate) const SYNC_AFTER: Duration = Duration::from_millis(100);

/// Why the store could not be opened.
#[derive(Debug, Error)]
#[error("could not read the store in {directory}")]
pub(crate) struct OpenError {
    pub(crate) directory: PathBuf,
    pub(crate) source: io::Error,
}

/// Why a batch was not stored.
#[derive(Debug, Error)]
pub(crate) enum AppendError {
    /// No write could make it fit.
    #[error("the request takes {bytes} bytes on disk, the whole store may take {max_bytes}")]
    TooLarge { bytes: u64, max_bytes: u64 },
    /// The bytes are no OTLP request.
    #[error("the request is not valid OTLP protobuf")]
    Malformed,
    /// The disk is full or failing; nothing of the batch was kept.
    #[error("the store cannot write")]
    Write(#[source] io::Error),
    /// The store has been shut down.
    #[error("the store is shut down")]
    Closed,
}

/// The store of one data folder.
#[derive(Debug)]
pub(crate) struct SegmentStore {
    inner: Arc<Inner>,
    syncer: Syncer,
}

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    retention: Retention,
    names: Names,
    writer: Mutex<Option<Writer>>,
    shown: Arc<Shown>,
    /// The number behind the last log record, for whoever follows the log.
    newest_log: watch::Sender<u64>,
    recovered: Vec<String>,
}

impl SegmentStore {
    /// Opens the store in `directory` and reads its index back.
    pub(crate) fn open(directory: &Path, retention: Retention) -> Result<Self, OpenError> {
        Self::open_on(directory, retention, Arc::new(Disk))
    }

    fn open_on(
        directory: &Path,
        retention: Retention,
        medium: Arc<dyn Medium>,
    ) -> Result<Self, OpenError> {
        let names = Names::default();
        let (writer, recovered) =
            load(directory, retention.clone(), medium, &names).map_err(|source| OpenError {
                directory: directory.to_owned(),
                source,
            })?;
        let shown = Arc::clone(&writer.shown);
        let newest_log = watch::Sender::new(writer.sequences[slot(Signal::Logs)]);
        let inner = Arc::new(Inner {
            directory: directory.to_owned(),
            retention,
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

    /// Stores `batch`; blocks for the compression and the write.
    ///
    /// # Errors
    /// Nothing of the batch is kept when this fails.
    pub(crate) fn append(&self, batch: &Batch) -> Result<(), AppendError> {
        let result = self.try_append(batch);
        if result.is_err() {
            // What is refused again and again must not leave its names behind.
            self.inner.names.sweep();
        }
        result
    }

    fn try_append(&self, batch: &Batch) -> Result<(), AppendError> {
        let (signal, now) = (batch.signal(), clock::unix_nanos());
        let encoded;
        let mut bytes = batch.bytes();
        let rows = match index::rows(signal, bytes, now, &self.inner.names) {
            Ok(rows) => rows,
            // The decoder takes forms that the walk does not (groups): store what it understood.
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

    /// Returns what is stored now; later appends and evictions do not touch it.
    pub(crate) fn view(&self) -> View {
        self.inner.shown.read(View::clone)
    }

    /// Follows the number behind the newest log record.
    pub(crate) fn follow_logs(&self) -> watch::Receiver<u64> {
        self.inner.newest_log.subscribe()
    }

    /// Returns the folder of the segments.
    pub(crate) fn directory(&self) -> &Path {
        &self.inner.directory
    }

    /// Returns the cap on bytes.
    pub(crate) fn max_bytes(&self) -> u64 {
        self.inner.retention.max_bytes
    }

    /// Returns what the last opening could not read back, one sentence each.
    pub(crate) fn recovered(&self) -> &[String] {
        &self.inner.recovered
    }

    /// Syncs and closes the store; appends fail from now on, queries go on.
    pub(crate) fn close(&self) -> io::Result<()> {
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
            tracing::error!(%error, "the store could not be synced: a power cut may lose its end");
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Option<Writer>> {
        // A panic while appending leaves at most a frame that the view does not know.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `act` change the store and shows the result to queries.
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

/// Reads every segment of `directory` and says what could not be read.
fn load(
    directory: &Path,
    retention: Retention,
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
    let (mut segments, mut losses) = (Vec::new(), Vec::new());
    let mut sequences = pruned.sequences.map(|sequence| sequence.max(1));
    let mut next_segment = pruned.last_segment.map_or(1, |last| last + 1);
    for (id, path) in files {
        if pruned.last_segment.is_some_and(|last| id <= last) {
            // Retention had decided this before the process ended.
            writer::remove(&path);
            continue;
        }
        next_segment = next_segment.max(id + 1);
        let recovered = recovery::recover(id, path.clone(), names)?;
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
    // A restart goes on in the last segment, or each start would leave a file behind.
    let active = match segments.last() {
        Some(last)
            if last.segment.header.created != 0
                && !retention.is_full(last, 0, clock::unix_nanos()) =>
        {
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
        shown,
        active,
        sequences,
        next_segment,
    };
    Ok((writer, losses))
}
