//! Typed instruments, which are resolved when first used after installation.

use super::{Descriptor, InstrumentId, Kind, Scope, Telemetry, Value, installed};
use std::{
    collections::HashSet,
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

/// Converts a name built at run time to the `'static` name that instruments need.
///
/// # Bounds
/// Each distinct name stays in memory until the process exits. Use it for names from configuration,
/// never for names from requests.
pub fn intern(name: &str) -> &'static str {
    static NAMES: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    match names.get(name) {
        Some(known) => known,
        None => {
            let kept: &'static str = Box::leak(name.into());
            names.insert(kept);
            kept
        }
    }
}

/// A descriptor with the id that it resolved to. All typed instruments consist of this.
#[derive(Debug)]
pub struct Instrument {
    descriptor: Descriptor,
    id: AtomicU32,
}

impl Instrument {
    /// An instrument that is resolved when it is first used after installation.
    pub const fn new(descriptor: Descriptor) -> Self {
        Self {
            descriptor,
            id: AtomicU32::new(0),
        }
    }

    /// The definition.
    pub const fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    #[inline]
    fn id(&self, telemetry: &dyn Telemetry) -> InstrumentId {
        match self.id.load(Relaxed) {
            0 => self.resolve(telemetry),
            id => InstrumentId::new(id),
        }
    }

    #[cold]
    fn resolve(&self, telemetry: &dyn Telemetry) -> InstrumentId {
        let id = telemetry.resolve(&self.descriptor);
        self.id.store(id.get(), Relaxed);
        id
    }
}

/// An instrument with the values of its labels for one call. The macros return this.
#[must_use = "nothing is counted until `add`, `set` or `record`"]
#[derive(Debug)]
pub struct Labelled<'a, I, const N: usize> {
    instrument: &'a I,
    values: [Value<'a>; N],
}

impl<'a, I, const N: usize> Labelled<'a, I, N> {
    /// `values` are in the order of the instrument's keys.
    #[inline]
    pub const fn new(instrument: &'a I, values: [Value<'a>; N]) -> Self {
        Self { instrument, values }
    }
}

macro_rules! instrument {
    ($(#[$doc:meta])* $name:ident, $kind:expr, $kinds:pat, $number:ty, $method:ident, $method_with:ident, $call:ident, $does:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Instrument);

        impl $name {
            /// An instrument of this name, which by convention is dotted and lower case. Suitable for
            /// statics.
            pub const fn new(name: &'static str) -> Self {
                Self(Instrument::new(Descriptor::new(name, $kind)))
            }

            /// An instrument with a definition, such as a constant of the semantic conventions.
            ///
            /// # Panics
            /// If the definition is of another kind. In a static or constant, that is a compile-time error.
            pub const fn of(descriptor: &Descriptor) -> Self {
                assert!(
                    matches!(descriptor.kind, $kinds),
                    concat!("the descriptor is not of the kind `", stringify!($name), "`")
                );
                Self(Instrument::new(*descriptor))
            }

            /// The unit, in UCUM: `s`, `By`, `{token}`.
            #[must_use]
            pub const fn with_unit(mut self, unit: &'static str) -> Self {
                self.0.descriptor.unit = unit;
                self
            }

            /// Describes what it measures, in one sentence.
            #[must_use]
            pub const fn with_description(mut self, description: &'static str) -> Self {
                self.0.descriptor.description = description;
                self
            }

            /// Constant labels. They cost nothing per call.
            #[must_use]
            pub const fn with_labels(
                mut self,
                labels: &'static [(&'static str, Value<'static>)],
            ) -> Self {
                self.0.descriptor.labels = labels;
                self
            }

            /// Keys of the labels whose values are passed with each call, in this order.
            #[must_use]
            pub const fn with_keys(mut self, keys: &'static [&'static str]) -> Self {
                self.0.descriptor.keys = keys;
                self
            }

            /// The instrumentation scope: [`scope!`](crate::scope).
            #[must_use]
            pub const fn with_scope(mut self, scope: Scope) -> Self {
                self.0.descriptor.scope = Some(scope);
                self
            }

            /// The definition.
            pub const fn descriptor(&self) -> &Descriptor {
                self.0.descriptor()
            }

            #[doc = concat!($does, ". Does nothing without telemetry.")]
            #[inline]
            pub fn $method(&self, value: $number) {
                self.$method_with(value, &[]);
            }

            #[doc = concat!($does, ", with label values in the order of the keys.")]
            /// The label of a missing or [absent](Value::Absent) value is omitted. Values beyond the keys
            /// are ignored.
            #[inline]
            pub fn $method_with(&self, value: $number, values: &[Value<'_>]) {
                if let Some(telemetry) = installed() {
                    telemetry.$call(self.0.id(telemetry), value, values);
                }
            }
        }

        impl<const N: usize> Labelled<'_, $name, N> {
            #[doc = concat!($does, ", with these label values.")]
            #[inline]
            pub fn $method(&self, value: $number) {
                self.instrument.$method_with(value, &self.values);
            }
        }
    };
}

instrument!(
    /// Counts what only increases.
    Counter, Kind::Counter, Kind::Counter, u64, add, add_with, add, "Adds a number"
);
instrument!(
    /// Sums fractions, such as money or seconds. Only increases.
    FloatCounter, Kind::FloatCounter, Kind::FloatCounter, f64, add, add_with, add_float, "Adds a number"
);
instrument!(
    /// Counts what increases and decreases.
    UpDownCounter, Kind::UpDownCounter, Kind::UpDownCounter, i64, add, add_with, add_signed, "Adds a positive or negative number"
);
instrument!(
    /// Keeps the last value.
    Gauge, Kind::Gauge, Kind::Gauge, f64, set, set_with, set, "Sets the value"
);
instrument!(
    /// Counts values in buckets.
    Histogram, Kind::Histogram(&[]), Kind::Histogram(_), f64, record, record_with, record, "Records a value"
);

impl Histogram {
    /// Upper bounds of the buckets: finite, ascending, each once. A last bucket without a bound is added.
    #[must_use]
    pub const fn with_buckets(mut self, bounds: &'static [f64]) -> Self {
        self.0.descriptor.kind = Kind::Histogram(bounds);
        self
    }
}
