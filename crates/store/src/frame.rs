//! The file format: a segment header, then frames, each one export request with its checksum.
//!
//! All numbers are little-endian. A segment starts with [`SegmentHeader`]; every frame is a
//! [`FrameHeader`] and its payload, the protobuf bytes of one request, compressed with zstd when
//! that makes it smaller. Header and payload have separate checksums, so that a frame with a damaged
//! payload can be skipped.

use std::borrow::Cow;
use std::cmp::Ordering;

use glassbox_otlp::Signal;

const FRAME_MAGIC: [u8; 4] = *b"GBFR";
const SEGMENT_MAGIC: [u8; 4] = *b"GBSG";
const VERSION: u8 = 1;
const FLAG_ZSTD: u8 = 1;

/// Smaller requests are not compressed: it saves too little for the time it takes.
const COMPRESS_FROM: usize = 1024;

/// The compression level: 1 saves the most bytes of OTLP per CPU second.
const ZSTD_LEVEL: i32 = 1;

/// The next sequence number of each signal, in the order of [`Signal::ALL`].
pub(crate) type Sequences = [u64; 3];

/// Returns the index of `signal` in [`Sequences`].
pub(crate) fn slot(signal: Signal) -> usize {
    match signal {
        Signal::Traces => 0,
        Signal::Metrics => 1,
        Signal::Logs => 2,
    }
}

fn signal_byte(signal: Signal) -> u8 {
    match signal {
        Signal::Traces => 1,
        Signal::Metrics => 2,
        Signal::Logs => 3,
    }
}

fn signal_of(byte: u8) -> Option<Signal> {
    Signal::ALL
        .into_iter()
        .find(|signal| signal_byte(*signal) == byte)
}

/// The first bytes of a segment file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) created: u64,
    /// The next sequence numbers, so that they continue after every earlier frame was evicted.
    pub(crate) sequences: Sequences,
}

impl SegmentHeader {
    pub(crate) const LEN: usize = 44;

    pub(crate) fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..4].copy_from_slice(&SEGMENT_MAGIC);
        bytes[4] = VERSION;
        bytes[8..16].copy_from_slice(&self.created.to_le_bytes());
        for (slot, sequence) in self.sequences.iter().enumerate() {
            bytes[16 + slot * 8..24 + slot * 8].copy_from_slice(&sequence.to_le_bytes());
        }
        let crc = crc32fast::hash(&bytes[..40]);
        bytes[40..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::LEN] = bytes.get(..Self::LEN)?.try_into().ok()?;
        let sound = bytes[..4] == SEGMENT_MAGIC
            && bytes[4] == VERSION
            && u32_at(bytes, 40) == crc32fast::hash(&bytes[..40]);
        sound.then(|| Self {
            created: u64_at(bytes, 8),
            sequences: [u64_at(bytes, 16), u64_at(bytes, 24), u64_at(bytes, 32)],
        })
    }
}

/// Which version of this format a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edition {
    This,
    Earlier,
    Later,
    /// The file ends within its header, or is empty.
    Torn,
    /// The file does not begin with a valid header.
    None,
}

/// Reads the version from the beginning of a file.
pub(crate) fn edition(bytes: &[u8]) -> Edition {
    let Some(header) = bytes.get(..SegmentHeader::LEN) else {
        let magic = &SEGMENT_MAGIC[..bytes.len().min(SEGMENT_MAGIC.len())];
        let is_torn = bytes.starts_with(magic);
        return if is_torn {
            Edition::Torn
        } else {
            Edition::None
        };
    };
    if header[..4] != SEGMENT_MAGIC || u32_at(header, 40) != crc32fast::hash(&header[..40]) {
        return Edition::None;
    }
    match header[4].cmp(&VERSION) {
        Ordering::Less => Edition::Earlier,
        Ordering::Equal => Edition::This,
        Ordering::Greater => Edition::Later,
    }
}

/// Precedes each payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) signal: Signal,
    pub(crate) compressed: bool,
    pub(crate) len: u32,
    pub(crate) raw_len: u32,
    pub(crate) rows: u32,
    /// Number of the first record among all records of the signal ever stored.
    pub(crate) first_sequence: u64,
    pub(crate) received: u64,
    pub(crate) min_time: u64,
    pub(crate) max_time: u64,
    pub(crate) payload_crc: u32,
}

impl FrameHeader {
    pub(crate) const LEN: usize = 60;

    fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..4].copy_from_slice(&FRAME_MAGIC);
        bytes[4] = VERSION;
        bytes[5] = signal_byte(self.signal);
        bytes[6] = if self.compressed { FLAG_ZSTD } else { 0 };
        bytes[8..12].copy_from_slice(&self.len.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.raw_len.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.rows.to_le_bytes());
        bytes[20..28].copy_from_slice(&self.first_sequence.to_le_bytes());
        bytes[28..36].copy_from_slice(&self.received.to_le_bytes());
        bytes[36..44].copy_from_slice(&self.min_time.to_le_bytes());
        bytes[44..52].copy_from_slice(&self.max_time.to_le_bytes());
        bytes[52..56].copy_from_slice(&self.payload_crc.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..56]);
        bytes[56..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::LEN] = bytes.get(..Self::LEN)?.try_into().ok()?;
        let sound = bytes[..4] == FRAME_MAGIC
            && bytes[4] == VERSION
            && u32_at(bytes, 56) == crc32fast::hash(&bytes[..56]);
        if !sound {
            return None;
        }
        Some(Self {
            signal: signal_of(bytes[5])?,
            compressed: bytes[6] & FLAG_ZSTD != 0,
            len: u32_at(bytes, 8),
            raw_len: u32_at(bytes, 12),
            rows: u32_at(bytes, 16),
            first_sequence: u64_at(bytes, 20),
            received: u64_at(bytes, 28),
            min_time: u64_at(bytes, 36),
            max_time: u64_at(bytes, 44),
            payload_crc: u32_at(bytes, 52),
        })
    }

    /// Returns whether the payload is that of this frame, undamaged.
    pub(crate) fn holds(&self, payload: &[u8]) -> bool {
        payload.len() == self.len as usize && crc32fast::hash(payload) == self.payload_crc
    }

    /// Unpacks `payload`, for which [`holds`](Self::holds) returned true.
    pub(crate) fn unpack(&self, payload: Cow<'_, [u8]>) -> Option<Vec<u8>> {
        let raw_len = self.raw_len as usize;
        if !self.compressed {
            return (payload.len() == raw_len).then(|| payload.into_owned());
        }
        zstd::bulk::decompress(&payload, raw_len)
            .ok()
            .filter(|raw| raw.len() == raw_len)
    }
}

/// A frame that is ready to be written except for its sequence number.
#[derive(Debug)]
pub(crate) struct Frame {
    header: FrameHeader,
    /// Room for the header, then the payload.
    bytes: Vec<u8>,
}

impl Frame {
    /// Packs `request`; `None` when it is too long for the format (4 GiB).
    pub(crate) fn pack(
        signal: Signal,
        request: &[u8],
        rows: usize,
        (min_time, max_time): (u64, u64),
        received: u64,
    ) -> Option<Self> {
        let raw_len = u32::try_from(request.len()).ok()?;
        let packed = (request.len() >= COMPRESS_FROM)
            .then(|| zstd::bulk::compress(request, ZSTD_LEVEL).ok())
            .flatten()
            .filter(|packed| packed.len() < request.len());
        let compressed = packed.is_some();
        let payload = packed.as_deref().unwrap_or(request);
        let mut bytes = Vec::with_capacity(FrameHeader::LEN + payload.len());
        bytes.resize(FrameHeader::LEN, 0);
        bytes.extend_from_slice(payload);
        let header = FrameHeader {
            signal,
            compressed,
            len: u32::try_from(payload.len()).ok()?,
            raw_len,
            rows: u32::try_from(rows).ok()?,
            first_sequence: 0,
            received,
            min_time,
            max_time,
            payload_crc: crc32fast::hash(payload),
        };
        Some(Self { header, bytes })
    }

    /// Numbers the frame's records from `first` on and returns the header with the final bytes.
    pub(crate) fn number(&mut self, first: u64) -> (FrameHeader, &[u8]) {
        self.header.first_sequence = first;
        self.bytes[..FrameHeader::LEN].copy_from_slice(&self.header.encode());
        (self.header, &self.bytes)
    }

    pub(crate) fn header(&self) -> &FrameHeader {
        &self.header
    }

    /// Returns the length on disk.
    pub(crate) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// Finds the next possible start of a frame at or after `from`.
pub(crate) fn next_magic(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    memchr::memmem::find(rest, &FRAME_MAGIC).map(|found| from + found)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}
