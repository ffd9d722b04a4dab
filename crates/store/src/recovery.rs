//! Reads a segment file back after a restart and skips what is damaged.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use glassbox_journal::Folder;

use crate::frame::{Edition, FrameHeader, SegmentHeader, Sequences, edition, next_magic, slot};
use crate::gate::Gate;
use crate::index::{self, Room, RowError};
use crate::names::Names;
use crate::segment::{Block, Records, Segment, SegmentView, file_name};

mod damage;

pub(crate) use damage::Damage;

/// What was found in a segment file.
#[derive(Debug)]
pub(crate) enum Recovered {
    Segment(Box<Contents>),
    /// It has no content, because the process ended just after creating it. The bytes are a part of a header.
    Empty(Option<Damage>),
    /// It is not a segment of this version; it is unchanged. The text is the reason.
    Foreign(String),
}

/// A segment read back.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) view: SegmentView,
    pub(crate) damage: Vec<Damage>,
    /// The sequence numbers after the last record of this segment.
    pub(crate) sequences: Sequences,
    /// What was left out because it exceeds the limits.
    pub(crate) excess: Excess,
}

/// The oldest frames of a segment, which exceed the limits of the store.
#[derive(Debug, Default)]
pub(crate) struct Excess {
    pub(crate) records: Records,
    pub(crate) max_time: Option<u64>,
    /// Where the last of them ends.
    pub(crate) end: u64,
}

/// The state and the limits of reading segments back.
#[derive(Debug)]
pub(crate) struct Recovery<'a> {
    pub(crate) folder: &'a Folder,
    pub(crate) names: &'a Names,
    pub(crate) reads: &'a Arc<Gate>,
    /// Longer files are not read.
    pub(crate) max_bytes: u64,
    /// How much more the index may hold.
    pub(crate) left: Room,
    pub(crate) memory_left: u64,
}

