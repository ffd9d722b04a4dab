//! The conditions of a scan.

use std::ops::Range;

use crate::columns::{LogColumns, PointColumns, Source, SpanColumns, indexed};

/// Conditions on columns. A row matches if it satisfies all that are set; the default matches every
/// row.
///
/// The store checks blocks first, then rows. It reads no record for this.
#[derive(Debug, Clone, Default)]
pub struct Predicate {
    trace_id: Option<[u8; 16]>,
    span_id: Option<[u8; 8]>,
    service: Option<String>,
    name: Option<String>,
    since: Option<u64>,
    until: Option<u64>,
    errors_only: bool,
    min_severity: u8,
    sequences: Option<Range<u64>>,
}

impl Predicate {
    /// Sets the trace of spans and log records.
    #[must_use]
    pub fn trace_id(mut self, id: Option<[u8; 16]>) -> Self {
        self.trace_id = id;
        self
    }

    /// Sets the span of log records.
    #[must_use]
    pub fn span_id(mut self, id: Option<[u8; 8]>) -> Self {
        self.span_id = id;
        self
    }

    /// Sets the exact name of the service.
    #[must_use]
    pub fn service(mut self, name: Option<&str>) -> Self {
        self.service = name.map(|name| indexed(name).to_owned());
        self
    }

    /// Sets the exact name of spans or of the metric.
    #[must_use]
    pub fn name(mut self, name: Option<&str>) -> Self {
        self.name = name.map(|name| indexed(name).to_owned());
        self
    }

    /// Sets the earliest time, inclusive, in nanoseconds since the Unix epoch; for spans, of the
    /// start.
    #[must_use]
    pub fn since(mut self, time: Option<u64>) -> Self {
        self.since = time;
        self
    }

    /// Sets the latest time, inclusive, in nanoseconds since the Unix epoch; for spans, of the
    /// start.
    #[must_use]
    pub fn until(mut self, time: Option<u64>) -> Self {
        self.until = time;
        self
    }

    /// Sets whether only spans with an error match.
    #[must_use]
    pub fn errors_only(mut self, errors_only: bool) -> Self {
        self.errors_only = errors_only;
        self
    }

    /// Sets the lowest severity of log records.
    #[must_use]
    pub fn min_severity(mut self, severity: u8) -> Self {
        self.min_severity = severity;
        self
    }

    /// Sets the range of [sequence numbers](crate::Hit::sequence).
    #[must_use]
    pub fn sequences(mut self, range: Range<u64>) -> Self {
        self.sequences = Some(range);
        self
    }

    /// Returns the trace, if one is set.
    #[must_use]
    pub fn trace(&self) -> Option<[u8; 16]> {
        self.trace_id
    }

    /// Returns whether a name is set.
    #[must_use]
    pub fn has_name(&self) -> bool {
        self.name.is_some()
    }

    /// Returns the earliest and the latest time.
    pub(crate) fn period(&self) -> (Option<u64>, Option<u64>) {
        (self.since, self.until)
    }

    /// Returns the range of sequence numbers.
    pub(crate) fn numbers(&self) -> Option<&Range<u64>> {
        self.sequences.as_ref()
    }

    fn admits_time(&self, time: u64) -> bool {
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time <= until)
    }

    fn admits_source(&self, source: &Source) -> bool {
        self.service
            .as_deref()
            .is_none_or(|service| *source.service == *service)
    }

    fn admits_name(&self, name: &str) -> bool {
        self.name.as_deref().is_none_or(|wanted| *name == *wanted)
    }

    pub(crate) fn admits_span(&self, row: &SpanColumns) -> bool {
        self.trace_id.is_none_or(|id| row.trace_id == id)
            && self.admits_source(&row.source)
            && self.admits_name(&row.name)
            && self.admits_time(row.start)
            && (row.is_error || !self.errors_only)
    }

    pub(crate) fn admits_log(&self, row: &LogColumns) -> bool {
        self.trace_id.is_none_or(|id| row.trace_id == id)
            && self.span_id.is_none_or(|id| row.span_id == id)
            && self.admits_source(&row.source)
            && self.admits_time(row.time)
            && row.severity >= self.min_severity
    }

    pub(crate) fn admits_point(&self, row: &PointColumns) -> bool {
        self.admits_name(&row.metric.name)
            && self.admits_source(&row.source)
            && self.admits_time(row.time)
    }
}
