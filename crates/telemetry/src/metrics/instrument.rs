//! One descriptor's instrument, with the series that it has seen.

use super::{
    handle::{Bound, Handle, Measurement},
    series::Series,
};
use glassbox_core::telemetry::{Descriptor, Value};
use opentelemetry::{KeyValue, metrics::Meter};
use std::sync::{Arc, OnceLock};

/// An instrument of a callsite; several of one name share a handle.
pub(super) struct Instrument {
    descriptor: Descriptor,
    handle: Arc<OnceLock<Handle>>,
    /// Without dynamic labels there is one series, bound when it is first used: what is bound and
    /// never used would be exported as zero.
    only: OnceLock<Bound>,
    series: Series,
}

impl Instrument {
    pub(super) fn new(
        descriptor: Descriptor,
        handle: Arc<OnceLock<Handle>>,
        cardinality_limit: usize,
    ) -> Self {
        Self {
            descriptor,
            handle,
            only: OnceLock::new(),
            series: Series::new(cardinality_limit),
        }
    }

    /// Whether the SDK's instrument exists.
    pub(super) fn is_made(&self) -> bool {
        self.handle.get().is_some()
    }

    pub(super) fn measure(&self, meter: &Meter, measurement: Measurement, values: &[Value<'_>]) {
        if values.is_empty() {
            let bind = || self.handle(meter).bind(&self.attributes(&[]));
            return self.only.get_or_init(bind).measure(measurement);
        }
        let bind = || self.handle(meter).bind(&self.attributes(values));
        self.series
            .with(values, bind, |bound| bound.measure(measurement));
    }

    fn handle(&self, meter: &Meter) -> &Handle {
        self.handle
            .get_or_init(|| Handle::new(meter, &self.descriptor))
    }

    fn attributes(&self, values: &[Value<'_>]) -> Vec<KeyValue> {
        attributes(&self.descriptor, values)
    }
}

/// The labels of the descriptor and of one call.
pub(super) fn attributes(descriptor: &Descriptor, values: &[Value<'_>]) -> Vec<KeyValue> {
    let fixed = descriptor.labels.iter().copied();
    let given = descriptor.keys.iter().copied().zip(values.iter().copied());
    fixed
        .chain(given)
        .map(|(key, value)| match value {
            Value::Str(text) => KeyValue::new(key, text.to_owned()),
            Value::Int(number) => KeyValue::new(key, number),
            Value::Bool(yes) => KeyValue::new(key, yes),
            other => KeyValue::new(key, format!("{other:?}")),
        })
        .collect()
}
