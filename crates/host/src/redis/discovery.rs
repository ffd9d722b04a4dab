//! Looking into Redis.

use super::{client::RedisClient, failure::Failure, stored};
use crate::{
    known::{FRESH, Known, Source},
    settings::LAST_KNOWN,
};
use glassbox_core::{Cx, Discovery, Filter, Problem, ServiceInfo, async_trait};
use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

/// The most instances of a namespace that are looked at.
const INSTANCES: usize = 4096;
/// How many registrations are read in one go.
const PAGE: usize = 128;
/// The bytes of registrations after which no further page is read.
const BYTES: usize = 64 << 20;
/// How long one look may take in all.
const PATIENCE: Duration = Duration::from_secs(5);

const HEAL: &str = include_str!("heal.lua");

/// Looks into Redis, where services of the same namespace register. Cheap to clone.
///
/// The whole list is read at once and kept for a second; while Redis is away, the list as last known
/// goes on being served for ten minutes, and the log says so. What cannot be read of a list hides
/// nothing else of it, and is counted in the log.
///
/// # Bounds
/// Of more than 4096 instances in a namespace, those with the longest lease left are seen. So it is of
/// more than 64 MiB of registrations; this is looked at after each 128 of them, of which each has at
/// most 1 MiB where nobody else writes under these keys. A list is read with one round trip for the ids and one for each 128 of them,
/// each of at most two seconds and all of at most five. Once Redis was found to be away, and something
/// was known before, a look-up takes no time.
#[derive(Clone)]
pub struct RedisDiscovery(Known<Instances>);

/// The instances of one namespace.
struct Instances {
    client: RedisClient,
    /// How many registrations could not be read the last time.
    unread: AtomicUsize,
    /// Whether there were too many instances the last time.
    too_many: AtomicBool,
    /// Whether there were too many bytes the last time.
    too_long: AtomicBool,
}

impl RedisDiscovery {
    /// Looks by way of this client.
    pub fn new(client: RedisClient) -> Self {
        Self::with_times(client, FRESH, LAST_KNOWN)
    }

    /// As [`new`](Self::new), with a list that is fresh for so long; zero asks each time.
    pub fn with_freshness(client: RedisClient, fresh: Duration) -> Self {
        Self::with_times(client, fresh, LAST_KNOWN)
    }

    /// As [`new`](Self::new), with a list that is fresh for so long, and goes on being served for so
    /// long while Redis is away.
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
        let mut services = Vec::with_capacity(ids.len());
        let (mut unread, mut bytes) = (0, 0);
        for page in ids.chunks(PAGE) {
            let mut gone = Vec::new();
            for (id, text) in page.iter().zip(self.page(page).await?) {
                bytes += text.as_ref().map_or(0, Vec::len);
                match text.map(|text| stored::decode(id, &text)) {
                    Some(Some(service)) => services.push(service),
                    Some(None) => unread += 1,
                    None => gone.push(id),
                }
            }
            self.heal(&gone).await;
            if bytes > BYTES {
                break;
            }
        }
        let too_long = bytes > BYTES;
        if !self.too_long.swap(too_long, Relaxed) && too_long {
            let registry = self.client.place();
            tracing::warn!(%registry, bytes, "that is more than is looked at; others may not be seen");
        }
        if self.unread.swap(unread, Relaxed) != unread {
            let registry = self.client.place();
            tracing::warn!(%registry, unread, "registrations that cannot be read are left out");
        }
        Ok(services)
    }

    /// The ids, those with the longest lease left first.
    async fn ids(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let mut command = redis::cmd("ZREVRANGE");
        // One more than is looked at, to see that there are more.
        command
            .arg(self.client.keys().index())
            .arg(0)
            .arg(INSTANCES);
        let mut ids: Vec<Vec<u8>> = self.client.ask(&command).await?;
        let too_many = ids.len() > INSTANCES;
        ids.truncate(INSTANCES);
        if !self.too_many.swap(too_many, Relaxed) && too_many {
            let registry = self.client.place();
            tracing::warn!(%registry, "more than {INSTANCES} instances; the others are not seen");
        }
        Ok(ids)
    }

    async fn page(&self, ids: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, Failure> {
        let mut command = redis::cmd("MGET");
        for id in ids {
            command.arg(self.client.keys().instance(id));
        }
        self.client.ask(&command).await
    }

    /// Takes out of the index what is not there any more; whoever may only read leaves it.
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
            Ok(removed) => tracing::debug!(%registry, removed, "instances that died are taken out"),
            Err(failure) => {
                let problem = Problem::from(failure);
                tracing::debug!(%registry, %problem, "instances that died are left in the index");
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
            let late = Failure::Away(format!("the list took longer than {PATIENCE:?}"));
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
