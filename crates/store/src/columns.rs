//! The columns of the index in memory, one type for each signal.

use std::sync::Arc;

use crate::attributes::{Count, Mark};

/// The service and the instance of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Source {
    pub(crate) service: Box<str>,
    pub(crate) instance: Option<Box<str>>,
}

impl Source {
    /// Returns every text of the source.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.service).chain(self.instance.as_deref())
    }

    /// Returns `service.name`, or `unknown_service`.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Returns `service.instance.id`.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }
}

/// The columns of one span: 96 bytes plus interned names.
#[derive(Debug, Clone)]
pub struct SpanColumns {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    /// Zeros if there is none.
    pub(crate) parent_id: [u8; 8],
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) name: Arc<str>,
    pub(crate) source: Arc<Source>,
    pub(crate) counts: [u32; Count::ALL.len()],
    /// Length of the encoded span.
    pub(crate) size: u32,
    /// Checksum of the encoded span.
    pub(crate) content: u32,
    /// One bit for each [`Mark`].
    pub(crate) marks: u8,
    pub(crate) is_inference: bool,
    pub(crate) has_usage: bool,
    pub(crate) has_usable_times: bool,
    pub(crate) is_error: bool,
}

impl SpanColumns {
    /// Returns the trace id.
    #[must_use]
    pub fn trace_id(&self) -> &[u8; 16] {
        &self.trace_id
    }

    /// Returns the span id.
    #[must_use]
    pub fn span_id(&self) -> &[u8; 8] {
        &self.span_id
    }

    /// Returns the id of the parent; zeros if there is none.
    #[must_use]
    pub fn parent_id(&self) -> &[u8; 8] {
        &self.parent_id
    }

    /// Returns the start in nanoseconds since the Unix epoch, or the time of arrival if the start is
    /// unusable.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Returns the end in nanoseconds since the Unix epoch, or the start if the end is unusable.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Returns the first 1024 bytes of the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the service that sent the span.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Returns whether the span has no parent.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.parent_id == [0; 8]
    }

    /// Returns whether start and end are possible: neither zero, nor far from the time of arrival, nor
    /// in the wrong order.
    #[must_use]
    pub fn has_usable_times(&self) -> bool {
        self.has_usable_times
    }

    /// Returns whether the span is the call of a model.
    #[must_use]
    pub fn is_inference(&self) -> bool {
        self.is_inference
    }

    /// Returns whether the span has a number of tokens.
    #[must_use]
    pub fn has_usage(&self) -> bool {
        self.has_usage
    }

    /// Returns whether the status is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.is_error
    }

    /// Returns a count; zero if the span has none.
    #[must_use]
    pub fn count(&self, count: Count) -> u32 {
        self.counts[count as usize]
    }

    /// Returns whether the span has the attribute of `mark`.
    #[must_use]
    pub fn has(&self, mark: Mark) -> bool {
        self.marks & mark.bit() != 0
    }
}

/// The columns of one log record: 56 bytes plus interned names.
#[derive(Debug, Clone)]
pub struct LogColumns {
    pub(crate) time: u64,
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    pub(crate) source: Arc<Source>,
    /// Length of the encoded record.
    pub(crate) size: u32,
    pub(crate) severity: u8,
}

impl LogColumns {
    /// Returns the time of the record, or if unset, when it was observed, or else received.
    #[must_use]
    pub fn time(&self) -> u64 {
        self.time
    }

    /// Returns the trace id; zeros if there is none.
    #[must_use]
    pub fn trace_id(&self) -> &[u8; 16] {
        &self.trace_id
    }

    /// Returns the span id; zeros if there is none.
    #[must_use]
    pub fn span_id(&self) -> &[u8; 8] {
        &self.span_id
    }

    /// Returns the service that sent the record.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }
}

/// The columns of one data point: 40 bytes plus the interned metric.
#[derive(Debug, Clone)]
pub struct PointColumns {
    pub(crate) time: u64,
    pub(crate) series: u64,
    pub(crate) metric: Arc<Metric>,
    pub(crate) source: Arc<Source>,
    /// Offset of the metric in the request; the points of one metric are adjacent.
    pub(crate) offset: u32,
    /// Length of the encoded point.
    pub(crate) size: u32,
}

impl PointColumns {
    /// Returns the time in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn time(&self) -> u64 {
        self.time
    }

    /// Returns a hash of what identifies the series in the data model of OpenTelemetry: resource, scope,
    /// name, unit, kind, temporality and monotonicity of the metric, and attributes.
    #[must_use]
    pub fn series(&self) -> u64 {
        self.series
    }

    /// Returns the metric's description.
    #[must_use]
    pub fn metric(&self) -> &Metric {
        &self.metric
    }

    /// Returns the service that sent the point.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }
}

/// Name, unit, description and kind of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Metric {
    pub(crate) name: Box<str>,
    pub(crate) unit: Box<str>,
    pub(crate) description: Box<str>,
    pub(crate) kind: MetricKind,
    pub(crate) monotonic: Option<bool>,
    pub(crate) temporality: Option<&'static str>,
}

impl Metric {
    /// Returns every text of the metric.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        [&*self.name, &*self.unit, &*self.description].into_iter()
    }

    /// Returns the first 1024 bytes of the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the unit.
    #[must_use]
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Returns the first 1024 bytes of the description.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> MetricKind {
        self.kind
    }

    /// Returns whether a sum is monotonic; `None` for other kinds.
    #[must_use]
    pub fn monotonic(&self) -> Option<bool> {
        self.monotonic
    }

    /// Returns `delta` or `cumulative`; `None` if the kind has no temporality.
    #[must_use]
    pub fn temporality(&self) -> Option<&'static str> {
        self.temporality
    }
}

/// The five kinds of OTLP metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum MetricKind {
    /// A sum.
    Sum,
    /// A gauge.
    #[default]
    Gauge,
    /// A histogram with explicit bounds.
    Histogram,
    /// A histogram with exponential bounds.
    ExponentialHistogram,
    /// A summary.
    Summary,
}

impl MetricKind {
    /// Returns the name in snake case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            MetricKind::Sum => "sum",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
            MetricKind::ExponentialHistogram => "exponential_histogram",
            MetricKind::Summary => "summary",
        }
    }
}

/// The index keeps this many bytes of a name, so that senders cannot fill the memory.
const LONGEST_NAME: usize = 1024;

/// Returns what the index keeps of a name.
pub(crate) fn indexed(name: &str) -> &str {
    &name[..name.floor_char_boundary(LONGEST_NAME)]
}
