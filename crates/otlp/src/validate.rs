//! The checks that a single record must pass.
//!
//! A record that fails is removed and counted; the rest of its request is processed. The rules guarantee
//! that a consumer never gets an id of the wrong length or a span without ids (most records posted to
//! another signal's path decode to such a span). Records that are merely odd pass: the specification's own
//! example has a histogram of three buckets and one bound.

pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod traces;

use std::fmt;

use crate::rejections::{Fault, RejectedReason, Rejections};
use crate::{Request, Signal};

/// The path of a record: of a span, a log record or a metric.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    signal: Signal,
    indexes: [usize; 3],
}

impl Place {
    /// Makes the path from the indexes of the resource, the scope and the record.
    pub(crate) const fn new(signal: Signal, indexes: [usize; 3]) -> Self {
        Self { signal, indexes }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (resource, scope, record) = match self.signal {
            Signal::Traces => ("resourceSpans", "scopeSpans", "spans"),
            Signal::Metrics => ("resourceMetrics", "scopeMetrics", "metrics"),
            Signal::Logs => ("resourceLogs", "scopeLogs", "logRecords"),
        };
        let [r, s, i] = self.indexes;
        write!(f, "{resource}[{r}].{scope}[{s}].{record}[{i}]")
    }
}

/// Removes the invalid records from a request.
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

const TRACE_ID: usize = 16;
const SPAN_ID: usize = 8;

/// Returns what is wrong with a required id.
fn required(id: &[u8], length: usize) -> Option<String> {
    if id.len() != length {
        Some(format!("must be {length} bytes, got {}", id.len()))
    } else if id.iter().all(|byte| *byte == 0) {
        Some("must not be all zero".to_owned())
    } else {
        None
    }
}

/// Returns what is wrong with an optional id. Older senders encode an absent id as all zero.
fn optional(id: &[u8], length: usize) -> Option<String> {
    let sound = id.is_empty() || id.len() == length;
    (!sound).then(|| format!("must be empty or {length} bytes, got {}", id.len()))
}
