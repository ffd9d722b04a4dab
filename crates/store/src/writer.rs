//! The only code that changes the store: assigns numbers, writes, starts segments and evicts them.

use std::io;
use std::sync::Arc;

use glassbox_journal::Folder;

use crate::frame::{Frame, FrameHeader, SegmentHeader, Sequences, slot};
use crate::gate::Gate;
use crate::medium::{Medium, SegmentFile};
use crate::pruned::Pruned;
use crate::retention::{Retention, Size};
use crate::rows::Rows;
use crate::segment::{Block, Segment, SegmentView, file_name};
use crate::view::{Shown, View};

/// The state that appending changes; the store keeps it behind one lock.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) folder: Arc<Folder>,
    pub(crate) retention: Retention,
    pub(crate) medium: Arc<dyn Medium>,
    pub(crate) reads: Arc<Gate>,
    /// What queries see. Only the writer changes it, and locks it only for the change.
    pub(crate) shown: Arc<Shown>,
    /// The file of the newest segment, while it is open for writing.
    pub(crate) active: Option<Arc<dyn SegmentFile>>,
    pub(crate) sequences: Sequences,
    pub(crate) next_segment: u64,
}

/// Why a frame was not written.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// The folder was deleted, moved or replaced.
    Vanished,
    Io(io::Error),
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Writer {
    /// Writes `frame` and makes its block visible to queries, but only if every byte was written to a file
    /// that is in the folder.
    pub(crate) fn append(
        &mut self,
        frame: &mut Frame,
        rows: Rows,
        now: u64,
    ) -> Result<(), WriteError> {
        let records = rows.len() as u64;
        let more = Size {
            bytes: frame.len(),
            records,
            memory: Block::expected_memory(&rows),
        };
        if !self.folder.is_there() {
            self.active = None;
            return Err(WriteError::Vanished);
        }
        self.make_room(more, now)?;
        // If only the file was deleted, the frame goes into another one.
        if self
            .active
            .as_ref()
            .is_some_and(|active| !active.is_linked())
        {
            tracing::error!(
                "the newest segment was deleted; what it held is lost at the next start"
            );
            self.active = None;
        }
        let active = self.open_active(now)?;
        let signal = frame.header().signal;
        let end = self
            .shown
            .read(|view| view.segments.last().map_or(0, |last| last.bytes));
        let (header, bytes) = frame.number(self.sequences[slot(signal)]);
        if let Err(error) = active.write(bytes, end) {
            // A partial frame must not precede the next one. If truncating fails as well, the
            // segment is closed, and recovery skips the partial frame at its end.
            if active.truncate(end).is_err() {
                self.active = None;
            }
            return Err(error.into());
        }
        // Check again before the frame is acknowledged.
        if !active.is_linked() || !self.folder.is_there() {
            self.active = None;
            return Err(WriteError::Vanished);
        }
        let block = Block::new(header, end + FrameHeader::LEN as u64, rows);
        self.shown.change(|view| {
            if let Some(last) = view.segments.last_mut() {
                last.push(block, more.bytes);
            }
        });
        self.sequences[slot(signal)] += records;
        Ok(())
    }

    /// Closes the active segment if it is full and evicts what exceeds the limits.
    pub(crate) fn make_room(&mut self, more: Size, now: u64) -> io::Result<()> {
        let is_full = |view: &View| {
            let last = view.segments.last();
            last.is_some_and(|last| self.retention.is_full(last, more, now))
        };
        if self.active.is_some() && self.shown.read(is_full) {
            self.close_active()?;
        }
        // A new segment needs room for its header as well.
        let header = match self.active {
            None if more.records > 0 => SegmentHeader::LEN as u64,
            _ => 0,
        };
        let more = Size {
            bytes: more.bytes + header,
            ..more
        };
        let excess = self
            .shown
            .read(|view| self.retention.excess(&view.segments, more, now));
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

    fn open_active(&mut self, now: u64) -> io::Result<Arc<dyn SegmentFile>> {
        if let Some(active) = &self.active {
            return Ok(Arc::clone(active));
        }
        let (id, folder) = (self.next_segment, &self.folder);
        let name = file_name(id);
        let header = SegmentHeader {
            created: now,
            sequences: self.sequences,
        };
        let active = match self.medium.create(folder, &name) {
            // Another process created it: leave it unchanged; the next attempt uses the next number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.next_segment += 1;
                return Err(error);
            }
            created => created?,
        };
        let opened = active
            .write(&header.encode(), 0)
            .and_then(|()| folder.file(&name))
            .and_then(|file| folder.sync().map(|()| file));
        match opened {
            Ok(file) => {
                let segment = Segment::new(id, folder.path().join(name), header, file, &self.reads);
                self.shown
                    .change(|view| view.segments.push(SegmentView::empty(segment)));
                self.next_segment += 1;
                self.active = Some(Arc::clone(&active));
                Ok(active)
            }
            Err(error) => {
                // The file is empty. If it stays, the next start removes it.
                drop(folder.remove(&name));
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
        // On a full disk, the account may fit only after something has been removed.
        let saved = pruned.save(&self.folder).is_ok();
        let records = |of: &Pruned| of.spans + of.log_records + of.data_points;
        tracing::info!(
            glassbox.store.segments = count,
            glassbox.store.bytes = pruned.bytes - earlier.bytes,
            glassbox.store.records = records(&pruned) - records(&earlier),
            "pruned the oldest telemetry to stay within the store's limits",
        );
        let gone: Vec<SegmentView> = self.shown.change(|view| {
            view.pruned = pruned.clone();
            view.segments.drain(..count).collect()
        });
        for segment in gone {
            remove(&self.folder, segment.segment.id);
        }
        if saved {
            Ok(())
        } else {
            pruned.save(&self.folder)
        }
    }
}

/// Unlinks a segment. If that fails, the next start does it, based on the number in the account.
pub(crate) fn remove(folder: &Folder, id: u64) {
    let name = file_name(id);
    if let Err(error) = folder.remove(&name) {
        let path = folder.path().join(name);
        tracing::warn!(
            file.path = %path.display(),
            exception.message = %error,
            "a pruned segment could not be removed"
        );
    }
}
