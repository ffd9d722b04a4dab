//! The settings of a journal.

use crate::OpenError;
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What happens when a journal has reached its limit of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenFull {
    /// Appending fails until segments that every cursor has passed are pruned.
    #[default]
    Refuse,
    /// The oldest segments are removed, even if a cursor has not passed them yet. The loss is counted in
    /// [`Pruned`](crate::Pruned), and reported to the affected readers.
    DropOldest,
}

/// The settings of a journal: limits and retention.
#[derive(Clone)]
pub struct Options {
    pub(crate) segment_bytes: u64,
    pub(crate) max_record: usize,
    pub(crate) max_bytes: u64,
    pub(crate) max_age: Option<Duration>,
    pub(crate) when_full: WhenFull,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl Options {
    /// Returns the defaults: segments of 8 MiB, records of at most 4 MiB, 256 MiB in total, any age;
    /// appending fails when full.
    pub fn new() -> Self {
        Self {
            segment_bytes: 8 << 20,
            max_record: 4 << 20,
            max_bytes: 256 << 20,
            max_age: None,
            when_full: WhenFull::Refuse,
            clock: Arc::new(SystemTime::now),
        }
    }

    /// Sets the size at which a segment is closed and the next one begins. Retention removes whole segments.
    #[must_use]
    pub fn with_segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = bytes;
        self
    }

    /// Sets the limit of one record in bytes.
    #[must_use]
    pub fn with_max_record(mut self, bytes: usize) -> Self {
        self.max_record = bytes;
        self
    }

    /// Sets the limit of all segments together in bytes.
    #[must_use]
    pub fn with_max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets the age at which [`Journal::prune`](crate::Journal::prune) removes a segment.
    #[must_use]
    pub fn with_max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Sets what happens when the journal is full.
    #[must_use]
    pub fn with_when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// Sets the wall clock by which segments age.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Returns the time in milliseconds since the Unix epoch.
    pub(crate) fn now(&self) -> u64 {
        let since = (self.clock)()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn check(&self) -> Result<(), OpenError> {
        let record = crate::frame::size(self.max_record);
        if self.max_record == 0 || u32::try_from(self.max_record).is_err() {
            return Err(OpenError::Options(
                "a record may have 1 byte to 4 GiB; set max_record accordingly",
            ));
        }
        if self.segment_bytes < record {
            return Err(OpenError::Options(
                "the largest record does not fit into a segment; raise segment_bytes or lower max_record",
            ));
        }
        if self.max_bytes < self.segment_bytes.saturating_add(2 * crate::segment::START) {
            return Err(OpenError::Options(
                "one segment is larger than the whole journal may be; raise max_bytes or lower segment_bytes",
            ));
        }
        Ok(())
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("segment_bytes", &self.segment_bytes)
            .field("max_record", &self.max_record)
            .field("max_bytes", &self.max_bytes)
            .field("max_age", &self.max_age)
            .field("when_full", &self.when_full)
            .finish_non_exhaustive()
    }
}
