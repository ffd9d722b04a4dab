//! Decompression while the data arrives, stopping at the limit.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder as RawZstd, InBuffer, Operation, OutBuffer};

use super::budget::Lease;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Deflate,
    Zstd,
}

impl Encoding {
    /// The supported names, for the `Accept-Encoding` header of a response.
    pub(super) const NAMES: &'static str = "gzip, zstd, deflate, identity";

    /// Reads a content coding; an empty one means none.
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" | "none" => Some(Self::Identity),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" | "zlib" => Some(Self::Deflate),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Why decompression stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InflateError {
    /// One byte more would exceed the limit of a request.
    TooLarge,
    /// The budget of all requests is used up.
    NoBudget,
    /// The data does not match the encoding, or ends too early.
    Corrupt,
}

/// The decompressed bytes so far: bounded and charged before they are kept.
#[derive(Debug)]
struct Output {
    bytes: Vec<u8>,
    limit: usize,
    lease: Lease,
    fault: Option<InflateError>,
}

impl Output {
    fn push(&mut self, data: &[u8]) -> Result<(), InflateError> {
        let length = self.bytes.len() + data.len();
        if length > self.limit {
            return Err(InflateError::TooLarge);
        }
        if length > self.bytes.capacity() {
            // Doubles the capacity, up to the limit.
            let capacity = length.max(self.bytes.capacity() * 2).min(self.limit);
            if !self.lease.grow(capacity - self.bytes.capacity()) {
                return Err(InflateError::NoBudget);
            }
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self.push(data) {
            Ok(()) => Ok(data.len()),
            Err(fault) => {
                self.fault = Some(fault);
                Err(io::Error::other("no room"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Decompresses one body.
pub(super) struct Inflater {
    state: State,
}

enum State {
    Identity(Output),
    Gzip(Box<MultiGzDecoder<Output>>),
    Deflate {
        raw: Decompress,
        output: Output,
        chunk: Vec<u8>,
        ended: bool,
    },
    Zstd {
        raw: RawZstd<'static>,
        output: Output,
        chunk: Vec<u8>,
        ended: bool,
    },
}

/// Size of the pieces in which output is produced, and so how far a decompression bomb can exceed the limit
/// before it is stopped.
const CHUNK: usize = 32 << 10;

/// Largest zstd window, as a power of two: what the highest levels of common encoders use.
const ZSTD_WINDOW_LOG: u32 = 25;

impl Inflater {
    /// Makes a decompressor whose output is bounded by `limit` and charged to `lease`.
    pub(super) fn try_new(
        encoding: Encoding,
        limit: usize,
        lease: Lease,
    ) -> Result<Self, InflateError> {
        let output = Output {
            bytes: Vec::new(),
            limit,
            lease,
            fault: None,
        };
        let state = match encoding {
            Encoding::Identity => State::Identity(output),
            Encoding::Gzip => State::Gzip(Box::new(MultiGzDecoder::new(output))),
            Encoding::Deflate => State::Deflate {
                raw: Decompress::new(true),
                output,
                chunk: vec![0; CHUNK],
                ended: false,
            },
            Encoding::Zstd => {
                let mut raw = RawZstd::new().map_err(|_| InflateError::Corrupt)?;
                raw.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))
                    .map_err(|_| InflateError::Corrupt)?;
                State::Zstd {
                    raw,
                    output,
                    chunk: vec![0; CHUNK],
                    ended: false,
                }
            }
        };
        Ok(Self { state })
    }

    /// Takes the next piece of the body.
    pub(super) fn feed(&mut self, data: &[u8]) -> Result<(), InflateError> {
        if data.is_empty() {
            // HTTP/2 ends a body with an empty piece, which zstd would take for the start of a frame.
            return Ok(());
        }
        match &mut self.state {
            State::Identity(output) => output.push(data),
            State::Gzip(decoder) => decoder
                .write_all(data)
                .map_err(|_| decoder.get_ref().fault.unwrap_or(InflateError::Corrupt)),
            State::Deflate {
                raw,
                output,
                chunk,
                ended,
            } => inflate_zlib(raw, data, chunk, output, ended),
            State::Zstd {
                raw,
                output,
                chunk,
                ended,
            } => inflate_zstd(raw, data, chunk, output, ended),
        }
    }

    /// Ends the body and returns its content.
    pub(super) fn finish(self) -> Result<(Bytes, Lease), InflateError> {
        let output = match self.state {
            State::Identity(output) => output,
            State::Gzip(mut decoder) => {
                // Checks length and checksum of the last member, and that there is one.
                decoder
                    .try_finish()
                    .map_err(|_| decoder.get_ref().fault.unwrap_or(InflateError::Corrupt))?;
                decoder.finish().map_err(|_| InflateError::Corrupt)?
            }
            State::Deflate { output, ended, .. } | State::Zstd { output, ended, .. } => {
                if !ended {
                    return Err(InflateError::Corrupt);
                }
                output
            }
        };
        Ok((output.bytes.into(), output.lease))
    }
}

fn inflate_zlib(
    raw: &mut Decompress,
    mut data: &[u8],
    chunk: &mut [u8],
    output: &mut Output,
    ended: &mut bool,
) -> Result<(), InflateError> {
    loop {
        if data.is_empty() {
            return Ok(());
        }
        if *ended {
            // Something follows the end of the stream.
            return Err(InflateError::Corrupt);
        }
        let (read, written) = (raw.total_in(), raw.total_out());
        let status = raw
            .decompress(data, chunk, FlushDecompress::None)
            .map_err(|_| InflateError::Corrupt)?;
        // Both differences are bounded by the lengths of the slices that are passed.
        let read = (raw.total_in() - read) as usize;
        let written = (raw.total_out() - written) as usize;
        output.push(&chunk[..written])?;
        data = &data[read..];
        *ended = status == Status::StreamEnd;
        if read == 0 && written == 0 && !*ended {
            return Err(InflateError::Corrupt);
        }
    }
}

fn inflate_zstd(
    raw: &mut RawZstd<'static>,
    data: &[u8],
    chunk: &mut [u8],
    output: &mut Output,
    ended: &mut bool,
) -> Result<(), InflateError> {
    let mut input = InBuffer::around(data);
    loop {
        let mut out = OutBuffer::around(&mut *chunk);
        let hint = raw
            .run(&mut input, &mut out)
            .map_err(|_| InflateError::Corrupt)?;
        let written = out.pos();
        let full = written == out.capacity();
        output.push(&chunk[..written])?;
        // Zero means that a frame is complete; another one may follow.
        *ended = hint == 0;
        // After a full chunk there may be more output, unless the frame is complete.
        if input.pos() == data.len() && (*ended || !full) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
