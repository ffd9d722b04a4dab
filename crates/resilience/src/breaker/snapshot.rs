//! The state and counts of a breaker.

use std::time::Duration;

use super::phase::BreakerState;

/// A breaker at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Whether calls go through.
    pub state: BreakerState,
    /// When the state began, on the breaker's clock.
    pub since: Duration,
    /// Calls in the window; none are added to it while it is open or half-open.
    pub calls: u64,
    /// Calls in the window for whose failure the peer is to blame.
    pub failed: u64,
    /// Calls in the window that were slow, if slow calls count.
    pub slow: u64,
    /// Calls that were rejected since the breaker was created.
    pub rejected: u64,
    /// Changes of state since the breaker was created.
    pub transitions: Transitions,
}

/// How often a breaker changed its state, by the new state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transitions {
    /// Closed to open.
    pub opened: u64,
    /// Open to half-open.
    pub half_opened: u64,
    /// Half-open to open.
    pub reopened: u64,
    /// Half-open to closed.
    pub closed: u64,
}

impl Transitions {
    pub(super) const fn count(&mut self, from: BreakerState, to: BreakerState) {
        match (from, to) {
            (BreakerState::Closed, _) => self.opened += 1,
            (_, BreakerState::HalfOpen) => self.half_opened += 1,
            (_, BreakerState::Open) => self.reopened += 1,
            (_, BreakerState::Closed) => self.closed += 1,
        }
    }
}
