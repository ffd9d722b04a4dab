//! The only code that changes the store: assigns numbers, writes, starts segments and evicts them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::frame::{Frame, FrameHeader, SegmentHeader, Sequences, slot};
use crate::gate::Gate;
use crate::medium::{Appender, Medium};
use crate::pruned::Pruned;
use crate::retention::Retention;
use crate::rows::Rows;
use crate::segment::{Block, Segment, SegmentView, file_name};
use crate::view::{Shown, View};

/// The state that appending changes; the store keeps it behind one lock.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) directory: PathBuf,
    pub(crate) retention: Retention,
    pub(crate) medium: Arc<dyn Medium>,
    pub(crate) reads: Arc<Gate>,
    /// What queries see. Only the writer changes it, and locks it only for the change.
    pub(crate) shown: Arc<Shown>,
    /// The file of the newest segment, while it is open for writing.
    pub(crate) active: Option<Arc<dyn Appender>>,
    pub(crate) sequences: Sequences,
    pub(crate) next_segment: u64,
}

impl Writer {
    /// Writes `frame` and shows its block; nothing is shown unless every byte was written.
    pub(crate) fn append(&mut self, frame: &mut Frame, rows: Rows, now: u64) -> io::Result<()> {
        let (len, records) = (frame.len(), rows.len() as u64);
        self.make_room(len, records, now)?;
        let active = self.open_active(now)?;
        let signal = frame.header().signal;
        let end = self
            .shown
            .read(|view| view.segments.last().map_or(0, |last| last.bytes));
        let (header, bytes) = frame.number(self.sequences[slot(signal)]);
        if let Err(error) = active.append(bytes) {
            // A partial frame must not precede the next one. If truncating fails as well, the
            // segment is closed, and recovery skips the partial frame at its end.
            if active.truncate(end).is_err() {
                self.active = None;
            }
            return Err(error);
        }
        let block = Block::new(header, end + FrameHeader::LEN as u64, rows);
        self.shown.change(|view| {
            if let Some(last) = view.segments.last_mut() {
                last.push(block, len);
            }
        });
        self.sequences[slot(signal)] += records;
        Ok(())
    }

    /// Closes the active segment if it is full and evicts what exceeds the limits.
    pub(crate) fn make_room(&mut self, frame: u64, records: u64, now: u64) -> io::Result<()> {
        let is_full = |view: &View| {
            let last = view.segments.last();
            last.is_some_and(|last| self.retention.is_full(last, frame, now))
        };
        if self.active.is_some() && self.shown.read(is_full) {
            self.close_active()?;
        }
        // A new segment needs room for its header as well.
        let header = if self.active.is_none() {
            SegmentHeader::LEN as u64
        } else {
            0
        };
        let (excess, newest_too) = self.shown.read(|view| {
            let segments = &view.segments;
            let excess = self
                .retention
                .excess(segments, frame + header, records, now);
            let bytes: u64 = segments
                .iter()
                .skip(excess)
                .map(|segment| segment.bytes)
                .sum();
            // If only the newest segment is left and there is still no room, it is evicted too.
            let newest_too = frame > 0
                && excess + 1 == segments.len()
                && bytes + frame + header > self.retention.max_bytes;
            (excess, newest_too)
        });
        let excess = excess + usize::from(newest_too);
        if self.shown.read(|view| excess == view.segments.len()) {
            self.close_active()?;
        }
        self.evict(excess)
    }

    /// Syncs and closes the segment being written, if any.
    pub(crate) fn close_active(&mut self) -> io::Result<()> {
        if let Some(active) = self.active.take() {
            active.sync()?;
        }
        Ok(())
    }

    fn open_active(&mut self, now: u64) -> io::Result<Arc<dyn Appender>> {
        if let Some(active) = &self.active {
            return Ok(Arc::clone(active));
        }
        let id = self.next_segment;
        let path = self.directory.join(file_name(id));
        let header = SegmentHeader {
            created: now,
            sequences: self.sequences,
        };
        let active = self.medium.open(&path)?;
        let opened = active
            .append(&header.encode())
            .and_then(|()| Segment::open(id, path.clone(), header, &self.reads))
            .and_then(|segment| sync_directory(&self.directory).map(|()| segment));
        match opened {
            Ok(segment) => {
                self.shown
                    .change(|view| view.segments.push(SegmentView::empty(segment)));
                self.next_segment += 1;
                self.active = Some(Arc::clone(&active));
                Ok(active)
            }
            Err(error) => {
                // The file is empty. If it stays, the next start removes it.
                drop(fs::remove_file(&path));
                Err(error)
            }
        }
    }

    /// Removes the `count` oldest segments, after recording that in the account.
    fn evict(&mut self, count: usize) -> io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        let (earlier, pruned) = self.shown.read(|view| {
            let gone = view.segments.iter().take(count);
            (
                view.pruned.clone(),
                gone.fold(view.pruned.clone(), |sum, next| sum.with(next)),
            )
        });
        // On a full disk the account may fit only after something was removed.
        let saved = pruned.save(&self.directory).is_ok();
        let records = |of: &Pruned| of.spans + of.log_records + of.data_points;
        tracing::info!(
            segments = count,
            bytes = pruned.bytes - earlier.bytes,
            records = records(&pruned) - records(&earlier),
            "pruned the oldest telemetry to stay within the store's limits",
        );
        let gone: Vec<SegmentView> = self.shown.change(|view| {
            view.pruned = pruned.clone();
            view.segments.drain(..count).collect()
        });
        for segment in gone {
            remove(&segment.segment.path);
        }
        if saved {
            Ok(())
        } else {
            pruned.save(&self.directory)
        }
    }
}

/// Unlinks a segment. If that fails, the next start does it, by the number in the account.
pub(crate) fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!(path = %path.display(), %error, "a pruned segment could not be removed");
    }
}

/// Makes a new directory entry durable.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}
