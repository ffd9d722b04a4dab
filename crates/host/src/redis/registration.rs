//! One registration in Redis.

use super::{
    client::RedisClient,
    failure::Failure,
    stored::{self, LIMIT},
};
use crate::registration::{Place, Renewed};
use glassbox_core::{Category, Problem, ServiceInfo};
use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

const RENEW: &str = include_str!("renew.lua");
const RELEASE: &str = include_str!("release.lua");

/// The state of one registration.
pub(super) struct Registered {
    client: RedisClient,
    /// Distinguishes registrations of the same instance.
    lease: String,
    /// Whether it was written at least once. After that, a newer registration replaces it.
    held: AtomicBool,
    /// The number of closed connections at the last renewal.
    ended: AtomicU64,
}

impl Registered {
    pub(super) fn new(client: RedisClient) -> Self {
        Self {
            client,
            lease: format!("{:032x}", fastrand::u128(..)),
            held: AtomicBool::new(false),
            ended: AtomicU64::new(0),
        }
    }

    async fn write(&self, service: &ServiceInfo, ttl: Duration) -> Result<bool, Failure> {
        let text = stored::encode(service, &self.lease).map_err(|error| {
            Failure::Refused(format!("cannot serialise the registration: {error}"))
        })?;
        if text.len() > LIMIT {
            let (length, name) = (text.len(), &service.name);
            let why = format!(
                "the registration of {name} has {length} bytes, which exceeds the limit of {LIMIT}"
            );
            return Err(Failure::Refused(why));
        }
        let keys = self.client.keys();
        let ended = *self.client.ended().borrow();
        let mut command = redis::cmd("EVAL");
        command
            .arg(RENEW)
            .arg(2)
            .arg(keys.instance(service.instance.as_bytes()))
            .arg(keys.index())
            .arg(&service.instance)
            .arg(text)
            .arg(milliseconds(ttl))
            .arg(&self.lease)
            .arg(u8::from(!self.held.load(Relaxed)));
        let taken: bool = self.client.ask(&command).await?;
        self.ended.store(ended, Relaxed);
        if taken {
            self.held.store(true, Relaxed);
        }
        Ok(taken)
    }
}

impl Place for Registered {
    fn name(&self) -> impl fmt::Display + Send + '_ {
        self.client.place()
    }

    async fn renew(&self, service: &ServiceInfo, ttl: Duration) -> Renewed {
        match self.write(service, ttl).await {
            Ok(true) => Renewed::Yes,
            Ok(false) => {
                let message = format!(
                    "a newer process has registered as instance '{}'; give each process its own id",
                    service.instance
                );
                Renewed::Refused(Problem::new(
                    Category::Conflict,
                    "registry.superseded",
                    message,
                ))
            }
            Err(Failure::Away(why)) => Renewed::Away(why),
            Err(failure) => Renewed::Refused(failure.into()),
        }
    }

    async fn release(&self, service: &ServiceInfo) -> Result<(), Problem> {
        let keys = self.client.keys();
        let mut command = redis::cmd("EVAL");
        command
            .arg(RELEASE)
            .arg(2)
            .arg(keys.instance(service.instance.as_bytes()))
            .arg(keys.index())
            .arg(&service.instance)
            .arg(&self.lease);
        // A missing registration counts as released.
        let _: bool = self.client.ask(&command).await?;
        Ok(())
    }

    async fn forgotten(&self) {
        let mut ended = self.client.ended();
        let then = self.ended.load(Relaxed);
        // `self` holds the client, so its sender exists.
        let _ = ended.wait_for(|ended| *ended != then).await;
    }
}

/// A lease in milliseconds, within the range of Redis.
fn milliseconds(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis())
        .unwrap_or(u64::MAX)
        .clamp(1, 1 << 40)
}
