//! What an instrument is, before it measures anything.

use super::{Scope, Value};

/// What kind of instrument the caller wrote; never guessed from its name.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// Only grows, in whole steps.
    Counter,
    /// Only grows, in fractions.
    FloatCounter,
    /// Grows and shrinks.
    UpDownCounter,
    /// Is set.
    Gauge,
    /// Distributes, over explicit upper bounds; none given: the implementation's default bounds.
    Histogram(&'static [f64]),
    /// A total that is read at collection.
    ObservableCounter,
    /// A sum that grows and shrinks and is read at collection.
    ObservableUpDownCounter,
    /// A value that is read at collection.
    ObservableGauge,
}

/// What an instrument is called and means.
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
    /// By the conventions: dotted, lower case.
    pub name: &'static str,
    /// UCUM: `s`, `By`, `{token}`; empty for none.
    pub unit: &'static str,
    /// One sentence; may be empty.
    pub description: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Labels known at compile time.
    pub labels: &'static [(&'static str, Value<'static>)],
    /// Keys of the labels given at each call, in the order of their values.
    pub keys: &'static [&'static str],
    /// Who emits; `None`: the implementation's own scope.
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

    /// What it measures, in one sentence.
    #[must_use]
    pub const fn with_description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// Labels that never change; they cost nothing per call.
    #[must_use]
    pub const fn with_labels(mut self, labels: &'static [(&'static str, Value<'static>)]) -> Self {
        self.labels = labels;
        self
    }

    /// Keys of the labels whose values are given at each call, in that order.
    #[must_use]
    pub const fn with_keys(mut self, keys: &'static [&'static str]) -> Self {
        self.keys = keys;
        self
    }

    /// Who emits.
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

/// A resolved instrument. Zero is "not yet".
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
