//! Instruments over the SDK's.

mod collection;
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

/// Entries of a page of the table, and pages of it.
const PAGE: usize = 256;
/// The most instruments of a process; one past that is silent, and said so once.
const MAX_INSTRUMENTS: usize = PAGE * PAGE;

type Page = Box<[OnceLock<Arc<Instrument>>]>;
/// What makes two instruments one stream of the SDK: scope, name, unit and kind.
type StreamKey = (Option<Scope>, &'static str, &'static str, &'static str);

fn stream_key(descriptor: &Descriptor) -> StreamKey {
    let kind = handle::kind(descriptor.kind);
    (descriptor.scope, descriptor.name, descriptor.unit, kind)
}

/// The SDK's meters by scope; it keeps one for each itself, and gives the same again.
fn meter(provider: &SdkMeterProvider, scope: Option<&Scope>) -> Meter {
    provider.meter_with_scope(scope.map_or_else(scope::own, scope::of))
}

/// All instruments of the process.
pub(crate) struct Metrics {
    provider: SdkMeterProvider,
    cardinality_limit: usize,
    /// Read on every emission without a lock.
    table: Box<[OnceLock<Page>]>,
    registry: Mutex<Registry>,
    observers: Observers,
    /// Emissions from inside a collection that need a new instrument: done right after it.
    deferred: Mutex<Vec<Deferred>>,
    clock: Arc<Wall>,
}

#[derive(Default)]
struct Registry {
    known: HashMap<&'static str, Vec<(Descriptor, InstrumentId)>>,
    count: usize,
    streams: HashMap<StreamKey, Arc<OnceLock<Handle>>>,
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
        let mut registry = self.registry();
        let same_name = registry.known.entry(descriptor.name).or_default();
        if let Some((_, id)) = same_name.iter().find(|(known, _)| known == descriptor) {
            return *id;
        }
        let other = same_name
            .iter()
            .map(|(known, _)| (handle::kind(known.kind), known.unit))
            .find(|known| *known != (handle::kind(descriptor.kind), descriptor.unit));
        let at = registry.count;
        if at >= MAX_INSTRUMENTS {
            drop(registry);
            tracing::warn!(
                name = descriptor.name,
                "more than {MAX_INSTRUMENTS} instruments; this one is silent"
            );
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
        drop(registry);
        warn_of_name(descriptor);
        if let Some((kind, unit)) = other {
            tracing::warn!(
                name = descriptor.name,
                "an instrument of this name exists as {kind} in {unit:?}; backends will mix them up"
            );
        }
        id(at)
    }

    fn instrument(&self, id: InstrumentId) -> Option<&Arc<Instrument>> {
        let at = (id.get() as usize).checked_sub(1)?;
        self.table.get(at / PAGE)?.get()?[at % PAGE].get()
    }

    pub(crate) fn measure(&self, id: InstrumentId, measurement: Measurement, values: &[Value<'_>]) {
        let Some(instrument) = self.instrument(id) else {
            return;
        };
        // Inside a collection the SDK holds the lock that a new instrument needs.
        if in_callback() && !instrument.is_made() {
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

    /// Makes the instruments that could not be made meanwhile. Outside a collection.
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

/// Says that the SDK will refuse an instrument, which it does in silence.
fn warn_of_name(descriptor: &Descriptor) {
    let name = descriptor.name;
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte);
    let valid = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.len() <= 255
        && name.bytes().all(rest);
    if !valid {
        tracing::warn!(
            name,
            "not the name of an instrument, which is letters, digits, `_`, `.`, `-` and `/`, a \
             letter first; nothing is recorded under it"
        );
    }
    if descriptor.unit.len() > 63 || !descriptor.unit.is_ascii() {
        tracing::warn!(
            name,
            unit = descriptor.unit,
            "not a unit, which is up to 63 ASCII characters; nothing is recorded"
        );
    }
}

/// Ids start at 1.
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
