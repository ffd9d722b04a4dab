//! One circuit breaker for each instance, and the reports of state changes.

use crate::{
    instruments::{REJECTIONS, TRANSITIONS},
    lru::Lru,
};
use glassbox_core::{Clock, ServiceInfo, telemetry::Value};
use glassbox_resilience::{
    Breaker, BreakerConfig, BreakerConfigError, BreakerState, Permit, Rejected,
};
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering::Relaxed},
};

/// The breakers of recently called instances.
pub(crate) struct Breakers {
    config: BreakerConfig,
    clock: Arc<dyn Clock>,
    known: Lru<InstanceBreaker>,
}

impl Breakers {
    /// Breakers with this configuration, for at most this many instances.
    pub(crate) fn try_new(
        config: BreakerConfig,
        instances: usize,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BreakerConfigError> {
        // Validates the configuration here, so that creating a breaker later cannot fail.
        Breaker::try_new(config, Arc::clone(&clock))?;
        Ok(Self {
            config,
            clock,
            known: Lru::new(instances),
        })
    }

    /// The breaker of an instance.
    pub(crate) fn of(&self, instance: &ServiceInfo) -> Arc<InstanceBreaker> {
        self.known.get(&instance.instance, || {
            let breaker = Breaker::try_new(self.config, Arc::clone(&self.clock));
            InstanceBreaker {
                breaker: breaker.expect("invariant: this configuration made a breaker before"),
                seen: AtomicU8::new(BreakerState::Closed.as_u8()),
            }
        })
    }
}

/// The breaker of one instance.
pub(crate) struct InstanceBreaker {
    breaker: Breaker,
    /// The last reported state.
    seen: AtomicU8,
}

impl InstanceBreaker {
    /// Requests permission to call the instance, and counts a rejection.
    pub(crate) fn try_acquire(&self, instance: &ServiceInfo) -> Result<Permit<'_>, Rejected> {
        let permit = self.breaker.try_acquire();
        self.report(instance);
        permit.inspect_err(|_| REJECTIONS.add_with(1, &[Value::Str(&instance.name)]))
    }

    /// Reports a change of the state once.
    pub(crate) fn report(&self, instance: &ServiceInfo) {
        let state = self.breaker.state();
        let before = self.seen.swap(state.as_u8(), Relaxed);
        if before == state.as_u8() {
            return;
        }
        let (from, service) = (name(before), instance.name.as_str());
        let labels = [service, from, state.as_str()].map(Value::Str);
        TRANSITIONS.add_with(1, &labels);
        let id = instance.instance.as_str();
        match state {
            BreakerState::Open => {
                tracing::warn!(
                    glassbox.service = service,
                    glassbox.peer.instance = id,
                    "calls fail; the circuit breaker is open"
                );
            }
            state => tracing::info!(
                glassbox.service = service,
                glassbox.peer.instance = id,
                glassbox.invoke.state = %state,
                "the circuit breaker changed"
            ),
        }
    }
}

fn name(state: u8) -> &'static str {
    let all = [
        BreakerState::Closed,
        BreakerState::HalfOpen,
        BreakerState::Open,
    ];
    let known = all.into_iter().find(|known| known.as_u8() == state);
    known.unwrap_or(BreakerState::Closed).as_str()
}
