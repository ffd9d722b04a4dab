//! A registry in memory, for one process or served to several.

mod entries;
mod lease;
mod list;
mod router;

#[cfg(test)]
mod tests;

pub use router::registry_router;

use crate::{SystemClock, endpoint::Endpoint};
use entries::{Bounds, Entries, Owner};
use glassbox_core::{
    Category, Clock, Cx, Discovery, Filter, Health, Lease, Problem, Registry, ServiceInfo,
    async_trait,
};
use lease::MemoryLease;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The header with the token that proves that a registration is the sender's.
pub(crate) const LEASE: &str = "glassbox-lease";

/// Registrations in memory, each under a lease. Cheap to clone; clones share the registrations.
///
/// As a [`Registry`] it keeps a registration while its lease is held, and then for the duration of the
/// lease. A registration made by [`put`](Self::put), as over HTTP, expires unless it is renewed. Expired
/// registrations are removed by the next lookup.
///
/// # Bounds
/// At most 4096 registrations, or [`with_capacity`](Self::with_capacity), and 64 MiB, or
/// [`with_byte_limit`](Self::with_byte_limit). One registration has at most 8 MiB: its JSON, and 64
/// bytes for each value in it. A further registration is rejected with `registry.full`.
#[derive(Clone)]
pub struct MemoryRegistry(Arc<Inner>);

struct Inner {
    entries: Mutex<Entries>,
    clock: Arc<dyn Clock>,
    bounds: Bounds,
}

/// The result of [`MemoryRegistry::put`].
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Put {
    /// The instance is new. Only this token renews or removes it.
    New(String),
    /// The registration was renewed.
    Renewed,
}

impl fmt::Debug for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New(_) => "New(***)",
            Self::Renewed => "Renewed",
        })
    }
}

impl MemoryRegistry {
    /// Creates an empty registry on the system clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// Creates an empty registry on the given clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let bounds = Bounds {
            registrations: 4096,
            bytes: 64 << 20,
        };
        Self::build(clock, bounds)
    }

    /// Creates an empty registry of at most this many registrations.
    pub fn with_capacity(capacity: usize) -> Self {
        let all = Self::new();
        let bounds = Bounds {
            registrations: capacity,
            ..all.0.bounds
        };
        Self::build(Arc::clone(&all.0.clock), bounds)
    }

    /// Sets the memory for all registrations, and removes the existing ones.
    #[must_use]
    pub fn with_byte_limit(self, bytes: usize) -> Self {
        let bounds = Bounds {
            bytes,
            ..self.0.bounds
        };
        Self::build(Arc::clone(&self.0.clock), bounds)
    }

    fn build(clock: Arc<dyn Clock>, bounds: Bounds) -> Self {
        Self(Arc::new(Inner {
            entries: Mutex::default(),
            clock,
            bounds,
        }))
    }

    /// Registers, or renews the registration of the same instance, for `ttl` from now.
    ///
    /// A registered instance is renewed only with the `lease` that [`Put::New`] returned.
    ///
    /// # Errors
    /// If the registration is invalid, the registry is full, or the instance has another owner.
    pub fn put(
        &self,
        service: ServiceInfo,
        ttl: Duration,
        lease: Option<&str>,
    ) -> Result<Put, Problem> {
        check(&service)?;
        let lapses = Some(self.lapse(ttl));
        let owner = Owner::Remote(lease);
        let (_, token) = self.live().insert(service, lapses, &owner, self.0.bounds)?;
        Ok(token.map_or(Put::Renewed, Put::New))
    }

    /// Removes a registration. Returns whether there was one.
    ///
    /// # Errors
    /// If the lease is not the one of the registration.
    pub fn remove(&self, instance: &str, lease: Option<&str>) -> Result<bool, Problem> {
        let mut entries = self.live();
        match entries.get(instance) {
            None => Ok(false),
            Some(entry) if entry.is_owned_by(lease) => {
                entries.remove(instance);
                Ok(true)
            }
            Some(_) => Err(not_owner(instance)),
        }
    }

    /// Sets the health of an instance. Returns whether it is registered.
    ///
    /// # Errors
    /// If the lease is not the one of the registration.
    pub fn report(
        &self,
        instance: &str,
        health: Health,
        lease: Option<&str>,
    ) -> Result<bool, Problem> {
        let mut entries = self.live();
        match entries.get(instance) {
            None => Ok(false),
            Some(entry) if entry.is_owned_by(lease) => {
                entries.set_health(instance, health);
                Ok(true)
            }
            Some(_) => Err(not_owner(instance)),
        }
    }

    /// Matching instances, ordered by name then instance.
    pub fn matching(&self, filter: &Filter) -> Vec<ServiceInfo> {
        let (_, instances) = self.instances(filter);
        let services = instances.iter().filter_map(|id| self.service(id));
        services.map(|service| (*service).clone()).collect()
    }

    /// The number of registrations, ready or not.
    pub fn len(&self) -> usize {
        self.live().len()
    }

    /// Whether there are no registrations.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of all registrations, and the ids of the matching ones, ordered by name then instance.
    fn instances(&self, filter: &Filter) -> (usize, Vec<Arc<str>>) {
        let entries = self.live();
        let matching = entries
            .iter()
            .filter(|(_, entry)| filter.matches(&entry.service));
        let mut found: Vec<_> = matching.collect();
        found.sort_by(|(one, a), (other, b)| (&a.service.name, one).cmp(&(&b.service.name, other)));
        let found = found.into_iter().map(|(id, _)| Arc::clone(id)).collect();
        (entries.len(), found)
    }

    fn service(&self, instance: &str) -> Option<Arc<ServiceInfo>> {
        let entries = self.live();
        entries
            .get(instance)
            .map(|entry| Arc::clone(&entry.service))
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
        entries.expire(now);
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
        check(&service)?;
        let owner = Owner::Here;
        let (generation, _) = self.live().insert(service, None, &owner, self.0.bounds)?;
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

/// Rejects registrations that no caller could use, with the field that is wrong.
pub(crate) fn check(service: &ServiceInfo) -> Result<(), Problem> {
    check_name("instance", &service.instance)?;
    check_name("name", &service.name)?;
    match Endpoint::parse(&service.endpoint) {
        Ok(_) => Ok(()),
        Err(must) => Err(invalid("endpoint", &service.endpoint, must)),
    }
}

fn check_name(field: &str, value: &str) -> Result<(), Problem> {
    let must = match value {
        _ if value.trim().is_empty() => "must not be empty",
        _ if value.len() > 256 => "must have at most 256 bytes",
        _ if value.chars().any(char::is_control) => "must have no control characters",
        _ => return Ok(()),
    };
    Err(invalid(field, value, must))
}

fn invalid(field: &str, value: &str, must: &str) -> Problem {
    let value: String = value.chars().take(200).collect();
    // With `Debug`, a line break in the value does not start a new line in the log.
    let message = format!("invalid registration: '{field}' {must}; it is {value:?}");
    Problem::new(Category::Invalid, "registry.invalid", message).with_detail("field", field)
}

fn not_owner(instance: &str) -> Problem {
    let message = format!(
        "instance {instance:?} belongs to another process; send the lease that the registry returned \
         to its owner, in the header {LEASE}"
    );
    Problem::new(Category::Forbidden, "registry.not_owner", message)
}
