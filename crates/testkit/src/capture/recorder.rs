//! A `Telemetry` that keeps everything.

use super::CapturedSpan;
use glassbox_core::telemetry::{
    Descriptor, Ended, InstrumentId, Observation, Record, SpanRef, SpanSpec, Started, Telemetry,
    TelemetryHealth, TraceContext, Value,
};
use std::{
    cell::RefCell,
    sync::{
        Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

thread_local! {
    /// The spans that this thread has entered and not left, each with its token.
    static CURRENT: RefCell<Vec<(u64, TraceContext)>> = const { RefCell::new(Vec::new()) };
}

type Labels = Vec<(String, String)>;

/// One call of an instrument.
#[derive(Clone, Copy, Debug)]
pub(super) enum Measurement {
    Add(u64),
    AddFloat(f64),
    AddSigned(i64),
    Set(f64),
    Record(f64),
}

#[derive(Debug, Default)]
struct Kept {
    instruments: Vec<Descriptor>,
    measurements: Vec<(&'static str, Labels, Measurement)>,
    observations: Vec<Weak<Observation>>,
    spans: Vec<CapturedSpan>,
}

/// Keeps every call. Unbounded, because a test is short.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    kept: Mutex<Kept>,
    ids: AtomicU64,
    latest: AtomicU64,
}

impl Recorder {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A test that panicked while it held the lock must not fail the others.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn measure(&self, id: InstrumentId, values: &[Value<'_>], measurement: Measurement) {
        let mut kept = self.kept();
        let found = kept
            .instruments
            .get((id.get() as usize).wrapping_sub(1))
            .copied();
        let labels = found.map(|descriptor| labels(&descriptor, values));
        if let (Some(descriptor), Some(labels)) = (found, labels) {
            kept.measurements
                .push((descriptor.name, labels, measurement));
        }
    }

    pub(super) fn measurements(&self, name: &str, wanted: &[(&str, &str)]) -> Vec<Measurement> {
        let kept = self.kept();
        let of_name = kept.measurements.iter().filter(|(of, ..)| *of == name);
        of_name
            .filter(|(_, labels, _)| carries(labels, wanted))
            .map(|(.., measurement)| *measurement)
            .collect()
    }

    pub(super) fn series(&self, name: &str) -> Vec<Labels> {
        let mut series: Vec<Labels> = Vec::new();
        for (of, labels, _) in &self.kept().measurements {
            if *of == name && !series.contains(labels) {
                series.push(labels.clone());
            }
        }
        series
    }

    pub(super) fn observe(&self, name: &str, wanted: &[(&str, &str)]) -> Vec<f64> {
        // Upgraded before they are read, because a callback may create instruments itself.
        let live: Vec<_> = self
            .kept()
            .observations
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        let mut values = Vec::new();
        for observation in live.iter().filter(|live| live.descriptor().name == name) {
            observation.read(&mut |value, given| {
                if carries(&labels(observation.descriptor(), given), wanted) {
                    values.push(value);
                }
            });
        }
        values
    }

    pub(super) fn descriptor(&self, name: &str) -> Option<Descriptor> {
        let kept = self.kept();
        let observed = kept.observations.iter().filter_map(Weak::upgrade);
        let observed = observed.map(|observation| *observation.descriptor());
        let instruments = kept.instruments.iter().copied();
        instruments
            .chain(observed)
            .find(|descriptor| descriptor.name == name)
    }

    pub(super) fn spans(&self) -> Vec<CapturedSpan> {
        self.kept().spans.clone()
    }

    pub(super) fn clear(&self) {
        let mut kept = self.kept();
        kept.measurements.clear();
        kept.spans.clear();
    }
}

fn labels(descriptor: &Descriptor, values: &[Value<'_>]) -> Labels {
    assert_eq!(
        descriptor.keys.len(),
        values.len(),
        "'{}' has the keys {:?} and was given the values {values:?}",
        descriptor.name,
        descriptor.keys
    );
    let fixed = descriptor.labels.iter().copied();
    let given = descriptor.keys.iter().copied().zip(values.iter().copied());
    fixed
        .chain(given)
        .filter(|(_, value)| !value.is_absent())
        .map(|(key, value)| (key.to_owned(), text(value)))
        .collect()
}

fn text(value: Value<'_>) -> String {
    match value {
        Value::Str(text) => text.to_owned(),
        Value::Static(text) => text.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        other => format!("{other:?}"),
    }
}

fn carries(labels: &Labels, wanted: &[(&str, &str)]) -> bool {
    wanted
        .iter()
        .all(|(key, value)| labels.iter().any(|(k, v)| k == key && v == value))
}

impl Telemetry for Recorder {
    fn resolve(&self, instrument: &Descriptor) -> InstrumentId {
        let mut kept = self.kept();
        let known = kept
            .instruments
            .iter()
            .position(|known| known == instrument);
        let index = known.unwrap_or_else(|| {
            kept.instruments.push(*instrument);
            kept.instruments.len() - 1
        });
        let id = u32::try_from(index + 1);
        InstrumentId::new(id.expect("a test has fewer than 2^32 instruments"))
    }

    fn add(&self, id: InstrumentId, n: u64, values: &[Value<'_>]) {
        self.measure(id, values, Measurement::Add(n));
    }

    fn add_float(&self, id: InstrumentId, n: f64, values: &[Value<'_>]) {
        self.measure(id, values, Measurement::AddFloat(n));
    }

    fn add_signed(&self, id: InstrumentId, n: i64, values: &[Value<'_>]) {
        self.measure(id, values, Measurement::AddSigned(n));
    }

    fn set(&self, id: InstrumentId, value: f64, values: &[Value<'_>]) {
        self.measure(id, values, Measurement::Set(value));
    }

    fn record(&self, id: InstrumentId, value: f64, values: &[Value<'_>]) {
        self.measure(id, values, Measurement::Record(value));
    }

    fn observe(&self, observation: Weak<Observation>) {
        self.kept().observations.push(observation);
    }

    fn start(&self, spec: SpanSpec<'_>) -> Started {
        let parent = spec.parent_under(|| self.current());
        let id = match spec.span_id {
            0 => self.ids.fetch_add(1, Ordering::Relaxed) + 1,
            given => given,
        };
        let trace_id = match (parent.is_valid(), spec.trace_id) {
            (true, _) => parent.trace_id,
            (false, 0) => u128::from(id) << 64 | u128::from(id),
            (false, given) => given,
        };
        let sampled = !parent.is_valid() || parent.sampled;
        let mut context = TraceContext::new(trace_id, id, sampled);
        context.random = parent.random;
        context.state.clone_from(&parent.state);
        let record = sampled.then(|| {
            let mut record = Box::<Record>::default();
            let start = match spec.start_unix_nano {
                0 => self.now(),
                given => given,
            };
            record.begin(spec, parent, start);
            record
        });
        Started::new(context, record)
    }

    fn end(&self, ended: Ended) {
        let Some(record) = ended.record else { return };
        let end_unix_nano = match ended.end_unix_nano {
            0 => self.now(),
            given => given,
        };
        self.kept().spans.push(CapturedSpan {
            context: ended.context,
            record: *record,
            end_unix_nano,
        });
    }

    fn enter(&self, span: SpanRef<'_>) -> u64 {
        let token = self.ids.fetch_add(1, Ordering::Relaxed) + 1;
        CURRENT.with_borrow_mut(|current| current.push((token, span.context.clone())));
        token
    }

    fn exit(&self, token: u64) {
        // Guards may be dropped in any order, as with OpenTelemetry.
        CURRENT.with_borrow_mut(|current| current.retain(|(entered, _)| *entered != token));
    }

    fn current(&self) -> TraceContext {
        CURRENT.with_borrow(|current| {
            let innermost = current.last().map(|(_, context)| context.clone());
            innermost.unwrap_or_default()
        })
    }

    fn now(&self) -> u64 {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let wall = u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX);
        // The wall clock may be set back, but this clock must not decrease.
        self.latest.fetch_max(wall, Ordering::Relaxed).max(wall)
    }

    fn health(&self) -> TelemetryHealth {
        TelemetryHealth::default()
    }
}
