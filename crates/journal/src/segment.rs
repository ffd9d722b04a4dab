//! One file of a journal: a header, then frames.

use crate::{
    frame::{self, ALIGNMENT, Frame, HEADER, Parsed, Salt},
    window::Window,
};
use std::{
    fs::File,
    hash::{BuildHasher, Hasher, RandomState},
    io,
};

const MAGIC: [u8; 8] = *b"GBJOURNL";
const VERSION: u32 = 1;
/// Bytes of one copy of a segment's header.
const COPY: usize = 40;
/// Bytes of a segment's header, which is the offset of the first frame. The header is stored twice, because
/// without it the whole segment cannot be read.
pub(crate) const START: u64 = 2 * COPY as u64;
/// Limit of sequences that are read from names and cursors, so that counting on from one does not overflow.
pub(crate) const LIMIT: u64 = 1 << 62;
const SUFFIX: &str = ".journal";

/// Returns the name of the segment whose first record has this sequence.
pub(crate) fn name(first: u64) -> String {
    format!("{first:020}{SUFFIX}")
}

/// Returns the sequence in a segment's name.
pub(crate) fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let is_ours = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let first = is_ours.then(|| digits.parse().ok()).flatten();
    first.filter(|first| *first < LIMIT)
}

/// The content of a segment's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) salt: Salt,
    pub(crate) first: u64,
    pub(crate) created_unix_ms: u64,
}

/// The result of reading a segment's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    Header(Header),
    Newer(u32),
    Invalid,
}

impl Header {
    pub(crate) fn new(first: u64, created_unix_ms: u64) -> Self {
        // The only source of randomness in the standard library.
        let salt = RandomState::new().build_hasher().finish();
        Self {
            salt: Salt(salt),
            first,
            created_unix_ms,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(START as usize);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.salt.0.to_le_bytes());
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.created_unix_ms.to_le_bytes());
        let checksum = crc32fast::hash(&bytes);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        bytes.extend_from_within(..);
        bytes
    }

    pub(crate) fn parse(bytes: &[u8; START as usize]) -> Opening {
        let (first, second) = bytes.split_at(COPY);
        match Self::parse_copy(first) {
            Opening::Invalid => Self::parse_copy(second),
            sound => sound,
        }
    }

    fn parse_copy(bytes: &[u8]) -> Opening {
        let Some(bytes) = bytes.first_chunk::<COPY>() else {
            return Opening::Invalid;
        };
        let mut covered = *bytes;
        covered[12..16].fill(0);
        let number = |at: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(eight)
        };
        let words = number(8);
        if bytes[..8] != MAGIC || crc32fast::hash(&covered) != (words >> 32) as u32 {
            return Opening::Invalid;
        }
        match words as u32 {
            VERSION => Opening::Header(Self {
                salt: Salt(number(16)),
                first: number(24),
                created_unix_ms: number(32),
            }),
            newer => Opening::Newer(newer),
        }
    }
}

/// What a scan finds next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Met {
    /// A record; its payload is in the scanner's buffer.
    Record(Frame),
    /// A valid header whose payload exceeds the limit and was not read.
    TooLarge(Frame),
    /// Bytes that are not a record, followed by a record; the scan continues there.
    Damage { bytes: u64 },
    /// No further record; `bytes` are left.
    End { bytes: u64 },
    /// A record of a version that this code cannot read.
    Newer(u8),
}

/// Reads a segment's frames in order.
#[derive(Debug)]
pub(crate) struct Scanner {
    window: Window,
    salt: Salt,
    offset: u64,
    /// The lowest sequence that the next record may have.
    expected: u64,
    /// Limit in bytes of a payload that is read.
    limit: usize,
    payload: Vec<u8>,
}

impl Scanner {
    pub(crate) fn new(file: File, header: Header, limit: usize) -> Self {
        Self {
            window: Window::new(file),
            salt: header.salt,
            offset: START,
            expected: header.first,
            limit,
            payload: Vec::new(),
        }
    }

    /// Returns the offset at which the scan continues.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the payload of the last record.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Continues to the next frame before `end`.
    pub(crate) fn next(&mut self, end: u64) -> io::Result<Met> {
        let start = self.offset;
        let mut at = start;
        loop {
            match self.frame_at(at, end)? {
                Parsed::Newer(version) => return Ok(Met::Newer(version)),
                Parsed::Frame(frame) if at == start => {
                    self.offset = at + frame.size();
                    self.expected = frame.sequence + 1;
                    return Ok(match frame.len as usize > self.limit {
                        true => Met::TooLarge(frame),
                        false => Met::Record(frame),
                    });
                }
                // It was found after damage, which is reported first; the next call reads it.
                Parsed::Frame(_) => {
                    self.offset = at;
                    return Ok(Met::Damage { bytes: at - start });
                }
                Parsed::Invalid if at + HEADER as u64 > end => {
                    let bytes = end.saturating_sub(start);
                    return Ok(Met::End { bytes });
                }
                Parsed::Invalid => at += ALIGNMENT,
            }
        }
    }

    /// Reads the whole frame at `at`, its payload into the buffer.
    fn frame_at(&mut self, at: u64, end: u64) -> io::Result<Parsed> {
        let header = self.window.bytes(at, HEADER, end)?;
        let frame = match frame::parse(self.salt, at, header) {
            Parsed::Frame(frame) => frame,
            other => return Ok(other),
        };
        let len = frame.len as usize;
        if frame.sequence < self.expected || at + frame.size() > end {
            return Ok(Parsed::Invalid);
        }
        // Checked before anything is allocated.
        if len > self.limit {
            return Ok(Parsed::Frame(frame));
        }
        let payload = self.window.bytes(at + HEADER as u64, len, end)?;
        if !frame.holds(self.salt, payload) {
            return Ok(Parsed::Invalid);
        }
        self.payload.clear();
        self.payload.extend_from_slice(payload);
        Ok(Parsed::Frame(frame))
    }
}
