//! Fits records into a response of limited size.

use glassbox_otlp::wire::Record;
use glassbox_store::{Columns, Hit, fetch};
use serde_json::Value;
use serde_json::value::RawValue;

use super::cut::RECORD_BYTES;

/// The default limit of a response in bytes.
const ANSWER_BYTES: usize = 8 << 20;

/// JSON takes about this much more than the encoded record: names of fields, resource and scope.
const OVERHEAD: usize = 512;

/// Returns the limit in bytes of a response that may have `max_records` records.
///
/// A higher limit of records also raises the limit of bytes.
pub(crate) fn answer_bytes(max_records: usize) -> usize {
    ANSWER_BYTES.max(max_records.saturating_mul(512))
}

/// Renders the records of `hits` in their order, until `budget` bytes are used.
///
/// The result has one item for each hit that was considered, `None` for a record that cannot be read.
/// It is shorter than `hits` if the rest does not fit. The first record always fits.
pub(super) fn fit<C: Columns>(
    hits: &[Hit<'_, C>],
    budget: usize,
    mut render: impl FnMut(&Hit<'_, C>, &Record<'_>) -> Value,
) -> Vec<Option<Box<RawValue>>> {
    let make = |some: &[Hit<'_, C>], record: &Record<'_>, places: &[usize], made: &mut [_]| {
        for place in places {
            let value = render(&some[*place], record);
            made[*place] = serde_json::value::to_raw_value(&value).ok();
        }
    };
    fit_with(hits, budget, make, |_, one| one.get().len() + 1)
}

/// Makes items of `hits` in their order, until their sizes add up to `budget`.
///
/// `make` gets some of the hits, a record, the indices of those hits that are in the record, and the items
/// to fill in, one for each of the given hits. The result is as for [`fit`].
///
/// # Bounds
/// Only as many items are made at a time as are expected to fit.
pub(super) fn fit_with<'v, C: Columns, T>(
    hits: &[Hit<'v, C>],
    budget: usize,
    mut make: impl FnMut(&[Hit<'v, C>], &Record<'_>, &[usize], &mut [Option<T>]),
    mut size: impl FnMut(&Hit<'v, C>, &T) -> usize,
) -> Vec<Option<T>> {
    let (mut fitted, mut left) = (Vec::new(), budget);
    while fitted.len() < hits.len() {
        let rest = &hits[fitted.len()..];
        let some = &rest[..expected(rest, left)];
        let mut made: Vec<Option<T>> = some.iter().map(|_| None).collect();
        fetch(some, |record, places| make(some, record, places, &mut made));
        for (hit, one) in some.iter().zip(made) {
            let bytes = one.as_ref().map_or(0, |one| size(hit, one));
            if bytes > left && !fitted.is_empty() {
                return fitted;
            }
            left = left.saturating_sub(bytes);
            fitted.push(one);
        }
    }
    fitted
}

/// Counts the hits whose records are expected to fit into `budget`, at least one.
fn expected<C: Columns>(hits: &[Hit<'_, C>], budget: usize) -> usize {
    let mut bytes = 0;
    let fitting = hits.iter().take_while(|hit| {
        bytes += hit.size().min(RECORD_BYTES) + OVERHEAD;
        bytes <= budget
    });
    fitting.count().clamp(1, hits.len().max(1))
}
