//! The circuit breaker and the retry policy.

use crate::clock::Monotonic;
use glassbox_resilience::{
    Attempts, Backoff, Breaker, BreakerConfig, BreakerState, Jitter, Permit, RetryPolicy, Window,
};
use std::time::Duration;

/// The breaker around one signal's exporter.
///
/// While it is open, spans and log records stay in their queue and metrics are not collected. A flush and
/// the shutdown export nevertheless.
#[derive(Debug)]
pub(crate) struct Circuit(Breaker<Monotonic>);

impl Circuit {
    pub(crate) fn new() -> Self {
        let config = BreakerConfig::default()
            .window(Window::Count(8))
            .minimum_calls(3)
            .open_for(Duration::from_secs(5))
            .probes(1);
        let breaker = Breaker::try_new(config, Monotonic::new());
        Self(breaker.expect("invariant: the numbers above make a breaker"))
    }

    /// Returns the permission to send a batch. The permit must be settled with the outcome.
    pub(crate) fn permit(&self) -> Option<Permit<'_, Monotonic>> {
        self.0.try_acquire().ok()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.snapshot().state != BreakerState::Closed
    }
}

/// The attempts of one batch: as many as fit into its time limit, 100 ms to 5 s apart.
pub(super) fn attempts() -> Attempts<'static> {
    let backoff = Backoff::try_new(Duration::from_millis(100), Duration::from_secs(5))
        .expect("invariant: the first wait is shorter than the longest");
    RetryPolicy::try_new(u32::MAX, backoff)
        .expect("invariant: there is an attempt")
        .attempts(Jitter::seeded(fastrand::u64(..)))
}
