//! The SDK's instruments, as one type for all kinds.

use super::bounds;
use glassbox_core::telemetry::{Descriptor, Kind};
use opentelemetry::{
    KeyValue,
    metrics::{
        BoundCounter, BoundGauge, BoundHistogram, BoundUpDownCounter, Counter, Gauge, Histogram,
        Meter, UpDownCounter,
    },
};

/// A measurement, by the kind of its instrument.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Measurement {
    Add(u64),
    AddFloat(f64),
    AddSigned(i64),
    Set(f64),
    Record(f64),
}

/// An instrument of the SDK.
#[derive(Clone)]
pub(super) enum Handle {
    Counter(Counter<u64>),
    FloatCounter(Counter<f64>),
    UpDownCounter(UpDownCounter<i64>),
    Gauge(Gauge<f64>),
    Histogram(Histogram<f64>),
    /// An observable instrument, which is never called.
    Silent,
}

/// An instrument with its attributes, which need no lookup then.
#[derive(Clone)]
pub(super) enum Bound {
    Counter(BoundCounter<u64>),
    FloatCounter(BoundCounter<f64>),
    UpDownCounter(BoundUpDownCounter<i64>),
    Gauge(BoundGauge<f64>),
    Histogram(BoundHistogram<f64>),
    Silent,
}

/// The name of a kind in messages.
pub(super) const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "a counter",
        Kind::FloatCounter => "a counter of fractions",
        Kind::UpDownCounter => "an up-down counter",
        Kind::Gauge => "a gauge",
        Kind::Histogram(_) => "a histogram",
        Kind::ObservableCounter => "an observable counter",
        Kind::ObservableUpDownCounter => "an observable up-down counter",
        Kind::ObservableGauge => "an observable gauge",
        _ => "an instrument of an unknown kind",
    }
}

macro_rules! build {
    ($builder:expr, $descriptor:expr) => {{
        let mut builder = $builder;
        if !$descriptor.unit.is_empty() {
            builder = builder.with_unit($descriptor.unit);
        }
        if !$descriptor.description.is_empty() {
            builder = builder.with_description($descriptor.description);
        }
        builder.build()
    }};
}

impl Handle {
    /// Creates an instrument. Must not be called during a collection, or while holding a lock that a
    /// callback may take: the SDK locks its pipeline.
    pub(super) fn new(meter: &Meter, descriptor: &Descriptor) -> Self {
        let name = descriptor.name;
        match descriptor.kind {
            Kind::Counter => Self::Counter(build!(meter.u64_counter(name), descriptor)),
            Kind::FloatCounter => Self::FloatCounter(build!(meter.f64_counter(name), descriptor)),
            Kind::UpDownCounter => {
                Self::UpDownCounter(build!(meter.i64_up_down_counter(name), descriptor))
            }
            Kind::Gauge => Self::Gauge(build!(meter.f64_gauge(name), descriptor)),
            Kind::Histogram([]) => Self::Histogram(build!(meter.f64_histogram(name), descriptor)),
            Kind::Histogram(bounds) => Self::Histogram(build!(
                meter
                    .f64_histogram(name)
                    .with_boundaries(bounds::usable(bounds).into_owned()),
                descriptor
            )),
            _ => Self::Silent,
        }
    }

    pub(super) fn bind(&self, attributes: &[KeyValue]) -> Bound {
        match self {
            Self::Counter(counter) => Bound::Counter(counter.bind(attributes)),
            Self::FloatCounter(counter) => Bound::FloatCounter(counter.bind(attributes)),
            Self::UpDownCounter(counter) => Bound::UpDownCounter(counter.bind(attributes)),
            Self::Gauge(gauge) => Bound::Gauge(gauge.bind(attributes)),
            Self::Histogram(histogram) => Bound::Histogram(histogram.bind(attributes)),
            Self::Silent => Bound::Silent,
        }
    }
}

impl Bound {
    /// Ignores a measurement of another kind, which a typed handle cannot make.
    #[inline]
    pub(super) fn measure(&self, measurement: Measurement) {
        match (self, measurement) {
            (Self::Counter(counter), Measurement::Add(n)) => counter.add(n),
            (Self::FloatCounter(counter), Measurement::AddFloat(n)) => counter.add(n),
            (Self::UpDownCounter(counter), Measurement::AddSigned(n)) => counter.add(n),
            (Self::Gauge(gauge), Measurement::Set(value)) => gauge.record(value),
            (Self::Histogram(histogram), Measurement::Record(value)) => histogram.record(value),
            _ => {}
        }
    }
}
