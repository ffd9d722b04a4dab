//! Registration with Redis.

use super::{client::RedisClient, registration::Registered};
use crate::{registration::Registration, registry::check};
use glassbox_core::{Cx, Lease, Problem, Registry, ServiceInfo, async_trait};
use std::time::Duration;

/// Registers with Redis, where [`RedisDiscovery`](crate::RedisDiscovery) of the same namespace finds it.
///
/// A registration is renewed every third of its lease, and within a second after a lost connection, so
/// that services register again soon after Redis restarts without data. While Redis is unavailable,
/// attempts are made about every three seconds. Each renewal writes the whole registration atomically in
/// one round trip. The registration of a crashed service expires with its lease, on the clock of Redis.
/// If two processes register as one instance, the newer one keeps the registration.
///
/// # Bounds
/// A registration is limited to 1 MiB of JSON, including schemas. A larger one is rejected.
///
/// Requires Redis 5 or later, or a compatible server.
#[derive(Clone, Debug)]
pub struct RedisRegistry(RedisClient);

impl RedisRegistry {
    /// Creates a registry that uses this client.
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
