//! The lease of a registration in a memory registry.

use super::{MemoryRegistry, entries::Entry};
use glassbox_core::{Cx, Health, Lease, Problem, async_trait};
use std::time::Duration;

/// Holds a registration. After a drop, the registration expires.
pub(super) struct MemoryLease {
    registry: MemoryRegistry,
    instance: String,
    generation: u64,
    ttl: Duration,
}

impl MemoryLease {
    pub(super) fn new(
        registry: MemoryRegistry,
        instance: String,
        generation: u64,
        ttl: Duration,
    ) -> Self {
        Self {
            registry,
            instance,
            generation,
            ttl,
        }
    }

    /// Whether the entry is still this registration, and not a newer one of the instance.
    fn is_ours(&self) -> impl Fn(&Entry) -> bool {
        let generation = self.generation;
        move |entry| entry.generation == generation
    }
}

#[async_trait]
impl Lease for MemoryLease {
    async fn report(&self, _cx: &Cx, health: Health) -> Result<(), Problem> {
        let mut entries = self.registry.live();
        if entries.get(&self.instance).is_some_and(self.is_ours()) {
            entries.set_health(&self.instance, health);
        }
        Ok(())
    }

    async fn release(&self, _cx: &Cx) -> Result<(), Problem> {
        let mut entries = self.registry.live();
        if entries.get(&self.instance).is_some_and(self.is_ours()) {
            entries.remove(&self.instance);
        }
        Ok(())
    }
}

impl Drop for MemoryLease {
    fn drop(&mut self) {
        let lapses = self.registry.lapse(self.ttl);
        let mut entries = self.registry.live();
        entries.lapse(&self.instance, self.generation, lapses);
    }
}
