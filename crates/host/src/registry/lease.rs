//! The lease of a registration in a memory registry.

use super::MemoryRegistry;
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
}

#[async_trait]
impl Lease for MemoryLease {
    async fn report(&self, _cx: &Cx, health: Health) -> Result<(), Problem> {
        let mut entries = self.registry.live();
        if let Some(entry) = entries.by_instance.get_mut(&self.instance)
            && entry.generation == self.generation
        {
            entry.service.health = health;
        }
        Ok(())
    }

    async fn release(&self, _cx: &Cx) -> Result<(), Problem> {
        let mut entries = self.registry.live();
        let ours = |generation| generation == self.generation;
        if (entries.by_instance.get(&self.instance)).is_some_and(|entry| ours(entry.generation)) {
            entries.by_instance.remove(&self.instance);
        }
        Ok(())
    }
}

impl Drop for MemoryLease {
    fn drop(&mut self) {
        let lapses = self.registry.lapse(self.ttl);
        let mut entries = self.registry.live();
        if let Some(entry) = entries.by_instance.get_mut(&self.instance)
            && entry.generation == self.generation
        {
            entry.lapses = Some(lapses);
        }
    }
}
