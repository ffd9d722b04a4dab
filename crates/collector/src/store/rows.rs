//! What the index keeps of each record: a few columns and where the record lies.

use std::sync::Arc;

/// Who sent a record: the service and the instance of its resource.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    pub(crate) service: Box<str>,
    pub(crate) instance: Option<Box<str>>,
}

/// One span: 80 bytes beside the shared names.
#[derive(Debug, Clone)]
pub(crate) struct SpanRow {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) name: Arc<str>,
    pub(crate) source: Arc<Source>,
    /// `gen_ai.usage.*`, only of spans whose operation is `chat`.
    pub(crate) input_tokens: u32,
    pub(crate) output_tokens: u32,
    pub(crate) is_root: bool,
    pub(crate) is_error: bool,
    /// Whether the span carries `glassbox.question`.
    pub(crate) has_question: bool,
}

/// One log record: 48 bytes beside the shared names.
#[derive(Debug, Clone)]
pub(crate) struct LogRow {
    /// When it happened; if the sender did not say, when it was observed, or else received.
    pub(crate) time: u64,
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    pub(crate) source: Arc<Source>,
    pub(crate) severity: u8,
}

/// One data point: 40 bytes beside the shared metric.
#[derive(Debug, Clone)]
pub(crate) struct PointRow {
    pub(crate) time: u64,
    /// Hash of resource, metric and attributes.
    pub(crate) series: u64,
    pub(crate) metric: Arc<Metric>,
    pub(crate) source: Arc<Source>,
    /// Where the metric lies that holds this point; its points follow each other.
    pub(crate) offset: u32,
}

/// What a metric says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Metric {
    pub(crate) name: Box<str>,
    pub(crate) unit: Box<str>,
    pub(crate) description: Box<str>,
    pub(crate) kind: MetricKind,
    pub(crate) monotonic: Option<bool>,
    pub(crate) temporality: Option<&'static str>,
}

/// The five shapes of OTLP metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum MetricKind {
    Sum,
    #[default]
    Gauge,
    Histogram,
    ExponentialHistogram,
    Summary,
}

impl MetricKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            MetricKind::Sum => "sum",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
            MetricKind::ExponentialHistogram => "exponential_histogram",
            MetricKind::Summary => "summary",
        }
    }
}

/// The rows of one block, in wire order.
#[derive(Debug)]
pub(crate) enum Rows {
    Spans(Box<[SpanRow]>),
    Logs(Box<[LogRow]>),
    Points(Box<[PointRow]>),
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        match self {
            Rows::Spans(rows) => rows.len(),
            Rows::Logs(rows) => rows.len(),
            Rows::Points(rows) => rows.len(),
        }
    }

    /// Returns the earliest and the latest time; `(u64::MAX, 0)` of no rows.
    pub(crate) fn time_range(&self) -> (u64, u64) {
        fn range(times: impl Iterator<Item = (u64, u64)>) -> (u64, u64) {
            times.fold((u64::MAX, 0), |(low, high), (start, end)| {
                (low.min(start), high.max(end))
            })
        }
        match self {
            Rows::Spans(rows) => range(rows.iter().map(|row| (row.start, row.end.max(row.start)))),
            Rows::Logs(rows) => range(rows.iter().map(|row| (row.time, row.time))),
            Rows::Points(rows) => range(rows.iter().map(|row| (row.time, row.time))),
        }
    }
}
