//! One record on disk: a header with two checksums, the payload, zeros up to a multiple of eight bytes.
//!
//! Little-endian: length `u32`, version `u8`, kind `u8`, two zero bytes, sequence `u64`, checksum of the
//! payload `u32`, checksum of the header `u32`. Both checksums start from the segment's random salt, and
//! the header's also covers the frame's offset. So a payload that contains the bytes of a frame, even of
//! this very segment, is never mistaken for one when a reader searches for the next frame after a damaged
//! one.

use crc32fast::Hasher;

/// The version that this code writes.
const VERSION: u8 = 1;
/// Bytes of a header.
pub(crate) const HEADER: usize = 24;
/// Frames start at multiples of this.
pub(crate) const ALIGNMENT: u64 = 8;

/// Random bytes of one segment, from which its checksums start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Salt(pub(crate) u64);

/// A header with a valid checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) sequence: u64,
    pub(crate) kind: u8,
    pub(crate) len: u32,
    payload: u32,
}

/// The result of parsing a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Frame(Frame),
    /// A valid header of a version that this code cannot read.
    Newer(u8),
    Invalid,
}

/// Returns the size in bytes of a frame with this payload, padding included.
pub(crate) fn size(payload: usize) -> u64 {
    (HEADER as u64 + payload as u64).next_multiple_of(ALIGNMENT)
}

/// Writes a frame at `offset` of the segment.
pub(crate) fn encode(
    out: &mut Vec<u8>,
    salt: Salt,
    offset: u64,
    sequence: u64,
    kind: u8,
    payload: &[u8],
) {
    let start = out.len();
    // The writer has checked the length.
    let len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&[VERSION, kind, 0, 0]);
    out.extend_from_slice(&sequence.to_le_bytes());
    out.extend_from_slice(&payload_checksum(salt, payload).to_le_bytes());
    let header = header_checksum(salt, offset, &out[start..]);
    out.extend_from_slice(&header.to_le_bytes());
    out.extend_from_slice(payload);
    let padded = start + usize::try_from(size(payload.len())).unwrap_or(usize::MAX);
    out.resize(padded, 0);
}

/// Reads a header at `offset` of the segment.
pub(crate) fn parse(salt: Salt, offset: u64, header: &[u8]) -> Parsed {
    let Some((covered, checksum)) = header
        .get(..HEADER)
        .and_then(|all| all.split_last_chunk::<4>())
    else {
        return Parsed::Invalid;
    };
    if u32::from_le_bytes(*checksum) != header_checksum(salt, offset, covered) {
        return Parsed::Invalid;
    }
    if covered[4] != VERSION {
        return Parsed::Newer(covered[4]);
    }
    Parsed::Frame(Frame {
        len: u32_at(covered, 0),
        kind: covered[5],
        sequence: u64::from(u32_at(covered, 8)) | u64::from(u32_at(covered, 12)) << 32,
        payload: u32_at(covered, 16),
    })
}

impl Frame {
    /// Returns the size in bytes of the whole frame.
    pub(crate) fn size(&self) -> u64 {
        size(self.len as usize)
    }

    /// Returns whether this is the payload that was written.
    pub(crate) fn holds(&self, salt: Salt, payload: &[u8]) -> bool {
        payload.len() == self.len as usize && payload_checksum(salt, payload) == self.payload
    }
}

/// Reads a number at `at`; `bytes` must have at least `at + 4` bytes.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(four)
}

fn payload_checksum(salt: Salt, payload: &[u8]) -> u32 {
    let mut hasher = Hasher::new_with_initial((salt.0 >> 32) as u32);
    hasher.update(payload);
    hasher.finalize()
}

fn header_checksum(salt: Salt, offset: u64, covered: &[u8]) -> u32 {
    let mut hasher = Hasher::new_with_initial(salt.0 as u32);
    hasher.update(&offset.to_le_bytes());
    hasher.update(covered);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: Salt = Salt(0x1234_5678_9abc_def0);

    fn frame(payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(&mut bytes, SALT, 40, 7, 3, payload);
        bytes
    }

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let bytes = frame(b"hello");
        assert_eq!(bytes.len(), 32);
        let Parsed::Frame(read) = parse(SALT, 40, &bytes) else {
            panic!("a frame");
        };
        assert_eq!((read.sequence, read.kind, read.size()), (7, 3, 32));
        assert!(read.holds(SALT, b"hello") && !read.holds(SALT, b"hellO"));
    }

    #[test]
    fn no_flipped_bit_of_a_header_goes_unnoticed() {
        let bytes = frame(b"");
        for bit in 0..HEADER * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(parse(SALT, 40, &flipped), Parsed::Invalid, "bit {bit}");
        }
    }

    #[test]
    fn a_frame_at_another_place_or_of_another_segment_is_none() {
        let bytes = frame(b"hello");
        assert_eq!(parse(SALT, 48, &bytes), Parsed::Invalid);
        assert_eq!(parse(Salt(1), 40, &bytes), Parsed::Invalid);
        assert_eq!(parse(SALT, 40, &[0; HEADER]), Parsed::Invalid);
        assert_eq!(parse(SALT, 40, &bytes[..10]), Parsed::Invalid);
    }
}
