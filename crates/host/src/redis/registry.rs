//! Registering with Redis.

use super::{client::RedisClient, registration::Registered};
use crate::{registration::Registration, registry::check};
use glassbox_core::{Cx, Lease, Problem, Registry, ServiceInfo, async_trait};
use std::time::Duration;

/// Registers with Redis, where [`RedisDiscovery`](crate::RedisDiscovery) of the same namespace finds it.
///
/// A registration is renewed at a third of its lease, and within a second after the connection was
/// lost, so that a Redis which restarted empty soon knows everybody again; while Redis is away it is
/// tried about every three seconds. Each renewal writes everything, in one step and one round trip; a
/// service that dies is gone when its lease is over, by the clock of Redis alone. Of two processes that
/// register as one instance, the newer one holds it.
///
/// # Bounds
/// A registration has at most 1 MiB as JSON, schemas included; a larger one is refused.
///
/// Needs Redis 5 or later, or what is compatible with it.
#[derive(Clone, Debug)]
pub struct RedisRegistry(RedisClient);

impl RedisRegistry {
    /// A registry on this client.
    pub fn new(client: RedisClient) -> Self {
        Self(client)
    }
}

#[async_trait]
impl Registry for RedisRegistry {
    async fn register(
        &self,
        _cx: &Cx,
        service: ServiceInfo,
        ttl: Duration,
    ) -> Result<Box<dyn Lease>, Problem> {
        check(&service)?;
        Registration::begin(Registered::new(self.0.clone()), service, ttl).await
    }
}
