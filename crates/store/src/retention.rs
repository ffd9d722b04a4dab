//! How much the store keeps, and which segments are evicted.

use std::time::Duration;

use crate::segment::SegmentView;

/// The limits of the store. Whole segments are evicted, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// Bytes on disk, never exceeded.
    pub max_bytes: u64,
    /// How long telemetry is kept after it arrived; `None` is forever.
    pub max_age: Option<Duration>,
    /// Number of spans, log records and data points together. Bounds the index in memory, at 288 bytes for
    /// each; long names count towards it as well.
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

/// What one record may take in the index, on average: as much as one that arrives in its own request takes.
const RECORD_MEMORY: u64 = 288;

const LEAST_MEMORY: u64 = 4 << 20;

const SMALLEST_SEGMENT: u64 = 64 << 10;
const LARGEST_SEGMENT: u64 = 64 << 20;

impl Retention {
    /// Returns the limit of records of one request: a quarter of the store's limit, but at least 65 536,
    /// unless the store's limit is lower.
    pub(crate) fn request_records(&self) -> u64 {
        (self.max_records / 4).max(1 << 16).min(self.max_records)
    }

    /// Returns the limit of the memory that the index may take.
    pub(crate) fn memory(&self) -> u64 {
        self.max_records
            .saturating_mul(RECORD_MEMORY)
            .max(LEAST_MEMORY)
    }

    /// Returns the limit of the names that one request may add to the index.
    pub(crate) fn request_names(&self) -> u64 {
        self.memory() / 4
    }

    fn segment_bytes(&self) -> u64 {
        (self.max_bytes / SEGMENTS).clamp(SMALLEST_SEGMENT, LARGEST_SEGMENT)
    }

    /// Returns whether to close a segment before `more` is added at `now`.
    pub(crate) fn is_full(&self, segment: &SegmentView, more: Size, now: u64) -> bool {
        if segment.blocks.is_empty() {
            return false;
        }
        segment.bytes + more.bytes > self.segment_bytes()
            || segment.records.total() + more.records.max(1) > (self.max_records / SEGMENTS).max(1)
            || segment.memory + more.memory > self.memory() / SEGMENTS
            || self.max_age.is_some_and(|age| {
                now.saturating_sub(segment.segment.header.created) >= nanos(age) / SEGMENTS
            })
    }

    /// Counts the oldest segments to evict so that `more` fits. The newest segment is among them if it is
    /// too old, or if `more` does not fit beside it.
    pub(crate) fn excess(&self, segments: &[SegmentView], more: Size, now: u64) -> usize {
        let mut held = segments.iter().map(Size::of).fold(more, Size::plus);
        let oldest = now.saturating_sub(self.max_age.map_or(now, nanos));
        let mut excess = 0;
        for (place, segment) in segments.iter().enumerate() {
            let next = segments.get(place + 1);
            let fits = held.bytes <= self.max_bytes
                && held.records <= self.max_records
                && held.memory <= self.memory();
            let too_old = arrived(segment, next) < oldest;
            let stays = next.is_none() && more.records == 0;
            if !too_old && (fits || stays) {
                break;
            }
            held = held.minus(Size::of(segment));
            excess += 1;
        }
        excess
    }
}

/// What segments take, or a request that is to be added.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Size {
    /// On disk.
    pub(crate) bytes: u64,
    pub(crate) records: u64,
    /// In the index.
    pub(crate) memory: u64,
}

impl Size {
    fn of(segment: &SegmentView) -> Self {
        Self {
            bytes: segment.bytes,
            records: segment.records.total(),
            memory: segment.memory,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            records: self.records + other.records,
            memory: self.memory + other.memory,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes - other.bytes,
            records: self.records - other.records,
            memory: self.memory - other.memory,
        }
    }
}

/// Returns when the last frame of `segment` arrived. This is not after the creation of the next segment,
/// even if the clock was wrong.
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
