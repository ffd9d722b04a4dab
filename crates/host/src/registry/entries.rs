//! The registrations, bounded in number and in bytes.

use glassbox_core::{Category, Health, Problem, ServiceInfo};
use std::{collections::BTreeMap, io, sync::Arc};
use subtle::ConstantTimeEq;

/// Maximum memory of one registration.
const ENTRY: usize = 8 << 20;

/// All registrations.
#[derive(Default)]
pub(super) struct Entries {
    by_instance: BTreeMap<Arc<str>, Entry>,
    /// The memory of all registrations.
    bytes: usize,
    /// Distinguishes leases of the same instance.
    generation: u64,
}

/// The limits of a registry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) registrations: usize,
    pub(super) bytes: usize,
}

/// One registration.
pub(super) struct Entry {
    pub(super) service: Arc<ServiceInfo>,
    bytes: usize,
    /// The expiry; `None` while a lease in this process is held.
    lapses: Option<u64>,
    pub(super) generation: u64,
    /// Proves ownership over HTTP. A registration of this process has none, and cannot be changed over
    /// HTTP.
    token: Option<String>,
}

/// The owner of a registration.
pub(super) enum Owner<'a> {
    /// This process.
    Here,
    /// A remote caller with this token, or without one yet.
    Remote(Option<&'a str>),
}

impl Entries {
    /// Removes the expired registrations.
    pub(super) fn expire(&mut self, now: u64) {
        let bytes = &mut self.bytes;
        self.by_instance.retain(|_, entry| {
            let is_live = entry.lapses.is_none_or(|at| at > now);
            if !is_live {
                *bytes -= entry.bytes;
            }
            is_live
        });
    }

    /// Adds a registration, or replaces one of the same owner. Returns its generation, and the token of
    /// a new remote registration.
    pub(super) fn insert(
        &mut self,
        service: ServiceInfo,
        lapses: Option<u64>,
        owner: &Owner<'_>,
        bounds: Bounds,
    ) -> Result<(u64, Option<String>), Problem> {
        let known = self.by_instance.get(service.instance.as_str());
        let (token, is_new) = match (known, owner) {
            // A process registers itself once; a second lease replaces the first.
            (_, Owner::Here) => (None, false),
            (Some(entry), Owner::Remote(presented)) => {
                if !entry.is_owned_by(*presented) {
                    return Err(taken(&service.instance));
                }
                (entry.token.clone(), false)
            }
            (None, Owner::Remote(_)) => (Some(token()?), true),
        };
        let bytes = weigh(&service);
        let (count, freed) = match known {
            Some(entry) => (self.by_instance.len(), entry.bytes),
            None => (self.by_instance.len() + 1, 0),
        };
        if bytes > ENTRY {
            let message = format!(
                "the registration of {:?} needs {bytes} bytes of memory, and the limit is {ENTRY}; \
                 shorten the schemas of its capabilities",
                service.instance
            );
            return Err(
                Problem::new(Category::Invalid, "registry.too_large", message)
                    .with_detail("limit", ENTRY),
            );
        }
        if count > bounds.registrations || self.bytes - freed + bytes > bounds.bytes {
            return Err(full(bounds));
        }
        self.bytes = self.bytes - freed + bytes;
        self.generation += 1;
        let generation = self.generation;
        let fresh = is_new.then(|| token.clone()).flatten();
        let entry = Entry {
            service: Arc::new(service),
            bytes,
            lapses,
            generation,
            token,
        };
        let instance: Arc<str> = entry.service.instance.as_str().into();
        self.by_instance.insert(instance, entry);
        Ok((generation, fresh))
    }

    pub(super) fn get(&self, instance: &str) -> Option<&Entry> {
        self.by_instance.get(instance)
    }

    pub(super) fn remove(&mut self, instance: &str) {
        if let Some(entry) = self.by_instance.remove(instance) {
            self.bytes -= entry.bytes;
        }
    }

    pub(super) fn set_health(&mut self, instance: &str, health: Health) {
        if let Some(entry) = self.by_instance.get_mut(instance) {
            Arc::make_mut(&mut entry.service).health = health;
        }
    }

    /// Lets a registration of this process expire.
    pub(super) fn lapse(&mut self, instance: &str, generation: u64, at: u64) {
        if let Some(entry) = self.by_instance.get_mut(instance)
            && entry.generation == generation
        {
            entry.lapses = Some(at);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Entry)> {
        self.by_instance.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.by_instance.len()
    }
}

impl Entry {
    /// Whether a remote caller with this token owns the registration. Compared in constant time.
    pub(super) fn is_owned_by(&self, presented: Option<&str>) -> bool {
        match (&self.token, presented) {
            (Some(token), Some(presented)) => token.as_bytes().ct_eq(presented.as_bytes()).into(),
            _ => false,
        }
    }
}

fn full(bounds: Bounds) -> Problem {
    let Bounds {
        registrations,
        bytes,
    } = bounds;
    let message =
        format!("the registry is full: it holds {registrations} registrations and {bytes} bytes");
    Problem::new(Category::RateLimited, "registry.full", message)
        .with_detail("capacity", registrations)
        .with_detail("bytes", bytes)
}

fn taken(instance: &str) -> Problem {
    let message = format!(
        "instance {instance:?} is registered by another process; renew it with the lease that the \
         registry returned, use another instance id, or wait until its lease expires"
    );
    Problem::new(Category::Conflict, "registry.not_owner", message)
}

/// A random token of 128 bits.
fn token() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        let message = format!("the system has no random numbers: {error}");
        Problem::new(Category::Internal, "registry.no_random", message)
    })?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// The memory of a registration: that of its decoded JSON.
fn weigh(service: &ServiceInfo) -> usize {
    struct Scale(usize);

    impl io::Write for Scale {
        fn write(&mut self, json: &[u8]) -> io::Result<usize> {
            self.0 += crate::budget::cost(json);
            Ok(json.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut scale = Scale(0);
    match serde_json::to_writer(&mut scale, service) {
        Ok(()) => scale.0,
        // A service that cannot be serialised cannot be listed either.
        Err(_) => usize::MAX / 2,
    }
}
