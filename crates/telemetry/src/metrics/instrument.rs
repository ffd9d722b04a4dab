//! The instrument of one descriptor, with its series.

use super::{
    handle::{Bound, Handle, Measurement},
    series::Series,
};
use glassbox_core::telemetry::{Descriptor, Value};
use opentelemetry::{Array, KeyValue, StringValue, Value as OtelValue};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use std::sync::{Arc, OnceLock};

/// The instrument of a descriptor. Several of one stream share a handle.
pub(super) struct Instrument {
    descriptor: Descriptor,
    handle: Arc<OnceLock<Handle>>,
    /// The one series of an instrument without dynamic labels. Bound at the first use, because a series
    /// that is bound and never used would be exported as zero.
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

    /// Measures without dynamic labels; `false` if the series has not been bound yet.
    #[inline]
    pub(super) fn measure_bound(&self, measurement: Measurement) -> bool {
        let bound = self.only.get();
        bound.is_some_and(|bound| {
            bound.measure(measurement);
            true
        })
    }

    pub(super) fn measure(
        &self,
        provider: &SdkMeterProvider,
        measurement: Measurement,
        values: &[Value<'_>],
    ) {
        if values.is_empty() {
            let bind = || self.handle(provider).bind(&self.attributes(&[]));
            return self.only.get_or_init(bind).measure(measurement);
        }
        let bind = || self.handle(provider).bind(&self.attributes(values));
        self.series
            .with(values, bind, |bound| bound.measure(measurement));
    }

    fn handle(&self, provider: &SdkMeterProvider) -> &Handle {
        self.handle.get_or_init(|| {
            let meter = super::meter(provider, self.descriptor.scope.as_ref());
            Handle::new(&meter, &self.descriptor)
        })
    }

    fn attributes(&self, values: &[Value<'_>]) -> Vec<KeyValue> {
        attributes(&self.descriptor, values)
    }
}

/// The labels of the descriptor, with those of one call.
pub(super) fn attributes(descriptor: &Descriptor, values: &[Value<'_>]) -> Vec<KeyValue> {
    let fixed = descriptor.labels.iter().copied();
    let given = descriptor.keys.iter().copied().zip(values.iter().copied());
    fixed
        .chain(given)
        .filter_map(|(key, value)| Some(KeyValue::new(key, to_otel(value)?)))
        .collect()
}

fn to_otel(value: Value<'_>) -> Option<OtelValue> {
    Some(match value {
        Value::Absent => return None,
        Value::Str(text) => OtelValue::from(text.to_owned()),
        Value::Static(text) => OtelValue::from(text),
        Value::Int(number) => OtelValue::I64(number),
        Value::Float(number) => OtelValue::F64(number),
        Value::Bool(yes) => OtelValue::Bool(yes),
        Value::Strs(texts) => OtelValue::Array(Array::String(
            texts
                .iter()
                .map(|text| StringValue::from((*text).to_owned()))
                .collect(),
        )),
        Value::Ints(numbers) => OtelValue::Array(Array::I64(numbers.to_vec())),
        Value::Floats(numbers) => OtelValue::Array(Array::F64(numbers.to_vec())),
        Value::Bools(answers) => OtelValue::Array(Array::Bool(answers.to_vec())),
        other => OtelValue::from(format!("{other:?}")),
    })
}
