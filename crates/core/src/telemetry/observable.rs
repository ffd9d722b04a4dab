//! Instruments that are read when metrics are collected.

use super::{Descriptor, Kind, Telemetry, Value, installed};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// Observations made before installation, to be announced by it.
static WAITING: Mutex<Vec<Weak<Observation>>> = Mutex::new(Vec::new());

type Callback = dyn Fn(&mut dyn FnMut(f64, &[Value<'_>])) + Send + Sync;

/// What a collection asks: the instrument, and the callback that gives its values.
pub struct Observation {
    descriptor: Descriptor,
    callback: Box<Callback>,
}

impl Observation {
    /// What it is.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// Calls `report` once for each series, with values in the order of the instrument's keys.
    ///
    /// # Panics
    /// If the application's callback does: the implementation must survive that.
    pub fn read(&self, report: &mut dyn FnMut(f64, &[Value<'_>])) {
        (self.callback)(report);
    }
}

impl fmt::Debug for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observation")
            .field(&self.descriptor)
            .finish()
    }
}

/// Keeps an observation alive; dropping it ends the series.
///
/// ```
/// use glassbox_core::telemetry::Observable;
///
/// let queue_depth = Observable::gauge("queue.depth", || 7.0);
/// # drop(queue_depth);
/// ```
#[derive(Debug)]
#[must_use = "an observation ends when its handle is dropped"]
pub struct Observable(#[expect(dead_code, reason = "held for its life alone")] Arc<Observation>);

impl Observable {
    /// A value that is read at collection.
    pub fn gauge(name: &'static str, read: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self::single(name, Kind::ObservableGauge, read)
    }

    /// A total since start that is read at collection; it must never fall.
    pub fn counter(name: &'static str, read: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self::single(name, Kind::ObservableCounter, read)
    }

    /// A sum that grows and shrinks and is read at collection.
    pub fn up_down_counter(
        name: &'static str,
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self::single(name, Kind::ObservableUpDownCounter, read)
    }

    fn single(
        name: &'static str,
        kind: Kind,
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self::of(Descriptor::new(name, kind), move |report| {
            report(read(), &[]);
        })
    }

    /// Any observable instrument, with several series: `read` reports each of them.
    ///
    /// # Panics
    /// If the descriptor's kind is not an observable one.
    pub fn of(
        descriptor: Descriptor,
        read: impl Fn(&mut dyn FnMut(f64, &[Value<'_>])) + Send + Sync + 'static,
    ) -> Self {
        assert!(
            matches!(
                descriptor.kind,
                Kind::ObservableCounter | Kind::ObservableUpDownCounter | Kind::ObservableGauge
            ),
            "'{}' is not of an observable kind",
            descriptor.name
        );
        let observation = Arc::new(Observation {
            descriptor,
            callback: Box::new(read),
        });
        // Under the lock, so that an installation that runs meanwhile either sees it in the list or
        // is seen by us.
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        match installed() {
            Some(telemetry) => {
                drop(waiting);
                telemetry.observe(Arc::downgrade(&observation));
            }
            None => {
                waiting.retain(|held| held.strong_count() > 0);
                waiting.push(Arc::downgrade(&observation));
            }
        }
        Self(observation)
    }
}

/// Hands over what was made before installation.
pub(super) fn announce(telemetry: &dyn Telemetry) {
    let waiting = std::mem::take(&mut *WAITING.lock().unwrap_or_else(PoisonError::into_inner));
    for observation in waiting {
        telemetry.observe(observation);
    }
}
