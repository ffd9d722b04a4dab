//! Decodes a body into a batch of valid records.

use super::body::Charged;
use super::budget::Lease;
use super::media::Media;
use super::problem::Problem;
use crate::cost::Meter;
use crate::sift::SiftError;
use crate::{Batch, Limits, Rejections, Signal};

/// A batch, and what had to be left out of it.
pub(super) type Decoded = (Batch, Rejections);

/// The size from which decoding takes long enough (a millisecond or so) to be moved off the threads that
/// serve the sockets.
const LARGE: usize = 256 << 10;

/// Decodes a body and charges the cost. Returns its share of the budget with the batch: decoding continues,
/// and holds memory, even if the caller stops waiting.
pub(super) async fn decode(
    signal: Signal,
    media: Media,
    body: Charged,
    limits: &Limits,
) -> Result<(Decoded, Lease), Problem> {
    if body.bytes.len() < LARGE {
        return decode_now(signal, media, body, limits);
    }
    let limits = limits.clone();
    let work = move || decode_now(signal, media, body, &limits);
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Problem::shutting_down()),
        },
    }
}

fn decode_now(
    signal: Signal,
    media: Media,
    body: Charged,
    limits: &Limits,
) -> Result<(Decoded, Lease), Problem> {
    let Charged { bytes, mut lease } = body;
    let drawn = lease.bytes() as u64;
    let grow = |bytes| usize::try_from(bytes).is_ok_and(|bytes| lease.grow(bytes));
    let mut meter = Meter::new(limits.request_memory as u64, drawn, grow);
    let overrun = |overrun| Problem::overrun(overrun, limits.retry_after);
    let decoded = match media {
        Media::Protobuf => {
            Batch::read_protobuf(signal, bytes, &mut meter).map_err(|error| match error {
                SiftError::Malformed(flaw) => Problem::malformed(signal, "", &flaw.to_string()),
                SiftError::Overrun(error) => overrun(error),
            })
        }
        Media::Json => {
            Batch::read_json(signal, bytes, &mut meter).map_err(|error| match error.as_overrun() {
                Some(error) => overrun(error),
                None => Problem::malformed(signal, error.path(), &error.problem()),
            })
        }
    };
    drop(meter);
    Ok((decoded?, lease))
}
