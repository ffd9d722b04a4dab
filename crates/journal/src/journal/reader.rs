//! Reading, including while the journal is written.

use super::{Extent, Inner};
use crate::{
    ReadError, recovery,
    segment::{Met, Scanner},
};
use std::{fmt, io, sync::Arc};

/// One record.
#[derive(Clone, PartialEq, Eq)]
pub struct Record<'a> {
    sequence: u64,
    kind: u8,
    payload: &'a [u8],
}

impl Record<'_> {
    /// Returns its number, one more than that of the record before it.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Returns the kind that its writer chose.
    pub fn kind(&self) -> u8 {
        self.kind
    }

    /// Returns its bytes.
    pub fn payload(&self) -> &[u8] {
        self.payload
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("sequence", &self.sequence)
            .field("kind", &self.kind)
            .field("bytes", &self.payload.len())
            .finish()
    }
}

/// What a reader returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Read<'a> {
    /// A record.
    Record(Record<'a>),
    /// Records that no longer exist: pruned, damaged, or lost in a power failure.
    #[non_exhaustive]
    Missing {
        /// The sequence of the first one.
        first: u64,
        /// The sequence after the last one.
        next: u64,
    },
}

/// Reads records in order, including those that are appended in the meantime.
///
/// # Bounds
/// Holds one record, and 64 KiB of a segment.
pub struct Reader {
    inner: Arc<Inner>,
    /// The sequence of the next record.
    next: u64,
    open: Option<Open>,
    /// The record that was read after missing ones, and is returned next.
    pending: Option<(u64, u8)>,
}

struct Open {
    first: u64,
    scanner: Scanner,
}

impl Reader {
    pub(super) fn new(inner: Arc<Inner>, from: u64) -> Self {
        Self {
            inner,
            next: from.max(1),
            open: None,
            pending: None,
        }
    }

    /// Returns the sequence of the record that is read next.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// Returns the next record, or what is missing in its place; `None` at the end, until more is appended.
    ///
    /// # Errors
    /// Fails if a segment cannot be read. The next call tries again, unless a record is too large: then the
    /// next call reads the one after it.
    #[expect(
        clippy::should_implement_trait,
        reason = "the record borrows from the reader, which an iterator cannot express"
    )]
    pub fn next(&mut self) -> Result<Option<Read<'_>>, ReadError> {
        if let Some((sequence, kind)) = self.pending.take() {
            return Ok(Some(self.record(sequence, kind)));
        }
        loop {
            let (extent, end) = self.inner.extent(self.next);
            if self.next >= end {
                return Ok(None);
            }
            let Some(extent) = extent else {
                return Ok(Some(self.missing(end)));
            };
            if extent.first > self.next {
                return Ok(Some(self.missing(extent.first)));
            }
            if let Some(read) = self.read_in(extent, end)? {
                return Ok(Some(match read {
                    Step::Record(sequence, kind) => self.record(sequence, kind),
                    Step::Missing(next) => self.missing(next),
                }));
            }
        }
    }

    /// Continues reading in this segment.
    fn read_in(&mut self, extent: Extent, end: u64) -> Result<Option<Step>, ReadError> {
        let open = match &mut self.open {
            Some(open) if open.first == extent.first => open,
            _ => match recovery::scanner(&self.inner.folder, extent.first, &self.inner.options) {
                Ok(scanner) => self.open.insert(Open {
                    first: extent.first,
                    scanner,
                }),
                // It was pruned between our lookup and our opening it; the next lookup takes that into account.
                Err(ReadError::Io(error))
                    if error.kind() == io::ErrorKind::NotFound
                        && self
                            .inner
                            .extent(self.next)
                            .0
                            .is_none_or(|now| now.first != extent.first) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            },
        };
        loop {
            match open.scanner.next(extent.len)? {
                Met::Record(frame) | Met::TooLarge(frame) if frame.sequence < self.next => {}
                Met::TooLarge(frame) => {
                    self.next = frame.sequence + 1;
                    return Err(ReadError::TooLarge {
                        sequence: frame.sequence,
                        bytes: frame.len,
                    });
                }
                Met::Record(frame) => {
                    return Ok(Some(if frame.sequence > self.next {
                        self.pending = Some((frame.sequence, frame.kind));
                        Step::Missing(frame.sequence)
                    } else {
                        Step::Record(frame.sequence, frame.kind)
                    }));
                }
                // The sequence of the record after it shows how many are missing.
                Met::Damage { .. } => {}
                Met::Newer(version) => return Err(ReadError::Newer(version.into())),
                Met::End { .. } => {
                    // The extent and the end were read together: a record before the end that is not here is missing.
                    let next = match extent.is_sealed {
                        true => self.inner.after(extent.first).unwrap_or(end),
                        false => end,
                    };
                    if extent.is_sealed {
                        self.open = None;
                    }
                    // If the next segment begins with the next record, nothing is missing.
                    return Ok((next > self.next).then_some(Step::Missing(next)));
                }
            }
        }
    }

    fn record(&mut self, sequence: u64, kind: u8) -> Read<'_> {
        self.next = sequence + 1;
        let payload = match &self.open {
            Some(open) => open.scanner.payload(),
            None => &[],
        };
        Read::Record(Record {
            sequence,
            kind,
            payload,
        })
    }

    fn missing(&mut self, next: u64) -> Read<'static> {
        let first = std::mem::replace(&mut self.next, next);
        Read::Missing { first, next }
    }
}

enum Step {
    Record(u64, u8),
    Missing(u64),
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("position", &self.next)
            .finish_non_exhaustive()
    }
}
