//! One registration in Redis.

use super::{client::RedisClient, failure::Failure, stored};
use crate::registration::{Place, Renewed};
use glassbox_core::{Category, Problem, ServiceInfo};
use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// The most bytes of one registration, schemas included.
const LIMIT: usize = 1 << 20;

const RENEW: &str = include_str!("renew.lua");
const RELEASE: &str = include_str!("release.lua");

/// Where one registration stands.
pub(super) struct Registered {
    client: RedisClient,
    /// Tells this registration from another of the same instance.
    lease: String,
    /// Whether it was there once: from then on, it gives way to a newer one.
    held: AtomicBool,
    /// How many connections had ended when it was last renewed.
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
            Failure::Refused(format!("the registration cannot be written: {error}"))
        })?;
        if text.len() > LIMIT {
            let (length, name) = (text.len(), &service.name);
            let why = format!("the registration of {name} has {length} bytes, more than {LIMIT}");
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
                    "a newer process has registered as instance '{}'; give each process an id of its own",
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
        // Nothing to release is as good as released.
        let _: bool = self.client.ask(&command).await?;
        Ok(())
    }

    async fn forgotten(&self) {
        let mut ended = self.client.ended();
        let then = self.ended.load(Relaxed);
        // The client is ours, so its sender is there.
        let _ = ended.wait_for(|ended| *ended != then).await;
    }
}

/// A lease as Redis counts it, within what it can count.
fn milliseconds(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis())
        .unwrap_or(u64::MAX)
        .clamp(1, 1 << 40)
}
