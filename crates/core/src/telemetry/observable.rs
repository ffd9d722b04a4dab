//! Instruments that are read when metrics are collected.

use super::{
    Descriptor, Kind, Value, installed,
    observation::{Observation, waiting},
};
use std::sync::Arc;

/// Keeps an observable instrument alive; dropping it ends the series.
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

    /// A total since the start that is read at collection. It must never decrease.
    pub fn counter(name: &'static str, read: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self::single(name, Kind::ObservableCounter, read)
    }

    /// A sum that increases and decreases, read at collection.
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
    /// If the descriptor's kind is not observable.
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
        let observation = Arc::new(Observation::new(descriptor, Box::new(read)));
        // Under the lock, so that a concurrent installation either finds the observation in the list
        // or is found by this check.
        let mut waiting = waiting();
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
