//! How much the store keeps, and which segments are evicted.

use std::time::Duration;

use crate::segment::{Records, SegmentView};

/// The limits of the store. Whole segments are evicted, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// Bytes on disk, never exceeded.
    pub max_bytes: u64,
    /// How long telemetry is kept after it arrived; `None` is forever.
    pub max_age: Option<Duration>,
    /// Number of spans, log records and data points together. Bounds the index in memory.
    pub max_records: u64,
}

impl Default for Retention {
    /// 1 GiB, 7 days and a million records.
    fn default() -> Self {
        Self {
            max_bytes: 1 << 30,
            max_age: Some(Duration::from_secs(7 * 24 * 3600)),
            max_records: 1_000_000,
        }
    }
}

/// A full store has about this many segments, so one eviction removes that fraction of it.
const SEGMENTS: u64 = 16;

const SMALLEST_SEGMENT: u64 = 64 << 10;
const LARGEST_SEGMENT: u64 = 64 << 20;

impl Retention {
    fn segment_bytes(&self) -> u64 {
        (self.max_bytes / SEGMENTS).clamp(SMALLEST_SEGMENT, LARGEST_SEGMENT)
    }

    /// Returns whether to close a segment before `frame` more bytes are written at `now`.
    pub(crate) fn is_full(&self, segment: &SegmentView, frame: u64, now: u64) -> bool {
        if segment.blocks.is_empty() {
            return false;
        }
        segment.bytes + frame > self.segment_bytes()
            || segment.records.total() >= (self.max_records / SEGMENTS).max(1)
            || self.max_age.is_some_and(|age| {
                now.saturating_sub(segment.segment.header.created) >= nanos(age) / SEGMENTS
            })
    }

    /// Counts the oldest segments to evict so that `frame` more bytes and `records` more records
    /// fit. The newest segment is among them only if it is too old.
    pub(crate) fn excess(
        &self,
        segments: &[SegmentView],
        frame: u64,
        records: u64,
        now: u64,
    ) -> usize {
        let mut bytes = frame + segments.iter().map(|segment| segment.bytes).sum::<u64>();
        let held = segments
            .iter()
            .fold(Records::default(), |sum, next| sum.plus(next.records));
        let mut records = records + held.total();
        let oldest = now.saturating_sub(self.max_age.map_or(now, nanos));
        let mut excess = 0;
        for (place, segment) in segments.iter().enumerate() {
            let next = segments.get(place + 1);
            let fits = bytes <= self.max_bytes && records <= self.max_records;
            let too_old = arrived(segment, next) < oldest;
            if !too_old && (fits || next.is_none()) {
                break;
            }
            bytes -= segment.bytes;
            records -= segment.records.total();
            excess += 1;
        }
        excess
    }
}

/// Returns when the last frame of `segment` arrived. No frame arrived after the next segment was
/// created, even if the clock said so.
fn arrived(segment: &SegmentView, next: Option<&SegmentView>) -> u64 {
    let begun = next.map(|next| next.segment.header.created);
    // It is zero if the header is damaged.
    let begun = begun.filter(|created| *created != 0);
    begun.map_or(segment.last_received, |created| {
        segment.last_received.min(created)
    })
}

/// Returns a duration in nanoseconds, saturating.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
