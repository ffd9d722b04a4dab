//! Observable instruments: one of the SDK's per stream, which reads all observations of it.

use super::{doubts, instrument::attributes};
use glassbox_core::telemetry::{Descriptor, Kind, Observation};
use opentelemetry::metrics::{AsyncInstrument, Meter};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

type Observations = Arc<Mutex<Vec<Weak<Observation>>>>;

/// The observations, by stream.
pub(super) struct Observers {
    provider: SdkMeterProvider,
    /// Not registered with the SDK yet.
    waiting: Mutex<Vec<Weak<Observation>>>,
    made: Mutex<HashMap<super::StreamKey, Observations>>,
}

impl Observers {
    pub(super) fn new(provider: SdkMeterProvider) -> Self {
        Self {
            provider,
            waiting: Mutex::default(),
            made: Mutex::default(),
        }
    }

    /// Stores it for [`make`](Self::make): this may be called during a collection, when the SDK cannot
    /// create an instrument.
    pub(super) fn add(&self, observation: Weak<Observation>) {
        let mut waiting = lock(&self.waiting);
        waiting.retain(|waits| waits.strong_count() > 0);
        waiting.push(observation);
    }

    /// Creates the instruments of stored observations. Must not be called during a collection.
    pub(super) fn make(&self) {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        for observation in waiting {
            let Some(live) = observation.upgrade() else {
                continue;
            };
            let descriptor = *live.descriptor();
            let key = super::stream_key(&descriptor);
            let mut made = lock(&self.made);
            if let Some(observations) = made.get(&key) {
                lock(observations).push(observation);
                continue;
            }
            let observations = Observations::new(Mutex::new(vec![observation]));
            made.insert(key, Arc::clone(&observations));
            drop(made);
            doubts::log(&descriptor, &doubts::of(&descriptor, [].iter()));
            let meter = super::meter(&self.provider, descriptor.scope.as_ref());
            announce(&meter, &descriptor, observations);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

macro_rules! build {
    ($builder:expr, $descriptor:expr, $observations:expr) => {{
        let observations = $observations;
        let mut builder = $builder.with_callback(move |observer| ask(&observations, observer));
        if !$descriptor.unit.is_empty() {
            builder = builder.with_unit($descriptor.unit);
        }
        if !$descriptor.description.is_empty() {
            builder = builder.with_description($descriptor.description);
        }
        // The SDK keeps the callback, and the handle has no other purpose.
        let _ = builder.build();
    }};
}

fn announce(meter: &Meter, descriptor: &Descriptor, observations: Observations) {
    let name = descriptor.name;
    match descriptor.kind {
        Kind::ObservableCounter => {
            build!(meter.f64_observable_counter(name), descriptor, observations);
        }
        Kind::ObservableUpDownCounter => {
            build!(
                meter.f64_observable_up_down_counter(name),
                descriptor,
                observations
            );
        }
        _ => build!(meter.f64_observable_gauge(name), descriptor, observations),
    }
}

fn ask(observations: &Observations, observer: &dyn AsyncInstrument<f64>) {
    // Read without the lock: a callback may create or drop observations.
    let live: Vec<_> = {
        let mut observations = lock(observations);
        observations.retain(|observation| observation.strong_count() > 0);
        observations.iter().filter_map(Weak::upgrade).collect()
    };
    for observation in live {
        let descriptor = observation.descriptor();
        // A panic would permanently break the SDK's collection, for all metrics.
        let read = catch_unwind(AssertUnwindSafe(|| {
            observation.read(&mut |value, values| {
                observer.observe(value, &attributes(descriptor, values));
            });
        }));
        if read.is_err() {
            tracing::error!(
                glassbox.telemetry.instrument = descriptor.name,
                "the callback of an observable instrument panicked"
            );
        }
    }
}
