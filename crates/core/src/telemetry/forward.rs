//! Implementations for references, boxes and `Arc`s of telemetry.

use super::{
    Descriptor, Ended, InstrumentId, Observation, SpanRef, SpanSpec, Started, Telemetry,
    TelemetryHealth, TraceContext, Value,
};
use std::sync::{Arc, Weak};

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<T: Telemetry + ?Sized> Telemetry for $pointer {
            fn resolve(&self, instrument: &Descriptor) -> InstrumentId {
                (**self).resolve(instrument)
            }
            fn add(&self, id: InstrumentId, n: u64, values: &[Value<'_>]) {
                (**self).add(id, n, values);
            }
            fn add_float(&self, id: InstrumentId, n: f64, values: &[Value<'_>]) {
                (**self).add_float(id, n, values);
            }
            fn add_signed(&self, id: InstrumentId, n: i64, values: &[Value<'_>]) {
                (**self).add_signed(id, n, values);
            }
            fn set(&self, id: InstrumentId, value: f64, values: &[Value<'_>]) {
                (**self).set(id, value, values);
            }
            fn record(&self, id: InstrumentId, value: f64, values: &[Value<'_>]) {
                (**self).record(id, value, values);
            }
            fn observe(&self, observation: Weak<Observation>) {
                (**self).observe(observation);
            }
            fn start(&self, spec: SpanSpec<'_>) -> Started {
                (**self).start(spec)
            }
            fn end(&self, ended: Ended) {
                (**self).end(ended);
            }
            fn enter(&self, span: SpanRef<'_>) -> u64 {
                (**self).enter(span)
            }
            fn exit(&self, token: u64) {
                (**self).exit(token);
            }
            fn current(&self) -> TraceContext {
                (**self).current()
            }
            fn now(&self) -> u64 {
                (**self).now()
            }
            fn health(&self) -> TelemetryHealth {
                (**self).health()
            }
        }
    )*};
}
forward!(&T, Box<T>, Arc<T>);
