//! A metric's definition.

/// What kind of instrument records a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Grows and shrinks.
    UpDownCounter,
    /// Is set.
    Gauge,
    /// Distributes over explicit bounds.
    Histogram,
}

/// The definition of one metric: everything an instrument and a catalogue need.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// Dotted, lower case.
    pub name: &'static str,
    /// The instrument that records it.
    pub kind: Kind,
    /// UCUM: `s`, `By`, `{token}`.
    pub unit: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// Explicit upper bounds, ascending; empty unless it is a histogram.
    pub buckets: &'static [f64],
    /// The keys of its labels; an emitter gives no other.
    pub attributes: &'static [&'static str],
}
