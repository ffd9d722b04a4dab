//! The messages of OTLP 1.11: the kind of each field by number, and the size of the struct.

use crate::Signal;
use crate::proto::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use crate::proto::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use crate::proto::metrics::v1::exponential_histogram_data_point::Buckets;
use crate::proto::metrics::v1::summary_data_point::ValueAtQuantile;
use crate::proto::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint,
};
use crate::proto::resource::v1::Resource;
use crate::proto::trace::v1::span::{Event, Link};
use crate::proto::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use crate::proto::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest,
};

/// A message: the kind of each field, the rules that apply to it, and the size of its struct.
pub(crate) struct Shape {
    pub(crate) fields: &'static [Kind],
    pub(crate) role: Role,
    pub(crate) size: usize,
}

/// What a field holds.
pub(crate) enum Kind {
    /// Not a field of this version; any wire type is allowed.
    Unknown,
    Varint,
    Fixed32,
    Fixed64,
    Text,
    /// Repeated text.
    Texts,
    Blob,
    /// Numbers of 8 bytes, packed or not.
    List,
    /// Numbers of variable length.
    Varints,
    /// An id whose rule is in the given slot.
    Id(usize),
    /// The name of a metric.
    Name,
    /// A message of which there is one.
    Message(fn() -> &'static Shape),
    /// A repeated message.
    Messages(fn() -> &'static Shape),
    /// The points of a metric.
    Data(fn() -> &'static Shape),
    /// The points of a metric in a form that was removed from the protocol.
    OldData,
}

/// The number that the scopes of a resource had before OTLP 0.15, when a scope was called an
/// instrumentation library. The messages below it were renamed but not changed.
pub(crate) const OLD_SCOPES: u32 = 1000;

impl Shape {
    /// Returns what the field with the given number holds.
    pub(crate) fn kind(&self, number: u32) -> &'static Kind {
        let number = match self.role {
            Role::ResourceGroup if number == OLD_SCOPES => 2,
            _ => number as usize,
        };
        self.fields.get(number).unwrap_or(&Kind::Unknown)
    }
}

/// The rules that apply to a message in addition to those of protobuf.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Plain,
    /// A request, or a group of it that holds records.
    Group,
    /// The group in which older protocols had one more field.
    ResourceGroup,
    Span,
    LogRecord,
    /// A link or an exemplar.
    Reference,
    Metric,
    Point,
}

impl Role {
    /// Returns whether messages of this role are kept or rejected one by one.
    pub(crate) const fn is_record(self) -> bool {
        matches!(
            self,
            Self::Span | Self::LogRecord | Self::Metric | Self::Point
        )
    }
}

/// Defines a shape with the given role and struct; the first kind is that of field 1.
macro_rules! shape {
    ($role:ident, $message:ty, $($kind:expr),* $(,)?) => {{
        use Kind::*;
        static SHAPE: Shape = Shape {
            fields: &[Unknown, $($kind),*],
            role: Role::$role,
            size: size_of::<$message>(),
        };
        &SHAPE
    }};
}

pub(crate) fn request(signal: Signal) -> &'static Shape {
    match signal {
        Signal::Traces => shape!(Group, ExportTraceServiceRequest, Messages(resource_spans)),
        Signal::Metrics => shape!(
            Group,
            ExportMetricsServiceRequest,
            Messages(resource_metrics)
        ),
        Signal::Logs => shape!(Group, ExportLogsServiceRequest, Messages(resource_logs)),
    }
}

fn resource() -> &'static Shape {
    shape!(
        Plain,
        Resource,
        Messages(key_value),
        Varint,
        Messages(entity_ref)
    )
}

fn entity_ref() -> &'static Shape {
    shape!(Plain, EntityRef, Text, Text, Texts, Texts)
}

fn scope() -> &'static Shape {
    shape!(
        Plain,
        InstrumentationScope,
        Text,
        Text,
        Messages(key_value),
        Varint
    )
}

fn key_value() -> &'static Shape {
    shape!(Plain, KeyValue, Text, Message(any_value), Varint)
}

fn any_value() -> &'static Shape {
    shape!(
        Plain,
        AnyValue,
        Text,
        Varint,
        Varint,
        Fixed64,
        Message(array_value),
        Message(key_value_list),
        Blob,
        Varint,
    )
}

fn array_value() -> &'static Shape {
    shape!(Plain, ArrayValue, Messages(any_value))
}

fn key_value_list() -> &'static Shape {
    shape!(Plain, KeyValueList, Messages(key_value))
}

fn resource_spans() -> &'static Shape {
    shape!(
        ResourceGroup,
        ResourceSpans,
        Message(resource),
        Messages(scope_spans),
        Text
    )
}

fn scope_spans() -> &'static Shape {
    shape!(Group, ScopeSpans, Message(scope), Messages(span), Text)
}

fn span() -> &'static Shape {
    shape!(
        Span,
        Span,
        Id(0),               // trace_id
        Id(1),               // span_id
        Text,                // trace_state
        Id(2),               // parent_span_id
        Text,                // name
        Varint,              // kind
        Fixed64,             // start_time_unix_nano
        Fixed64,             // end_time_unix_nano
        Messages(key_value), // attributes
        Varint,              // dropped_attributes_count
        Messages(event),     // events
        Varint,              // dropped_events_count
        Messages(link),      // links
        Varint,              // dropped_links_count
        Message(status),     // status
        Fixed32,             // flags
    )
}

