//! What the checks removed from a request or changed in it.

use std::fmt;

use serde::Serialize;

/// Why a single record was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RejectedReason {
    /// A span's trace id is all zero or not 16 bytes long, or a log record's is neither empty nor 16 bytes.
    TraceId,
    /// A span's own id is all zero or not 8 bytes long, or a log record's is neither empty nor 8 bytes.
    SpanId,
    /// The parent's id is neither empty nor 8 bytes.
    ParentSpanId,
    /// A link holds an id of the wrong length.
    Link,
    /// An exemplar holds an id of the wrong length.
    Exemplar,
    /// The metric has no name.
    MetricName,
    /// A field has the wrong type, or the record cannot be decoded for another reason.
    Malformed,
    /// The consumer rejected it.
    Consumer,
}

impl RejectedReason {
    /// All reasons.
    pub const ALL: [Self; 8] = [
        Self::TraceId,
        Self::SpanId,
        Self::ParentSpanId,
        Self::Link,
        Self::Exemplar,
        Self::MetricName,
        Self::Malformed,
        Self::Consumer,
    ];
}

/// What the checks removed from a request or changed in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejections {
    counts: [u64; RejectedReason::ALL.len()],
    first: Option<String>,
    mended: u64,
    unknown: Option<String>,
}

impl Rejections {
    /// Returns how many records were rejected.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns whether every record passed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Returns the reasons that occurred, with the number of records each.
    pub fn reasons(&self) -> impl Iterator<Item = (RejectedReason, u64)> + '_ {
        let counts = RejectedReason::ALL.into_iter().zip(self.counts);
        counts.filter(|(_, count)| *count > 0)
    }

    /// Returns where the first rejected record was and what was wrong with it.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.first.as_deref()
    }

    /// Returns how many strings were not valid Unicode; U+FFFD replaces what was invalid in them.
    #[must_use]
    pub const fn mended(&self) -> u64 {
        self.mended
    }

    /// Returns the first unknown field outside of records. Unknown fields are ignored, but a request that
    /// has nothing else is probably not what its sender intended.
    #[must_use]
    pub fn unknown(&self) -> Option<&str> {
        self.unknown.as_deref()
    }

    pub(crate) fn add(&mut self, place: impl fmt::Display, fault: Fault, records: u64) {
        self.counts[fault.reason as usize] += records;
        self.first
            .get_or_insert_with(|| format!("{place}{}: {}", fault.field, fault.problem));
    }

    /// Counts records that could not be decoded.
    pub(crate) fn malformed(&mut self, place: impl fmt::Display, problem: &str, records: u64) {
        let fault = Fault::new(RejectedReason::Malformed, "", problem);
        self.add(place, fault, records);
    }

    pub(crate) const fn count_mended(&mut self, strings: u64) {
        self.mended += strings;
    }

    pub(crate) fn note_unknown(&mut self, field: impl FnOnce() -> String) {
        self.unknown.get_or_insert_with(field);
    }

    /// Adds what a later check found.
    pub(crate) fn append(&mut self, later: Self) {
        for (count, more) in self.counts.iter_mut().zip(later.counts) {
            *count += more;
        }
        self.first = self.first.take().or(later.first);
        self.mended += later.mended;
        self.unknown = self.unknown.take().or(later.unknown);
    }
}

/// What is wrong with one record.
pub(crate) struct Fault {
    reason: RejectedReason,
    /// Path of the field below the record, starting with a dot.
    field: String,
    problem: String,
}

impl Fault {
    pub(crate) fn new(
        reason: RejectedReason,
        field: impl Into<String>,
        problem: impl Into<String>,
    ) -> Self {
        Self {
            reason,
            field: field.into(),
            problem: problem.into(),
        }
    }
}
