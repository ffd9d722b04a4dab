//! State shared by the routes and the lifecycle.

use crate::{HostSettings, budget::Budget, callable::Callable};
use glassbox_core::Clock;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use tokio::sync::{Semaphore, watch};

/// The memory of the inputs of all calls in progress, once decoded.
const BODIES: usize = 256 << 20;

/// The lifecycle phase of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not registered yet.
    Starting,
    /// Accepts calls.
    Ready,
    /// Finishes calls in progress.
    Draining,
}

/// State shared by the routes and the lifecycle.
pub(crate) struct State {
    pub(crate) callable: Arc<dyn Callable>,
    pub(crate) instance: String,
    pub(crate) settings: HostSettings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) slots: Semaphore,
    pub(crate) bodies: Budget,
    phase: watch::Sender<Phase>,
    in_flight: watch::Sender<u64>,
    served: AtomicU64,
    rejected: AtomicU64,
}

impl State {
    pub(crate) fn new(
        callable: Arc<dyn Callable>,
        instance: String,
        settings: HostSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            slots: Semaphore::new(settings.concurrency),
            bodies: Budget::new(BODIES, settings.body_limit),
            callable,
            instance,
            settings,
            clock,
            phase: watch::Sender::new(Phase::Starting),
            in_flight: watch::Sender::new(0),
            served: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// Counts a call as in progress until the guard is dropped.
    pub(crate) fn begin(&self) -> InFlight<'_> {
        self.in_flight.send_modify(|calls| *calls += 1);
        InFlight(self)
    }

    /// Resolves when no call is in progress.
    pub(crate) async fn idle(&self) {
        let mut in_flight = self.in_flight.subscribe();
        // `self` holds the sender, so waiting cannot fail.
        let _ = in_flight.wait_for(|calls| *calls == 0).await;
    }

    pub(crate) fn in_flight(&self) -> u64 {
        *self.in_flight.borrow()
    }

    pub(crate) fn served(&self) -> u64 {
        self.served.load(Relaxed)
    }

    pub(crate) fn rejected(&self) -> u64 {
        self.rejected.load(Relaxed)
    }

    pub(crate) fn count_rejected(&self) {
        self.rejected.fetch_add(1, Relaxed);
    }
}

/// A call in progress.
pub(crate) struct InFlight<'a>(&'a State);

impl InFlight<'_> {
    /// Records that the call was answered.
    pub(crate) fn answered(self) {
        self.0.served.fetch_add(1, Relaxed);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.send_modify(|calls| *calls -= 1);
    }
}
