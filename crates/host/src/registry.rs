//! A registry in memory, for one process or served to several.

mod lease;
mod router;

#[cfg(test)]
mod tests;

pub use router::registry_router;

use crate::SystemClock;
use glassbox_core::{
    Category, Clock, Cx, Discovery, Filter, Health, Lease, Problem, Registry, ServiceInfo,
    async_trait,
};
use lease::MemoryLease;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Registrations in memory, each under a lease. Cheap to clone; clones share the registrations.
///
/// As a [`Registry`] it keeps a registration while its lease is held, and then for the duration of the
/// lease. A registration that is [`put`](Self::put), as over HTTP, expires unless it is put again.
/// Expired registrations are removed by the next lookup.
///
/// # Bounds
/// At most 4096 registrations, or [`with_capacity`](Self::with_capacity). A further registration is
/// rejected with `registry.full`.
#[derive(Clone)]
pub struct MemoryRegistry(Arc<Inner>);

struct Inner {
    entries: Mutex<Entries>,
    clock: Arc<dyn Clock>,
    capacity: usize,
}

#[derive(Default)]
struct Entries {
    by_instance: BTreeMap<String, Entry>,
    /// Distinguishes leases of the same instance.
    generation: u64,
}

struct Entry {
    service: ServiceInfo,
    /// The expiry; `None` while a lease in this process is held.
    lapses: Option<u64>,
    generation: u64,
}

impl MemoryRegistry {
    /// Creates an empty registry on the system clock.
    pub fn new() -> Self {
        Self::build(Arc::new(SystemClock), 4096)
    }

    /// Creates an empty registry on the given clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self::build(clock, 4096)
    }

    /// Creates an empty registry of at most this many registrations.
    pub fn with_capacity(capacity: usize) -> Self {
        Self::build(Arc::new(SystemClock), capacity)
    }

    fn build(clock: Arc<dyn Clock>, capacity: usize) -> Self {
        Self(Arc::new(Inner {
            entries: Mutex::default(),
            clock,
            capacity,
        }))
    }

    /// Registers, or renews the registration of the same instance, for `ttl` from now.
    ///
    /// # Errors
    /// If the registration is invalid or the registry is full.
    pub fn put(&self, service: ServiceInfo, ttl: Duration) -> Result<(), Problem> {
        self.insert(service, Some(ttl)).map(drop)
    }

    /// Removes a registration. Returns whether there was one.
    pub fn remove(&self, instance: &str) -> bool {
        self.live().by_instance.remove(instance).is_some()
    }

    /// Sets the health of an instance. Returns whether it is registered.
    pub fn report(&self, instance: &str, health: Health) -> bool {
        match self.live().by_instance.get_mut(instance) {
            Some(entry) => {
                entry.service.health = health;
                true
            }
            None => false,
        }
    }

    /// Matching instances, ordered by name then instance.
    pub fn matching(&self, filter: &Filter) -> Vec<ServiceInfo> {
        let mut found: Vec<_> = self
            .live()
            .by_instance
            .values()
            .map(|entry| &entry.service)
            .filter(|service| filter.matches(service))
            .cloned()
            .collect();
        found.sort_by(|a, b| (&a.name, &a.instance).cmp(&(&b.name, &b.instance)));
        found
    }

    /// The number of registrations, ready or not.
    pub fn len(&self) -> usize {
        self.live().by_instance.len()
    }

    /// Whether there are no registrations.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the registration's generation.
    fn insert(&self, service: ServiceInfo, ttl: Option<Duration>) -> Result<u64, Problem> {
        check(&service)?;
        let lapses = ttl.map(|ttl| self.lapse(ttl));
        let mut entries = self.live();
        let known = entries.by_instance.contains_key(&service.instance);
        if !known && entries.by_instance.len() >= self.0.capacity {
            let message = format!(
                "the registry is full: it holds {} registrations",
                self.0.capacity
            );
            return Err(
                Problem::new(Category::RateLimited, "registry.full", message)
                    .with_detail("capacity", self.0.capacity),
            );
        }
        entries.generation += 1;
        let generation = entries.generation;
        let entry = Entry {
            service,
            lapses,
            generation,
        };
        let instance = entry.service.instance.clone();
        entries.by_instance.insert(instance, entry);
        Ok(generation)
    }

    fn lapse(&self, ttl: Duration) -> u64 {
        let ttl = u64::try_from(ttl.as_nanos()).unwrap_or(u64::MAX);
        self.0.clock.now().saturating_add(ttl)
    }

    /// The registrations that have not expired.
    fn live(&self) -> MutexGuard<'_, Entries> {
        let now = self.0.clock.now();
        let mut entries = self
            .0
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        entries
            .by_instance
            .retain(|_, entry| entry.lapses.is_none_or(|at| at > now));
        entries
    }
}

impl Default for MemoryRegistry {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRegistry")
            .field("registrations", &self.len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Registry for MemoryRegistry {
    async fn register(
        &self,
        _cx: &Cx,
        service: ServiceInfo,
        ttl: Duration,
    ) -> Result<Box<dyn Lease>, Problem> {
        let instance = service.instance.clone();
        let generation = self.insert(service, None)?;
        Ok(Box::new(MemoryLease::new(
            self.clone(),
            instance,
            generation,
            ttl,
        )))
    }
}

#[async_trait]
impl Discovery for MemoryRegistry {
    async fn find(&self, _cx: &Cx, filter: &Filter) -> Result<Vec<ServiceInfo>, Problem> {
        Ok(self.matching(filter))
    }
}

/// Rejects registrations that no caller could use.
pub(crate) fn check(service: &ServiceInfo) -> Result<(), Problem> {
    let wrong = match service {
        _ if service.instance.trim().is_empty() => "'instance' is empty",
        _ if service.name.trim().is_empty() => "'name' is empty",
        _ if service.instance.len() > 256 || service.name.len() > 256 => {
            "'instance' and 'name' have at most 256 bytes"
        }
        _ if service.endpoint.trim().is_empty() => "'endpoint' is empty; use http://host:port",
        _ => return Ok(()),
    };
    let message = format!("invalid registration: {wrong}");
    Err(Problem::new(Category::Invalid, "registry.invalid", message))
}
