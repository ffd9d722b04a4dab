//! From bytes to a batch of sound records.

use bytes::Bytes;

use super::body::Charged;
use super::budget::Lease;
use super::media::Media;
use super::problem::Problem;
use crate::{Batch, Rejections, Signal};

/// A batch, and what had to be left out of it.
pub(super) type Decoded = (Batch, Rejections);

/// From here on decoding takes long enough (a millisecond or so) to be moved off the threads that
/// serve the sockets.
const LARGE: usize = 256 << 10;

/// Decodes a body. Its share of the budget comes back with the batch: the work goes on, and holds
/// memory, even if nobody waits for it any more.
pub(super) async fn decode(
    signal: Signal,
    media: Media,
    body: Charged,
) -> Result<(Decoded, Lease), Problem> {
    let Charged { bytes, lease } = body;
    if bytes.len() < LARGE {
        return Ok((decode_now(signal, media, bytes)?, lease));
    }
    let work = move || decode_now(signal, media, bytes).map(|decoded| (decoded, lease));
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Problem::shutting_down()),
        },
    }
}

fn decode_now(signal: Signal, media: Media, bytes: Bytes) -> Result<Decoded, Problem> {
    match media {
        Media::Protobuf => Batch::from_protobuf(signal, bytes)
            .map_err(|error| Problem::malformed(signal, "", &error.to_string())),
        Media::Json => Batch::from_json(signal, &bytes)
            .map_err(|error| Problem::malformed(signal, error.path(), &error.problem())),
    }
}
