//! Discovery over Redis.

use super::{
    client::RedisClient,
    failure::Failure,
    stored::{self, LIMIT},
};
use crate::{
    budget::cost,
    known::{FRESH, Known, Source},
    settings::LAST_KNOWN,
};
use glassbox_core::{Cx, Discovery, Filter, Problem, ServiceInfo, async_trait};
use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

/// Maximum number of instances read per namespace.
const INSTANCES: usize = 4096;
/// Number of registrations per page.
const PAGE: usize = 128;
/// Maximum number of bytes that are read.
const BYTES: usize = 64 << 20;
/// Maximum memory of everything read, once decoded.
const DECODED: usize = 128 << 20;
/// Maximum number of bytes that are read at a time.
const BATCH: usize = 4 << 20;
/// Timeout of one lookup.
const PATIENCE: Duration = Duration::from_secs(5);

const HEAL: &str = include_str!("heal.lua");

/// Finds services of one namespace that register with Redis. Cheap to clone.
///
/// The whole list is read at once and cached for one second. While Redis is unavailable, the last known
/// list is served for ten minutes, and a warning is logged. Registrations that cannot be read are
/// skipped and counted in the log.
///
/// # Bounds
/// Reads at most 4096 instances, those with the longest remaining lease first, and at most 64 MiB, or
/// 128 MiB once decoded. Registrations are measured before they are read, in pages of 128: one of more
/// than 1 MiB is skipped. They are read up to 4 MiB at a time. Each round trip takes at most two
/// seconds, and a lookup five seconds. If Redis is known to be unavailable and a list is known, a lookup
/// returns at once.
#[derive(Clone)]
pub struct RedisDiscovery(Known<Instances>);

/// The instances of one namespace.
struct Instances {
    client: RedisClient,
    /// The number of unreadable registrations in the last lookup.
    unread: AtomicUsize,
    /// Whether the last lookup had too many instances.
    too_many: AtomicBool,
    /// Whether the last lookup had too many bytes.
    too_long: AtomicBool,
}

impl RedisDiscovery {
    /// Creates a discovery that uses this client.
    pub fn new(client: RedisClient) -> Self {
        Self::with_times(client, FRESH, LAST_KNOWN)
    }

    /// Like [`new`](Self::new), with the cache time. Zero disables caching.
    pub fn with_freshness(client: RedisClient, fresh: Duration) -> Self {
        Self::with_times(client, fresh, LAST_KNOWN)
    }

    /// Like [`new`](Self::new), with the cache time, and the time for which the last known list is used
    /// while Redis is unavailable.
    pub fn with_times(client: RedisClient, fresh: Duration, last_known: Duration) -> Self {
        let instances = Instances {
            client,
            unread: AtomicUsize::new(0),
            too_many: AtomicBool::new(false),
            too_long: AtomicBool::new(false),
        };
        Self(Known::new(instances, fresh, last_known))
    }
}

