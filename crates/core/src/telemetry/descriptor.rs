//! Definitions of instruments.

use super::{Scope, Value};

/// The kind of an instrument. The caller chooses it; it is never guessed from the name.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// Only increases, in whole steps.
    Counter,
    /// Only increases, in fractions.
    FloatCounter,
    /// Increases and decreases.
    UpDownCounter,
    /// Keeps the last value.
    Gauge,
    /// Counts values in buckets with these upper bounds; without any, with the implementation's default
    /// bounds.
    Histogram(&'static [f64]),
    /// A total that is read at collection.
    ObservableCounter,
    /// A sum that increases and decreases, read at collection.
    ObservableUpDownCounter,
    /// A value that is read at collection.
    ObservableGauge,
}

/// The definition of an instrument.
///
/// A constant descriptor is the definition of a metric:
///
/// ```
/// use glassbox_core::telemetry::{Counter, Descriptor, Kind};
///
/// const ORDERS: Descriptor = Descriptor::new("shop.orders", Kind::Counter)
///     .with_unit("{order}")
///     .with_description("Orders taken.")
///     .with_keys(&["shop.country"]);
/// static TAKEN: Counter = Counter::of(&ORDERS);
/// TAKEN.add_with(1, &["NO".into()]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Descriptor {
    /// The name, by convention dotted and lower case.
    pub name: &'static str,
    /// The unit, in UCUM: `s`, `By`, `{token}`; may be empty.
    pub unit: &'static str,
    /// What it measures, in one sentence; may be empty.
    pub description: &'static str,
    /// The kind.
    pub kind: Kind,
    /// Constant labels.
    pub labels: &'static [(&'static str, Value<'static>)],
    /// Keys of the labels whose values are passed with each call, in this order.
    pub keys: &'static [&'static str],
    /// The instrumentation scope; `None` is the implementation's own.
    pub scope: Option<Scope>,
}

impl Descriptor {
    /// An instrument without unit, description, labels or scope.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            unit: "",
            description: "",
            kind,
            labels: &[],
            keys: &[],
            scope: None,
        }
    }

    /// The unit, in UCUM: `s`, `By`, `{token}`.
    #[must_use]
    pub const fn with_unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// Describes what it measures, in one sentence.
    #[must_use]
    pub const fn with_description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// Constant labels. They cost nothing per call.
    #[must_use]
    pub const fn with_labels(mut self, labels: &'static [(&'static str, Value<'static>)]) -> Self {
        self.labels = labels;
        self
    }

    /// Keys of the labels whose values are passed with each call, in this order.
    #[must_use]
    pub const fn with_keys(mut self, keys: &'static [&'static str]) -> Self {
        self.keys = keys;
        self
    }

    /// The instrumentation scope.
    #[must_use]
    pub const fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// The upper bounds of a histogram's buckets; empty for other kinds.
    pub const fn buckets(&self) -> &'static [f64] {
        match self.kind {
            Kind::Histogram(bounds) => bounds,
            _ => &[],
        }
    }
}

/// A resolved instrument. Zero means unresolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InstrumentId(u32);

impl InstrumentId {
    /// The implementation's number for the instrument, from 1.
    pub const fn new(id: u32) -> Self {
        Self(id)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}
