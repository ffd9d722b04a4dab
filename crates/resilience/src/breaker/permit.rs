//! Permission to make one call.

use std::fmt;

use glassbox_core::{Blame, Clock, Decide};

use super::Breaker;
use super::phase::{BreakerState, Phase};

/// Permission to make one call, until its outcome is reported.
///
/// Only failures for which the peer is to blame count against it. A caller's error, a deadline that the
/// caller made too short, or a full local queue is no evidence about the peer, and is not counted.
///
/// # Cancel safety
/// Dropping it reports nothing: a call that was cancelled is not counted, and a half-open breaker can
/// give the permit to another call.
#[must_use = "a permit that is dropped at once counts for nothing"]
pub struct Permit<'a, C: Clock = std::sync::Arc<dyn Clock>> {
    breaker: &'a Breaker<C>,
    phase: Phase,
    started: u64,
}

impl<'a, C: Clock> Permit<'a, C> {
    #[inline]
    pub(super) const fn new(breaker: &'a Breaker<C>, phase: Phase, started: u64) -> Self {
        Self {
            breaker,
            phase,
            started,
        }
    }

    /// Reports that the peer answered.
    #[inline]
    pub fn succeed(self) {
        self.told(false);
    }

    /// Reports that the call failed, and who is to blame.
    #[inline]
    pub fn fail(self, blame: Blame) {
        if blame == Blame::Peer {
            self.told(true);
        }
    }

    /// Reports the result of the call.
    #[inline]
    pub fn settle<T, E: Decide>(self, result: &Result<T, E>) {
        match result {
            Ok(_) => self.succeed(),
            Err(error) => self.fail(error.blame()),
        }
    }

    #[inline]
    fn told(self, failed: bool) {
        let Self {
            breaker,
            phase,
            started,
        } = self;
        // `settle` returns the permit, so `drop` must not return it again.
        std::mem::forget(self);
        breaker.settle(phase, started, failed);
    }
}

impl<C: Clock> Drop for Permit<'_, C> {
    #[inline]
    fn drop(&mut self) {
        if self.phase.state() == BreakerState::HalfOpen {
            self.breaker.return_probe(self.phase);
        }
    }
}

impl<C: Clock> fmt::Debug for Permit<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("state", &self.phase.state())
            .finish_non_exhaustive()
    }
}
