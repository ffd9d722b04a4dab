//! Reads a segment file back after a restart and skips what is damaged.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::frame::{FrameHeader, SegmentHeader, Sequences, is_newer, next_magic, slot};
use crate::gate::Gate;
use crate::index;
use crate::names::Names;
use crate::segment::{Block, Segment, SegmentView};

/// A part of a segment that could not be read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) path: PathBuf,
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    /// How many records it held, where its header survived.
    pub(crate) records: Option<u32>,
    /// Whether it was the end of the file and has been truncated.
    pub(crate) truncated: bool,
}

impl Damage {
    /// Returns a sentence about what was lost, for the log and the backend's notes.
    pub(crate) fn describe(&self) -> String {
        let records = match self.records {
            Some(1) => "1 record".to_owned(),
            Some(records) => format!("{records} records"),
            None => "an unknown number of records".to_owned(),
        };
        let what = if self.truncated {
            "truncated a torn end"
        } else {
            "skipped a damaged part"
        };
        let (bytes, offset) = (self.bytes, self.offset);
        format!(
            "{what} in {}: {bytes} bytes at {offset}, {records} lost",
            self.path.display()
        )
    }
}

/// A segment read back.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) view: SegmentView,
    pub(crate) damage: Vec<Damage>,
    /// The sequence numbers after the last record of this segment.
    pub(crate) sequences: Sequences,
}

/// What is at one position of a segment file.
enum Found {
    Frame(FrameHeader, Vec<u8>),
    /// A valid header whose payload is damaged or truncated.
    Broken(FrameHeader),
    Garbage,
}

fn look(bytes: &[u8], at: usize) -> Found {
    let rest = &bytes[at..];
    let Some(header) = FrameHeader::decode(rest) else {
        return Found::Garbage;
    };
    match rest.get(FrameHeader::LEN..FrameHeader::LEN + header.len as usize) {
        Some(payload) => match header.open(payload.into()) {
            Some(raw) => Found::Frame(header, raw),
            None => Found::Broken(header),
        },
        None => Found::Broken(header),
    }
}

/// Finds the next valid frame header at or after `from`.
fn next_header(bytes: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let found = next_magic(bytes, from)?;
        if FrameHeader::decode(&bytes[found..]).is_some() {
            return Some(found);
        }
        from = found + 1;
    }
}

/// Reads segment `id` and rebuilds its rows.
///
/// A torn end is truncated. Damage before a valid frame is skipped and stays in the file until the
/// segment is evicted.
///
/// # Errors
/// Fails if the file cannot be read or was written by a later version; it is then unchanged.
pub(crate) fn recover(
    id: u64,
    path: PathBuf,
    names: &Names,
    reads: &Arc<Gate>,
) -> io::Result<Recovered> {
    let bytes = fs::read(&path)?;
    if is_newer(&bytes) {
        let path = path.display();
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{path} was written by a newer version; use that one or another data folder"),
        ));
    }
    let mut damage: Vec<Damage> = Vec::new();
    let mut lost = |offset: usize, bytes: usize, records| {
        let (offset, bytes) = (offset as u64, bytes as u64);
        let path = path.clone();
        damage.push(Damage {
            path,
            offset,
            bytes,
            records,
            truncated: false,
        });
    };
    let header = SegmentHeader::decode(&bytes);
    let mut at = match header {
        Some(_) => SegmentHeader::LEN,
        None => 0,
    };
    let header = header.unwrap_or(SegmentHeader {
        created: 0,
        sequences: [0; 3],
    });
    let mut sequences = header.sequences;
    let mut view = SegmentView::empty(Segment::open(id, path.clone(), header, reads)?);
    let mut good_end = at;
    while at < bytes.len() {
        match look(&bytes, at) {
            Found::Frame(header, raw) => {
                let end = at + FrameHeader::LEN + header.len as usize;
                let next = &mut sequences[slot(header.signal)];
                *next = (*next).max(header.first_sequence + u64::from(header.rows));
                match index::rows(header.signal, &raw, header.received, names) {
                    Ok(rows) => {
                        let block = Block::new(header, (at + FrameHeader::LEN) as u64, rows);
                        view.push(block, 0);
                    }
                    Err(_) => lost(at, end - at, Some(header.rows)),
                }
                at = end;
                good_end = end;
            }
            Found::Broken(header) => {
                // After a partial write there may be valid frames within the claimed length.
                let claimed = (at + FrameHeader::LEN + header.len as usize).min(bytes.len());
                let end = next_header(&bytes, at + 1).map_or(claimed, |next| next.min(claimed));
                lost(at, end - at, Some(header.rows));
                // Its numbers are used: a client may hold one as a cursor.
                let next = &mut sequences[slot(header.signal)];
                *next = (*next).max(header.first_sequence + u64::from(header.rows));
                at = end;
            }
            Found::Garbage => {
                let end = next_header(&bytes, at + 1).unwrap_or(bytes.len());
                lost(at, end - at, None);
                at = end;
            }
        }
    }
    if good_end < bytes.len() {
        OpenOptions::new()
            .write(true)
            .open(&path)?
            .set_len(good_end as u64)?;
        for damage in damage
            .iter_mut()
            .filter(|damage| damage.offset >= good_end as u64)
        {
            damage.truncated = true;
        }
    }
    view.bytes = good_end as u64;
    Ok(Recovered {
        view,
        damage,
        sequences,
    })
}
