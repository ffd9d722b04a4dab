//! Instruments, on top of the SDK's.

mod bounds;
mod collection;
mod doubts;
mod handle;
mod instrument;
mod observe;
mod reader;
mod series;

pub(crate) use collection::Collection;
pub(crate) use handle::Measurement;

use crate::{clock::Wall, config::TelemetryConfig, scope};
use collection::in_callback;
use glassbox_core::telemetry::{Descriptor, InstrumentId, Observation, Scope, Value};
use glassbox_semconv::OptIn;
use handle::Handle;
use instrument::Instrument;
use observe::Observers;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry_sdk::{
    Resource,
    metrics::{SdkMeterProvider, Stream},
};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
};

/// The entries of a page, and the pages of the table.
const PAGE: usize = 256;
/// The maximum number of instruments of a process. Others record nothing, which is logged once.
const MAX_INSTRUMENTS: usize = PAGE * PAGE;

type Page = Box<[OnceLock<Arc<Instrument>>]>;
/// Instruments with equal keys are one stream of the SDK: scope, name, unit and kind.
type StreamKey = (Option<Scope>, &'static str, &'static str, &'static str);

fn stream_key(descriptor: &Descriptor) -> StreamKey {
    let kind = handle::kind(descriptor.kind);
    (descriptor.scope, descriptor.name, descriptor.unit, kind)
}

/// Returns the SDK's meter of a scope. The SDK returns the same meter every time.
fn meter(provider: &SdkMeterProvider, scope: Option<&Scope>) -> Meter {
    provider.meter_with_scope(scope.map_or_else(scope::own, scope::of))
}

/// All instruments of the process.
pub(crate) struct Metrics {
    provider: SdkMeterProvider,
    cardinality_limit: usize,
    opt_in: OptIn,
    /// Read by every emission, without a lock.
    table: Box<[OnceLock<Page>]>,
    registry: Mutex<Registry>,
    observers: Observers,
    /// Measurements during a collection that need a new instrument. They are recorded right after it.
    deferred: Mutex<Vec<Deferred>>,
    clock: Arc<Wall>,
}

#[derive(Default)]
struct Registry {
    known: HashMap<&'static str, Vec<(Descriptor, InstrumentId)>>,
    count: usize,
    streams: HashMap<StreamKey, Arc<OnceLock<Handle>>>,
    /// Whether an instrument was refused.
    is_full: bool,
}

struct Deferred {
    instrument: Arc<Instrument>,
    measurement: Measurement,
    values: series::Values,
}

impl Metrics {
    /// Returns the instruments, and a collection for each reader.
    pub(crate) fn new(
        config: &TelemetryConfig,
        resource: Resource,
        clock: Arc<Wall>,
    ) -> (Arc<Self>, Vec<Collection>) {
        let readers = reader::readers(config);
        let limit = config.cardinality_limit;
        let mut provider = SdkMeterProvider::builder()
            .with_resource(resource)
            .with_view(move |_: &_| Stream::builder().with_cardinality_limit(limit).build().ok());
        for reader in &readers {
            provider = provider.with_reader(reader.clone());
        }
        let provider = provider.build();
        let metrics = Arc::new(Self {
            observers: Observers::new(provider.clone()),
            provider,
            cardinality_limit: limit,
            opt_in: OptIn::parse(&config.semconv_stability_opt_in),
            table: (0..PAGE).map(|_| OnceLock::new()).collect(),
            registry: Mutex::default(),
            deferred: Mutex::default(),
            clock,
        });
        let collections = readers
            .into_iter()
            .map(|reader| Collection::new(reader, Arc::clone(&metrics)))
            .collect();
        (metrics, collections)
    }

    pub(crate) fn provider(&self) -> &SdkMeterProvider {
        &self.provider
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn resolve(&self, descriptor: &Descriptor) -> InstrumentId {
        if !self.opt_in.allows(descriptor.name) {
            // No instrument has this id.
            return id(MAX_INSTRUMENTS);
        }
        let mut registry = self.registry();
        let same_name = registry.known.get(descriptor.name);
        let same_name = same_name.map_or(&[][..], Vec::as_slice);
        if let Some((_, id)) = same_name.iter().find(|(known, _)| known == descriptor) {
            return *id;
        }
        let doubts = doubts::of(descriptor, same_name.iter().map(|(known, _)| known));
        let at = registry.count;
        if at >= MAX_INSTRUMENTS {
            let first = !std::mem::replace(&mut registry.is_full, true);
            drop(registry);
            if first {
                tracing::warn!(
                    glassbox.telemetry.instrument = descriptor.name,
                    "there are more than {MAX_INSTRUMENTS} instruments; the others record nothing"
                );
            }
            return id(MAX_INSTRUMENTS);
        }
        registry.count += 1;
        let known = registry.known.entry(descriptor.name).or_default();
        known.push((*descriptor, id(at)));
        let key = stream_key(descriptor);
        let handle = Arc::clone(registry.streams.entry(key).or_default());
        let instrument = Instrument::new(*descriptor, handle, self.cardinality_limit);
        let page =
            self.table[at / PAGE].get_or_init(|| (0..PAGE).map(|_| OnceLock::new()).collect());
        page[at % PAGE].get_or_init(|| Arc::new(instrument));
        // Logged without the lock: a subscriber may count events.
        drop(registry);
        doubts::log(descriptor, &doubts);
        id(at)
    }

    #[inline]
    fn instrument(&self, id: InstrumentId) -> Option<&Arc<Instrument>> {
        let at = (id.get() as usize).checked_sub(1)?;
        self.table.get(at / PAGE)?.get()?[at % PAGE].get()
    }

    /// Inlined, so that the compiler knows the kind of the measurement when it checks the instrument's.
    #[inline]
    pub(crate) fn measure(&self, id: InstrumentId, measurement: Measurement, values: &[Value<'_>]) {
        let Some(instrument) = self.instrument(id) else {
            return;
        };
        if values.is_empty() && instrument.measure_bound(measurement) {
            return;
        }
        self.measure_other(instrument, measurement, values);
    }

    #[inline(never)]
    fn measure_other(
        &self,
        instrument: &Arc<Instrument>,
        measurement: Measurement,
        values: &[Value<'_>],
    ) {
        // During a collection the SDK holds the lock that a new instrument needs.
        if !instrument.is_made() && in_callback() {
            let mut deferred = self.deferred.lock().unwrap_or_else(PoisonError::into_inner);
            deferred.push(Deferred {
                instrument: Arc::clone(instrument),
                measurement,
                values: series::own(values),
            });
            return;
        }
        instrument.measure(&self.provider, measurement, values);
    }

    pub(crate) fn observe(&self, observation: Weak<Observation>) {
        self.observers.add(observation);
    }

    /// Creates the instruments that a collection postponed. Must not be called during a collection.
    fn catch_up(&self) {
        self.clock.follow();
        self.observers.make();
        let deferred = {
            let mut deferred = self.deferred.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *deferred)
        };
        for late in deferred {
            let values: Vec<_> = late.values.iter().map(series::Owned::borrow).collect();
            late.instrument
                .measure(&self.provider, late.measurement, &values);
        }
    }
}

/// Returns the id of the instrument at this index. Ids start at 1.
fn id(at: usize) -> InstrumentId {
    InstrumentId::new(u32::try_from(at + 1).unwrap_or(u32::MAX))
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("instruments", &self.registry().count)
            .finish_non_exhaustive()
    }
}