/// What is at one position of a segment file.
enum Found {
    Frame(FrameHeader),
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
        Some(payload) if header.holds(payload) => Found::Frame(header),
        _ => Found::Broken(header),
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

impl Recovery<'_> {
    /// Reads segment `id` and rebuilds its rows, the newest frames first, until the limits are
    /// reached. Frames before `from` were left out at an earlier start.
    ///
    /// A torn end is truncated. Damage before a valid frame is skipped and stays in the file until the
    /// segment is evicted.
    ///
    /// # Errors
    /// Fails if the file cannot be read or was written by a later version; it is then unchanged.
    pub(crate) fn read(&mut self, id: u64, from: u64) -> io::Result<Recovered> {
        let name = file_name(id);
        let path = self.folder.path().join(&name);
        let file = match self.folder.file(&name) {
            Ok(file) => file,
            // A link or a folder, for example.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                return Ok(Recovered::Foreign(error.to_string()));
            }
            Err(error) => return Err(error),
        };
        let len = file.metadata()?.len();
        if len > self.max_bytes {
            let why = format!("'{name}' has {len} bytes, more than the store may have");
            return Ok(Recovered::Foreign(why));
        }
        let bytes = read(&file, len)?;
        let header = SegmentHeader::decode(&bytes);
        match edition(&bytes) {
            Edition::This => {}
            Edition::Later => {
                let path = path.display();
                let why = format!(
                    "{path} was written by a newer version; use that one or another data folder"
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            Edition::Earlier => {
                let why = format!("'{name}' was written by an earlier version, which is not read");
                return Ok(Recovered::Foreign(why));
            }
            Edition::Torn => {
                let damage = (len > 0).then_some(Damage {
                    path,
                    offset: 0,
                    bytes: len,
                    records: None,
                    truncated: true,
                });
                return Ok(Recovered::Empty(damage));
            }
            Edition::None if next_header(&bytes, 0).is_none() => {
                return Ok(Recovered::Foreign(format!("'{name}' is not a segment")));
            }
            Edition::None => {}
        }
        let start = header.map_or(0, |_| SegmentHeader::LEN);
        let header = header.unwrap_or(SegmentHeader {
            created: 0,
            sequences: [0; 3],
        });
        let mut survey = Survey::of(&bytes, start, header.sequences, &path);
        if survey.end < bytes.len() {
            file.set_len(survey.end as u64)?;
        }
        let segment = Segment::new(id, path.clone(), header, file, self.reads);
        let mut view = SegmentView::empty(segment);
        let mut excess = Excess {
            end: from,
            ..Excess::default()
        };
        let mut blocks = Vec::new();
        for (at, header) in std::mem::take(&mut survey.frames).into_iter().rev() {
            let end = at + FrameHeader::LEN + header.len as usize;
            if (at as u64) < from {
                break;
            }
            match self.block(&header, &bytes[at + FrameHeader::LEN..end], at) {
                Ok(block) => blocks.push(block),
                Err(RowError::Malformed) => {
                    survey.lost(at, end - at, Some(header.rows));
                }
                Err(RowError::TooMany | RowError::TooLong) => {
                    // Leave out all older frames as well, or there would be a gap in the middle.
                    self.left.records = 0;
                    excess.add(at as u64, &header);
                }
            }
        }
        for block in blocks.into_iter().rev() {
            view.push(block, 0);
        }
        view.bytes = survey.end as u64;
        survey.damage.sort_by_key(|damage| damage.offset);
        Ok(Recovered::Segment(Box::new(Contents {
            view,
            damage: survey.damage,
            sequences: survey.sequences,
            excess,
        })))
    }

    /// Rebuilds the block of the frame at `at`.
    fn block(
        &mut self,
        header: &FrameHeader,
        payload: &[u8],
        at: usize,
    ) -> Result<Block, RowError> {
        if u64::from(header.rows) > self.left.records {
            return Err(RowError::TooMany);
        }
        let raw = header.unpack(payload.into()).ok_or(RowError::Malformed)?;
        let rows = index::rows(header.signal, &raw, header.received, self.names, self.left)?;
        let records = rows.len() as u64;
        let block = Block::new(*header, (at + FrameHeader::LEN) as u64, rows);
        let memory = self.memory_left.checked_sub(block.memory);
        self.memory_left = memory.ok_or(RowError::TooLong)?;
        self.left.records = self.left.records.saturating_sub(records);
        Ok(block)
    }
}

impl Excess {
    fn add(&mut self, at: u64, header: &FrameHeader) {
        let bytes = FrameHeader::LEN as u64 + u64::from(header.len);
        self.records.add(header.signal, u64::from(header.rows));
        let time = header.max_time.min(header.received);
        self.max_time = self.max_time.max(Some(time));
        self.end = self.end.max(at + bytes);
    }
}

/// Reads a whole file of `len` bytes.
fn read(mut file: &File, len: u64) -> io::Result<Vec<u8>> {
    let len = usize::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut bytes = Vec::with_capacity(len);
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The frames of a file, and the damage between them.
struct Survey<'a> {
    path: &'a std::path::Path,
    frames: Vec<(usize, FrameHeader)>,
    damage: Vec<Damage>,
    sequences: Sequences,
    /// Where the last valid frame ends.
    end: usize,
}

impl<'a> Survey<'a> {
    fn of(bytes: &[u8], start: usize, sequences: Sequences, path: &'a std::path::Path) -> Self {
        let mut survey = Self {
            path,
            frames: Vec::new(),
            damage: Vec::new(),
            sequences,
            end: start,
        };
        let mut at = start;
        while at < bytes.len() {
            at = survey.step(bytes, at);
        }
        let end = survey.end as u64;
        for damage in &mut survey.damage {
            damage.truncated = damage.offset >= end;
        }
        survey
    }

    /// Notes what is at `at` and returns where it ends.
    fn step(&mut self, bytes: &[u8], at: usize) -> usize {
        match look(bytes, at) {
            Found::Frame(header) => {
                self.number(&header);
                self.frames.push((at, header));
                self.end = at + FrameHeader::LEN + header.len as usize;
                self.end
            }
            Found::Broken(header) => {
                // After a partial write there may be valid frames within the claimed length.
                let claimed = (at + FrameHeader::LEN + header.len as usize).min(bytes.len());
                let end = next_header(bytes, at + 1).map_or(claimed, |next| next.min(claimed));
                self.lost(at, end - at, Some(header.rows));
                // Its numbers are not used again, because a client may have one as its cursor.
                self.number(&header);
                end
            }
            Found::Garbage => {
                let end = next_header(bytes, at + 1).unwrap_or(bytes.len());
                self.lost(at, end - at, None);
                end
            }
        }
    }

    fn number(&mut self, header: &FrameHeader) {
        let next = &mut self.sequences[slot(header.signal)];
        *next = (*next).max(header.first_sequence + u64::from(header.rows));
    }

    fn lost(&mut self, offset: usize, bytes: usize, records: Option<u32>) {
        self.damage.push(Damage {
            path: self.path.to_owned(),
            offset: offset as u64,
            bytes: bytes as u64,
            records,
            truncated: false,
        });
    }
}
