//! How much the store keeps, and which segments have to go.

use std::time::Duration;

use crate::segment::{Records, SegmentView};

/// The limits of the store; whole segments go, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// Bytes on disk, never exceeded.
    pub max_bytes: u64,
    /// How long telemetry is kept after it arrived; `None` keeps it for ever.
    pub max_age: Option<Duration>,
    /// Spans, log records and data points together; bounds the index in memory.
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

/// A store is cut into about this many segments, so that one eviction costs this share of it.
const SEGMENTS: u64 = 16;

const SMALLEST_SEGMENT: u64 = 64 << 10;
const LARGEST_SEGMENT: u64 = 64 << 20;

impl Retention {
    fn segment_bytes(&self) -> u64 {
        (self.max_bytes / SEGMENTS).clamp(SMALLEST_SEGMENT, LARGEST_SEGMENT)
    }

    /// Tells whether a segment is to be closed before `frame` more bytes arrive at `now`.
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

    /// Counts how many of the oldest segments must go so that `frame` more bytes and
    /// `records` more records fit; the last segment is among them only when it is too old.
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

/// Returns when the last frame of `segment` arrived; nothing arrived after the next one was begun,
/// even if the clock said so.
fn arrived(segment: &SegmentView, next: Option<&SegmentView>) -> u64 {
    let begun = next.map(|next| next.segment.header.created);
    // A damaged header says zero.
    let begun = begun.filter(|created| *created != 0);
    begun.map_or(segment.last_received, |created| {
        segment.last_received.min(created)
    })
}

/// Returns a duration in nanoseconds; the longest there is for what is longer.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
