//! The fields of the messages of OTLP 1.11 by number, as far as the walk has to know them.

use crate::Signal;

/// A message: what is at each field number, and what rules it is under.
pub(super) struct Shape {
    pub(super) fields: &'static [Kind],
    pub(super) role: Role,
}

/// What a field holds.
pub(super) enum Kind {
    /// Not a field of this version: of any wire type.
    Unknown,
    Varint,
    Fixed32,
    Fixed64,
    Text,
    Blob,
    /// Numbers of 8 bytes, packed or not.
    List,
    /// Numbers of variable length.
    Varints,
    /// The id whose rule is in the slot given.
    Id(usize),
    /// The name of a metric.
    Name,
    Message(fn() -> &'static Shape),
    /// The points of a metric.
    Data(fn() -> &'static Shape),
}

/// The rules that a message is under beside those of protobuf.
#[derive(Clone, Copy)]
pub(super) enum Role {
    Plain,
    Span,
    LogRecord,
    /// A link or an exemplar.
    Reference,
    Metric,
    Point,
}

/// A shape of the role given; the first kind is that of field 1.
macro_rules! shape {
    ($role:ident, $($kind:expr),* $(,)?) => {{
        use Kind::*;
        static SHAPE: Shape = Shape { fields: &[Unknown, $($kind),*], role: Role::$role };
        &SHAPE
    }};
}

pub(super) fn request(signal: Signal) -> &'static Shape {
    match signal {
        Signal::Traces => shape!(Plain, Message(resource_spans)),
        Signal::Metrics => shape!(Plain, Message(resource_metrics)),
        Signal::Logs => shape!(Plain, Message(resource_logs)),
    }
}

fn resource() -> &'static Shape {
    shape!(Plain, Message(key_value), Varint, Message(entity_ref))
}

fn entity_ref() -> &'static Shape {
    shape!(Plain, Text, Text, Text, Text)
}

fn scope() -> &'static Shape {
    shape!(Plain, Text, Text, Message(key_value), Varint)
}

fn key_value() -> &'static Shape {
    shape!(Plain, Text, Message(any_value), Varint)
}

fn any_value() -> &'static Shape {
    shape!(
        Plain,
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
    shape!(Plain, Message(any_value))
}

fn key_value_list() -> &'static Shape {
    shape!(Plain, Message(key_value))
}

fn resource_spans() -> &'static Shape {
    shape!(Plain, Message(resource), Message(scope_spans), Text)
}

fn scope_spans() -> &'static Shape {
    shape!(Plain, Message(scope), Message(span), Text)
}

fn span() -> &'static Shape {
    shape!(
        Span,
        Id(0),              // trace_id
        Id(1),              // span_id
        Text,               // trace_state
        Id(2),              // parent_span_id
        Text,               // name
        Varint,             // kind
        Fixed64,            // start_time_unix_nano
        Fixed64,            // end_time_unix_nano
        Message(key_value), // attributes
        Varint,             // dropped_attributes_count
        Message(event),     // events
        Varint,             // dropped_events_count
        Message(link),      // links
        Varint,             // dropped_links_count
        Message(status),    // status
        Fixed32,            // flags
    )
}

fn event() -> &'static Shape {
    shape!(Plain, Fixed64, Text, Message(key_value), Varint)
}

fn link() -> &'static Shape {
    shape!(
        Reference,
        Id(0),
        Id(1),
        Text,
        Message(key_value),
        Varint,
        Fixed32
    )
}

fn status() -> &'static Shape {
    shape!(Plain, Unknown, Text, Varint)
}

fn resource_logs() -> &'static Shape {
    shape!(Plain, Message(resource), Message(scope_logs), Text)
}

fn scope_logs() -> &'static Shape {
    shape!(Plain, Message(scope), Message(log_record), Text)
}

fn log_record() -> &'static Shape {
    shape!(
        LogRecord,
        Fixed64, // time_unix_nano
        Varint,  // severity_number
        Text,    // severity_text
        Unknown,
        Message(any_value), // body
        Message(key_value), // attributes
        Varint,             // dropped_attributes_count
        Fixed32,            // flags
        Id(0),              // trace_id
        Id(1),              // span_id
        Fixed64,            // observed_time_unix_nano
        Text,               // event_name
    )
}

fn resource_metrics() -> &'static Shape {
    shape!(Plain, Message(resource), Message(scope_metrics), Text)
}

fn scope_metrics() -> &'static Shape {
    shape!(Plain, Message(scope), Message(metric), Text)
}

fn metric() -> &'static Shape {
    shape!(
        Metric,
        Name,
        Text, // description
        Text, // unit
        Unknown,
        Data(numbers), // gauge
        Unknown,
        Data(numbers), // sum
        Unknown,
        Data(histogram),
        Data(exponential_histogram),
        Data(summary),
        Message(key_value), // metadata
    )
}

/// A gauge or a sum; a gauge has the first field only.
fn numbers() -> &'static Shape {
    shape!(Plain, Message(number_point), Varint, Varint)
}

fn histogram() -> &'static Shape {
    shape!(Plain, Message(histogram_point), Varint)
}

fn exponential_histogram() -> &'static Shape {
    shape!(Plain, Message(exponential_point), Varint)
}

fn summary() -> &'static Shape {
    shape!(Plain, Message(summary_point))
}

fn number_point() -> &'static Shape {
    shape!(
        Point,
        Unknown,
        Fixed64, // start_time_unix_nano
        Fixed64, // time_unix_nano
        Fixed64, // as_double
        Message(exemplar),
        Fixed64,            // as_int
        Message(key_value), // attributes
        Varint,             // flags
    )
}

fn histogram_point() -> &'static Shape {
    shape!(
        Point,
        Unknown,
        Fixed64, // start_time_unix_nano
        Fixed64, // time_unix_nano
        Fixed64, // count
        Fixed64, // sum
        List,    // bucket_counts
        List,    // explicit_bounds
        Message(exemplar),
        Message(key_value), // attributes
        Varint,             // flags
        Fixed64,            // min
        Fixed64,            // max
    )
}

fn exponential_point() -> &'static Shape {
    shape!(
        Point,
        Message(key_value), // attributes
        Fixed64,            // start_time_unix_nano
        Fixed64,            // time_unix_nano
        Fixed64,            // count
        Fixed64,            // sum
        Varint,             // scale
        Fixed64,            // zero_count
        Message(buckets),   // positive
        Message(buckets),   // negative
        Varint,             // flags
        Message(exemplar),
        Fixed64, // min
        Fixed64, // max
        Fixed64, // zero_threshold
    )
}

fn buckets() -> &'static Shape {
    shape!(Plain, Varint, Varints)
}

fn summary_point() -> &'static Shape {
    shape!(
        Point,
        Unknown,
        Fixed64, // start_time_unix_nano
        Fixed64, // time_unix_nano
        Fixed64, // count
        Fixed64, // sum
        Message(quantile),
        Message(key_value), // attributes
        Varint,             // flags
    )
}

fn quantile() -> &'static Shape {
    shape!(Plain, Fixed64, Fixed64)
}

fn exemplar() -> &'static Shape {
    shape!(
        Reference,
        Unknown,
        Fixed64,            // time_unix_nano
        Fixed64,            // as_double
        Id(1),              // span_id
        Id(0),              // trace_id
        Fixed64,            // as_int
        Message(key_value), // filtered_attributes
    )
}
