//! The checks that a single record must pass.
//!
//! A record that fails is taken out and counted; the rest of its request goes on. The rules keep
//! what stands behind a receiver from ever seeing an id of the wrong length or a span without
//! identity (which is also what most records posted to another signal's path decode to). What is
//! merely odd passes: the specification's own example has a histogram of three buckets and one bound.

mod logs;
mod metrics;
mod traces;

use std::fmt;

use serde::Serialize;

use crate::Request;

/// Why a single record was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RejectedReason {
    /// A span's trace id is not 16 bytes or all zero, or a log record's is neither empty nor
    /// 16 bytes.
    TraceId,
    /// A span's own id is not 8 bytes or all zero, or a log record's is neither empty nor 8 bytes.
    SpanId,
    /// The parent's id is neither empty nor 8 bytes.
    ParentSpanId,
    /// A link holds an id of the wrong length.
    Link,
    /// An exemplar holds an id of the wrong length.
    Exemplar,
    /// The metric has no name.
    MetricName,
    /// The consumer rejected it.
    Consumer,
}

impl RejectedReason {
    /// All reasons.
    pub const ALL: [Self; 7] = [
        Self::TraceId,
        Self::SpanId,
        Self::ParentSpanId,
        Self::Link,
        Self::Exemplar,
        Self::MetricName,
        Self::Consumer,
    ];
}

/// The records that a request lost to the checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejections {
    counts: [u64; RejectedReason::ALL.len()],
    first: Option<String>,
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

    fn add(&mut self, place: impl fmt::Display, fault: Fault, records: u64) {
        self.counts[fault.reason as usize] += records;
        self.first
            .get_or_insert_with(|| format!("{place}{}: {}", fault.field, fault.problem));
    }
}

/// Takes the unsound records out of a request.
#[must_use]
pub fn remove_invalid(request: &mut Request) -> Rejections {
    let mut rejections = Rejections::default();
    match request {
        Request::Traces(request) => traces::remove_invalid(request, &mut rejections),
        Request::Metrics(request) => metrics::remove_invalid(request, &mut rejections),
        Request::Logs(request) => logs::remove_invalid(request, &mut rejections),
    }
    rejections
}

/// What is wrong with one record.
struct Fault {
    reason: RejectedReason,
    /// Path of the field below the record, starting with a dot.
    field: String,
    problem: String,
}

impl Fault {
    fn new(reason: RejectedReason, field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            reason,
            field: field.into(),
            problem: problem.into(),
        }
    }
}

const TRACE_ID: usize = 16;
const SPAN_ID: usize = 8;

/// Says what is wrong with an id that must be there.
fn required(id: &[u8], length: usize) -> Option<String> {
    if id.len() != length {
        Some(format!("must be {length} bytes, got {}", id.len()))
    } else if id.iter().all(|byte| *byte == 0) {
        Some("must not be all zero".to_owned())
    } else {
        None
    }
}

/// Says what is wrong with an id that may be absent. All zero is an old way to say absent.
fn optional(id: &[u8], length: usize) -> Option<String> {
    let sound = id.is_empty() || id.len() == length;
    (!sound).then(|| format!("must be empty or {length} bytes, got {}", id.len()))
}
