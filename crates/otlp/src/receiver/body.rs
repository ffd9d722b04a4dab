//! Reading a request body within the limits.

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;

use super::budget::{Budget, Lease};
use super::inflate::{Encoding, InflateError, Inflater};
use crate::Limits;

/// How the message is framed in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// The body is the message.
    Whole,
    /// The message follows a flag byte and a four-byte length, as in gRPC.
    Grpc,
}

/// The decompressed body, and its share of the budget, which lasts until the request is answered.
pub(super) struct Charged {
    pub(super) bytes: Bytes,
    pub(super) lease: Lease,
}

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    #[error("is larger than the limit of {0} bytes, which counts after decompression")]
    TooLarge(usize),
    #[error("needs memory that other requests use")]
    NoBudget,
    #[error("took too long to arrive")]
    Slow,
    #[error("ended before it was complete")]
    Aborted,
    #[error("does not decompress as its encoding says")]
    Corrupt,
    #[error("is not one length-prefixed message")]
    Frame,
    #[error("is flagged as compressed but names no encoding")]
    NoEncoding,
}

/// Reads and decompresses a body.
pub(super) async fn read(
    body: Body,
    framing: Framing,
    encoding: Encoding,
    limits: &Limits,
    budget: &Budget,
) -> Result<Charged, BodyError> {
    let limit = limits.request_bytes;
    // A body whose announced length is over the limit is rejected without reading it.
    let lower = http_body::Body::size_hint(&body).lower();
    let overhead = if framing == Framing::Grpc {
        FRAME_HEADER
    } else {
        0
    };
    if lower > (limit + overhead) as u64 {
        return Err(BodyError::TooLarge(limit));
    }
    let reading = async {
        match framing {
            Framing::Whole => read_whole(body, encoding, limit, budget.lease()).await,
            Framing::Grpc => read_frame(body, encoding, limit, budget.lease()).await,
        }
    };
    let read = tokio::time::timeout(limits.read_timeout, reading).await;
    let (bytes, lease) = read.map_err(|_| BodyError::Slow)??;
    Ok(Charged { bytes, lease })
}

async fn read_whole(
    mut body: Body,
    encoding: Encoding,
    limit: usize,
    lease: Lease,
) -> Result<(Bytes, Lease), BodyError> {
    let stop = |error| BodyError::new(error, limit);
    let mut inflater = Inflater::try_new(encoding, limit, lease).map_err(stop)?;
    while let Some(data) = next(&mut body).await? {
        feed(&mut inflater, &data, encoding).await.map_err(stop)?;
    }
    inflater.finish().map_err(stop)
}

const FRAME_HEADER: usize = 5;

async fn read_frame(
    mut body: Body,
    encoding: Encoding,
    limit: usize,
    lease: Lease,
) -> Result<(Bytes, Lease), BodyError> {
    let stop = |error| BodyError::new(error, limit);
    let mut header = Vec::with_capacity(FRAME_HEADER);
    let mut rest = Bytes::new();
    while header.len() < FRAME_HEADER {
        rest = next(&mut body).await?.ok_or(BodyError::Frame)?;
        let taken = rest.split_to(rest.len().min(FRAME_HEADER - header.len()));
        header.extend_from_slice(&taken);
    }
    let encoding = match header[0] {
        0 => Encoding::Identity,
        1 if encoding == Encoding::Identity => return Err(BodyError::NoEncoding),
        1 => encoding,
        _ => return Err(BodyError::Frame),
    };
    let length = header[1..]
        .iter()
        .fold(0, |length, byte| length << 8 | usize::from(*byte));
    if length > limit {
        return Err(BodyError::TooLarge(limit));
    }
    let mut inflater = Inflater::try_new(encoding, limit, lease).map_err(stop)?;
    let mut missing = length;
    loop {
        // Bytes after the message would be a second message, which a unary call does not have.
        missing = missing.checked_sub(rest.len()).ok_or(BodyError::Frame)?;
        feed(&mut inflater, &rest, encoding).await.map_err(stop)?;
        match next(&mut body).await? {
            Some(data) => rest = data,
            None if missing == 0 => return inflater.finish().map_err(stop),
            None => return Err(BodyError::Aborted),
        }
    }
}

/// How many compressed bytes are inflated before yielding. A decompression bomb expands each to about a thousand.
const PORTION: usize = 1 << 10;

/// Inflates a piece of the body, and lets other requests run in between.
async fn feed(
    inflater: &mut Inflater,
    data: &[u8],
    encoding: Encoding,
) -> Result<(), InflateError> {
    if encoding == Encoding::Identity {
        return inflater.feed(data);
    }
    for portion in data.chunks(PORTION) {
        inflater.feed(portion)?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Returns the next piece of data; trailers are skipped.
async fn next(body: &mut Body) -> Result<Option<Bytes>, BodyError> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(|_| BodyError::Aborted)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

impl BodyError {
    fn new(error: InflateError, limit: usize) -> Self {
        match error {
            InflateError::TooLarge => Self::TooLarge(limit),
            InflateError::NoBudget => Self::NoBudget,
            InflateError::Corrupt => Self::Corrupt,
        }
    }
}