impl Instances {
    async fn read(&self) -> Result<Vec<ServiceInfo>, Failure> {
        let ids = self.ids().await?;
        let mut found = Found::default();
        'all: for page in ids.chunks(PAGE) {
            let (present, gone) = self.measure(page).await?;
            self.heal(&gone).await;
            let mut batch = Vec::new();
            let mut size = 0;
            for (id, length) in present {
                if length > LIMIT {
                    found.unread += 1;
                    continue;
                }
                if found.bytes + size + length > BYTES {
                    found.is_cut = true;
                    break;
                }
                if size + length > BATCH {
                    found.take(&batch, self.fetch(&batch).await?);
                    batch.clear();
                    size = 0;
                }
                batch.push(id);
                size += length;
            }
            found.take(&batch, self.fetch(&batch).await?);
            if found.is_cut {
                break 'all;
            }
        }
        let Found {
            services,
            unread,
            bytes,
            is_cut,
            ..
        } = found;
        if !self.too_long.swap(is_cut, Relaxed) && is_cut {
            let registry = self.client.place();
            tracing::warn!(
                glassbox.host.registry = %registry,
                glassbox.host.bytes = bytes,
                "the registrations exceed the size limit; some may be missing"
            );
        }
        if self.unread.swap(unread, Relaxed) != unread {
            let registry = self.client.place();
            tracing::warn!(
                glassbox.host.registry = %registry,
                glassbox.host.unread = unread,
                "registrations that cannot be read are skipped"
            );
        }
        Ok(services)
    }

    /// The lengths of the existing registrations, and the ids of the missing ones.
    async fn measure<'a>(&self, ids: &'a [Vec<u8>]) -> Result<Measured<'a>, Failure> {
        let mut commands = redis::pipe();
        for id in ids {
            commands.cmd("STRLEN").arg(self.client.keys().instance(id));
        }
        let lengths: Vec<Option<usize>> = self.client.ask_each(&mut commands).await?;
        let (mut present, mut gone) = (Vec::new(), Vec::new());
        for (id, length) in ids.iter().zip(lengths) {
            match length {
                // A key that does not exist has no length.
                None | Some(0) => gone.push(id),
                Some(length) => present.push((id, length)),
            }
        }
        Ok((present, gone))
    }

    /// The registrations, truncated at the limit: one may have grown since it was measured.
    async fn fetch(&self, ids: &[&Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut commands = redis::pipe();
        for id in ids {
            let key = self.client.keys().instance(id);
            commands.cmd("GETRANGE").arg(key).arg(0).arg(LIMIT);
        }
        self.client.ask_each(&mut commands).await
    }

    /// The ids, those with the longest remaining lease first.
    async fn ids(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let mut command = redis::cmd("ZREVRANGE");
        // One more than the limit, to detect that there are more.
        command
            .arg(self.client.keys().index())
            .arg(0)
            .arg(INSTANCES);
        let mut ids: Vec<Vec<u8>> = self.client.ask(&command).await?;
        let too_many = ids.len() > INSTANCES;
        ids.truncate(INSTANCES);
        if !self.too_many.swap(too_many, Relaxed) && too_many {
            let registry = self.client.place();
            tracing::warn!(
                glassbox.host.registry = %registry,
                "more than {INSTANCES} instances; the others are ignored"
            );
        }
        Ok(ids)
    }

    /// Removes expired instances from the index, if the user has the permission.
    async fn heal(&self, gone: &[&Vec<u8>]) {
        if gone.is_empty() {
            return;
        }
        let keys = self.client.keys();
        let mut command = redis::cmd("EVAL");
        command.arg(HEAL).arg(1 + gone.len()).arg(keys.index());
        for id in gone {
            command.arg(keys.instance(id));
        }
        for id in gone {
            command.arg(id);
        }
        let registry = self.client.place();
        match self.client.ask::<usize>(&command).await {
            Ok(removed) => {
                tracing::debug!(
                    glassbox.host.registry = %registry,
                    glassbox.host.removed = removed,
                    "removed expired instances from the index"
                )
            }
            Err(failure) => {
                let problem = Problem::from(failure);
                tracing::debug!(
                    glassbox.host.registry = %registry,
                    glassbox.host.problem = %problem,
                    "cannot remove expired instances from the index"
                );
            }
        }
    }
}

/// Existing registrations with their lengths, and ids without one.
type Measured<'a> = (Vec<(&'a Vec<u8>, usize)>, Vec<&'a Vec<u8>>);

/// The registrations read by a lookup.
#[derive(Default)]
struct Found {
    services: Vec<ServiceInfo>,
    unread: usize,
    bytes: usize,
    decoded: usize,
    is_cut: bool,
}

impl Found {
    fn take(&mut self, ids: &[&Vec<u8>], texts: Vec<Option<Vec<u8>>>) {
        for (id, text) in ids.iter().zip(texts) {
            // It expired after it was measured.
            let Some(text) = text.filter(|text| !text.is_empty()) else {
                continue;
            };
            self.bytes += text.len();
            self.decoded += cost(&text);
            if self.decoded > DECODED {
                self.is_cut = true;
                return;
            }
            match stored::decode(id, &text) {
                Some(service) => self.services.push(service),
                None => self.unread += 1,
            }
        }
    }
}

impl Source for Instances {
    fn name(&self) -> impl fmt::Display + Send + '_ {
        self.client.place()
    }

    async fn list(&self, _cx: Option<&Cx>) -> Result<Vec<ServiceInfo>, Problem> {
        let read = tokio::time::timeout(PATIENCE, self.read()).await;
        let read = read.unwrap_or_else(|_| {
            let late = Failure::Away(format!("reading the list took longer than {PATIENCE:?}"));
            Err(late.at(self.client.place()))
        });
        read.map_err(Problem::from)
    }
}

#[async_trait]
impl Discovery for RedisDiscovery {
    async fn find(&self, cx: &Cx, filter: &Filter) -> Result<Vec<ServiceInfo>, Problem> {
        self.0.find(cx, filter).await
    }
}

impl fmt::Debug for RedisDiscovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisDiscovery")
            .field(&self.0.source().client)
            .finish()
    }
}