fn event() -> &'static Shape {
    shape!(Plain, Event, Fixed64, Text, Messages(key_value), Varint)
}

fn link() -> &'static Shape {
    shape!(
        Reference,
        Link,
        Id(0),
        Id(1),
        Text,
        Messages(key_value),
        Varint,
        Fixed32
    )
}

fn status() -> &'static Shape {
    shape!(Plain, Status, Unknown, Text, Varint)
}

fn resource_logs() -> &'static Shape {
    shape!(
        ResourceGroup,
        ResourceLogs,
        Message(resource),
        Messages(scope_logs),
        Text
    )
}

fn scope_logs() -> &'static Shape {
    shape!(Group, ScopeLogs, Message(scope), Messages(log_record), Text)
}

fn log_record() -> &'static Shape {
    shape!(
        LogRecord,
        LogRecord,
        Fixed64, // time_unix_nano
        Varint,  // severity_number
        Text,    // severity_text
        Unknown,
        Message(any_value),  // body
        Messages(key_value), // attributes
        Varint,              // dropped_attributes_count
        Fixed32,             // flags
        Id(0),               // trace_id
        Id(1),               // span_id
        Fixed64,             // observed_time_unix_nano
        Text,                // event_name
    )
}

fn resource_metrics() -> &'static Shape {
    shape!(
        ResourceGroup,
        ResourceMetrics,
        Message(resource),
        Messages(scope_metrics),
        Text
    )
}

fn scope_metrics() -> &'static Shape {
    shape!(Group, ScopeMetrics, Message(scope), Messages(metric), Text)
}

fn metric() -> &'static Shape {
    shape!(
        Metric,
        Metric,
        Name,
        Text, // description
        Text, // unit
        OldData,
        Data(gauge),
        OldData,
        Data(sum),
        OldData,
        Data(histogram),
        Data(exponential_histogram),
        Data(summary),
        Messages(key_value), // metadata
    )
}

fn gauge() -> &'static Shape {
    shape!(Plain, Gauge, Messages(number_point))
}

fn sum() -> &'static Shape {
    shape!(Plain, Sum, Messages(number_point), Varint, Varint)
}

fn histogram() -> &'static Shape {
    shape!(Plain, Histogram, Messages(histogram_point), Varint)
}

fn exponential_histogram() -> &'static Shape {
    shape!(
        Plain,
        ExponentialHistogram,
        Messages(exponential_point),
        Varint
    )
}

fn summary() -> &'static Shape {
    shape!(Plain, Summary, Messages(summary_point))
}

fn number_point() -> &'static Shape {
    shape!(
        Point,
        NumberDataPoint,
        Unknown,
        Fixed64, // start_time_unix_nano
        Fixed64, // time_unix_nano
        Fixed64, // as_double
        Messages(exemplar),
        Fixed64,             // as_int
        Messages(key_value), // attributes
        Varint,              // flags
    )
}

fn histogram_point() -> &'static Shape {
    shape!(
        Point,
        HistogramDataPoint,
        Unknown,
        Fixed64, // start_time_unix_nano
        Fixed64, // time_unix_nano
        Fixed64, // count
        Fixed64, // sum
        List,    // bucket_counts
        List,    // explicit_bounds
        Messages(exemplar),
        Messages(key_value), // attributes
        Varint,              // flags
        Fixed64,             // min
        Fixed64,             // max
    )
}

fn exponential_point() -> &'static Shape {
    shape!(
        Point,
        ExponentialHistogramDataPoint,
        Messages(key_value), // attributes
        Fixed64,             // start_time_unix_nano
        Fixed64,             // time_unix_nano
        Fixed64,             // count
        Fixed64,             // sum
        Varint,              // scale
        Fixed64,             // zero_count
        Message(buckets),    // positive
        Message(buckets),    // negative
        Varint,              // flags
        Messages(exemplar),
        Fixed64, // min
        Fixed64, // max
        Fixed64, // zero_threshold
    )
}

fn buckets() -> &'static Shape {
    shape!(Plain, Buckets, Varint, Varints)
}

fn summary_point() -> &'static Shape {
    shape!(
        Point,
        SummaryDataPoint,
        Unknown,
        Fixed64, // start_time_unix_nano
        Fixed64, // time_unix_nano
        Fixed64, // count
        Fixed64, // sum
        Messages(quantile),
        Messages(key_value), // attributes
        Varint,              // flags
    )
}

fn quantile() -> &'static Shape {
    shape!(Plain, ValueAtQuantile, Fixed64, Fixed64)
}

fn exemplar() -> &'static Shape {
    shape!(
        Reference,
        Exemplar,
        Unknown,
        Fixed64,             // time_unix_nano
        Fixed64,             // as_double
        Id(1),               // span_id
        Id(0),               // trace_id
        Fixed64,             // as_int
        Messages(key_value), // filtered_attributes
    )
}
