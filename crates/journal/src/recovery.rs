//! The state of a journal when it is opened.

use crate::{
    OpenError, Options, ReadError,
    folder::Folder,
    medium::{Medium, SegmentFile},
    segment::{self, Header, Met, Opening, START, Scanner},
};
use std::{collections::BTreeMap, io, os::unix::fs::FileExt, sync::Arc};

/// What was found when a journal was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// Segments that exist.
    pub segments: u64,
    /// Records in the newest segment. Older segments are checked when they are read.
    pub newest_records: u64,
    /// Bytes that were truncated from the end of the newest segment: a record that was being written.
    pub torn_bytes: u64,
    /// Bytes in the middle of the newest segment that are no longer records. They stay in the file.
    pub damaged_bytes: u64,
    /// Segments whose header cannot be read. They stay on disk, but are not read.
    pub unreadable_segments: u64,
}

/// A segment that is no longer written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealed {
    pub(crate) header: Header,
    pub(crate) len: u64,
}

/// The segment that is being written.
#[derive(Clone, Debug)]
pub(crate) struct Active {
    pub(crate) file: Arc<dyn SegmentFile>,
    pub(crate) header: Header,
    pub(crate) len: u64,
    /// Whether a write or a sync failed in a way that leaves the content unknown. Nothing more is written here.
    pub(crate) is_doubtful: bool,
}

/// Everything that was found.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) sealed: BTreeMap<u64, Sealed>,
    pub(crate) active: Option<Active>,
    /// The sequence of the next record.
    pub(crate) next: u64,
    pub(crate) recovered: Recovered,
}

pub(crate) fn recover(
    folder: &Folder,
    medium: &dyn Medium,
    options: &Options,
) -> Result<Contents, OpenError> {
    let io = |source| OpenError::io(folder.path(), source);
    let mut contents = Contents {
        sealed: BTreeMap::new(),
        active: None,
        next: 1,
        recovered: Recovered::default(),
    };
    let names = folder.names().map_err(io)?;
    let mut firsts: Vec<u64> = names
        .iter()
        .filter_map(|name| segment::first_of(name))
        .collect();
    firsts.sort_unstable();
    // A process ended between creating its newest segment and writing the header.
    while let Some(&newest) = firsts.last() {
        let name = segment::name(newest);
        let file = folder.file(&name).map_err(io)?;
        let len = file.metadata().map_err(io)?.len();
        if !is_blank(&file, len).map_err(io)? {
            break;
        }
        folder.remove(&name).map_err(io)?;
        contents.recovered.torn_bytes += len;
        contents.next = contents.next.max(newest);
        firsts.pop();
    }
    for (index, &first) in firsts.iter().enumerate() {
        let is_newest = index + 1 == firsts.len();
        let name = segment::name(first);
        let file = folder.file(&name).map_err(io)?;
        let len = file.metadata().map_err(io)?.len();
        let mut bytes = [0; START as usize];
        let read = match len >= START {
            true => file.read_exact_at(&mut bytes, 0).map_err(io),
            false => Ok(()),
        };
        read?;
        let header = match Header::parse(&bytes) {
            Opening::Header(header) if header.first == first => header,
            Opening::Newer(version) => {
                let path = folder.path().to_owned();
                return Err(OpenError::Newer { path, version });
            }
            _ => {
                contents.recovered.unreadable_segments += 1;
                // An upper bound of its records, so that none of their sequences is used again.
                let most = len / crate::frame::HEADER as u64;
                contents.next = contents.next.max(first.saturating_add(most));
                continue;
            }
        };
        contents.recovered.segments += 1;
        contents.next = contents.next.max(first);
        if !is_newest {
            contents.sealed.insert(first, Sealed { header, len });
            continue;
        }
        let mut scanner = Scanner::new(file, header, options.max_record.max(MOST));
        let recovered = &mut contents.recovered;
        let newer = |version: u8| OpenError::Newer {
            path: folder.path().to_owned(),
            version: version.into(),
        };
        loop {
            match scanner.next(len).map_err(io)? {
                Met::Record(frame) | Met::TooLarge(frame) => {
                    recovered.newest_records += 1;
                    contents.next = frame.sequence + 1;
                }
                Met::Damage { bytes } => recovered.damaged_bytes += bytes,
                Met::End { bytes } => {
                    recovered.torn_bytes += bytes;
                    break;
                }
                Met::Newer(version) => return Err(newer(version)),
            }
        }
        let file = medium.open(folder, &name).map_err(io)?;
        let kept = scanner.offset();
        if kept < len {
            file.truncate(kept).map_err(io)?;
        }
        contents.active = Some(Active {
            file,
            header,
            len: kept,
            is_doubtful: false,
        });
    }
    Ok(contents)
}

/// The largest record that is read whatever the options are. A larger one is kept, and the reader gets an error.
const MOST: usize = 64 << 20;

/// Opens a segment for reading.
pub(crate) fn scanner(
    folder: &Folder,
    first: u64,
    options: &Options,
) -> Result<Scanner, ReadError> {
    let file = folder.file(&segment::name(first))?;
    let mut bytes = [0; START as usize];
    file.read_exact_at(&mut bytes, 0)?;
    match Header::parse(&bytes) {
        Opening::Header(header) => Ok(Scanner::new(file, header, options.max_record.max(MOST))),
        Opening::Newer(version) => Err(ReadError::Newer(version)),
        Opening::Invalid => {
            let why = "the header of a segment changed while the journal was open";
            Err(io::Error::new(io::ErrorKind::InvalidData, why).into())
        }
    }
}

/// Returns whether a file contains only zeros, or less than a header.
fn is_blank(file: &std::fs::File, len: u64) -> io::Result<bool> {
    if len < START {
        return Ok(true);
    }
    let mut window = crate::window::Window::new(file.try_clone()?);
    let mut at = 0;
    while at < len {
        let bytes = window.bytes(at, 4096, len)?;
        if bytes.is_empty() || bytes.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        at += bytes.len() as u64;
    }
    Ok(true)
}
