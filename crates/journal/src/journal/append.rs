//! Appending: makes room for the record, chooses the segment, and cleans up after a failed write.

use super::{Inner, LOOK_EVERY, State, ignore_missing};
use crate::{
    AppendError, WhenFull, frame,
    recovery::{Active, Sealed},
    segment::{self, Header, START},
};

impl State {
    /// Appends a record and returns its sequence.
    pub(super) fn append(
        &mut self,
        inner: &Inner,
        kind: u8,
        payload: &[u8],
    ) -> Result<u64, AppendError> {
        let limit = inner.options.max_record;
        if payload.len() > limit {
            let bytes = payload.len();
            return Err(AppendError::TooLarge { bytes, limit });
        }
        let size = frame::size(payload.len());
        // It may be the first of a segment.
        self.make_room(inner, size + START)?;
        let sequence = self.next;
        if sequence.is_multiple_of(LOOK_EVERY) {
            self.look(inner)?;
        }
        let (mut active, is_new) = match self.active.take() {
            Some(active)
                if !active.is_doubtful
                    && active.len + size <= inner.options.segment_bytes + START =>
            {
                (active, false)
            }
            full => {
                match full {
                    // It has no record, so remove it: the next segment needs its name.
                    Some(empty) if empty.len == START => {
                        let removed = inner.folder.remove(&segment::name(empty.header.first));
                        ignore_missing(removed).map_err(AppendError::Io)?;
                    }
                    Some(full) => self.seal(full),
                    None => {}
                }
                (self.begin(inner)?, true)
            }
        };
        self.scratch.clear();
        let salt = active.header.salt;
        frame::encode(&mut self.scratch, salt, active.len, sequence, kind, payload);
        let written = active.file.write_at(&self.scratch, active.len);
        // Release the memory of an unusually large record.
        self.scratch.shrink_to(64 << 10);
        if let Err(error) = written {
            // A part may have been written: truncate it. If that fails, stop writing to the segment, which
            // may even have the whole record, so its sequence is not used again.
            if active.file.truncate(active.len).is_err() {
                active.is_doubtful = true;
                self.next += 1;
            }
            self.active = Some(active);
            return Err(AppendError::Io(error));
        }
        active.len += size;
        if is_new {
            inner.durability.began(&active);
        }
        self.active = Some(active);
        self.next = sequence + 1;
        Ok(sequence)
    }

    /// Fails if the folder no longer exists: anything written there would be lost.
    pub(super) fn look(&self, inner: &Inner) -> Result<(), AppendError> {
        let is_linked = self
            .active
            .as_ref()
            .is_none_or(|active| active.file.is_linked());
        match is_linked && !self.is_removed && inner.folder.is_there() {
            true => Ok(()),
            false => Err(AppendError::Vanished {
                path: inner.folder.path().to_owned(),
            }),
        }
    }

    pub(super) fn seal(&mut self, active: Active) {
        let Active { header, len, .. } = active;
        self.sealed.insert(header.first, Sealed { header, len });
    }

    /// Begins a segment with the next record.
    pub(super) fn begin(&mut self, inner: &Inner) -> Result<Active, AppendError> {
        self.look(inner)?;
        let name = segment::name(self.next);
        let header = Header::new(self.next, inner.options.now());
        let make = || {
            let file = inner.medium.create(&inner.folder, &name)?;
            let written = file
                .write_at(&header.encode(), 0)
                .and_then(|()| inner.folder.sync());
            if let Err(error) = written {
                // Otherwise the next attempt would find that the name exists.
                let _ = inner.folder.remove(&name);
                return Err(error);
            }
            Ok(file)
        };
        Ok(Active {
            file: make().map_err(AppendError::Io)?,
            header,
            len: START,
            is_doubtful: false,
        })
    }

    /// Makes room for `size` more bytes, or fails.
    pub(super) fn make_room(&mut self, inner: &Inner, size: u64) -> Result<(), AppendError> {
        let limit = inner.options.max_bytes;
        loop {
            let bytes = self.bytes();
            if bytes + size <= limit {
                return Ok(());
            }
            let oldest = self.sealed.keys().next().copied();
            let may_drop = inner.options.when_full == WhenFull::DropOldest;
            match oldest {
                Some(first) if may_drop || (!self.cursors.is_empty() && self.is_passed(first)) => {
                    self.drop_segment(inner, first, may_drop)
                        .map_err(AppendError::Io)?;
                }
                // The active segment takes all the room: close it, and drop it like the others.
                None if self.active.is_some() && (may_drop || self.is_all_passed()) => {
                    if let Some(active) = self.active.take() {
                        self.seal(active);
                    }
                }
                _ => return Err(AppendError::Full { bytes, limit }),
            }
        }
    }
}
