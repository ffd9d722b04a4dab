//! Helpers of the tests.

use glassbox_core::{
    Capability, Cx, Discovery, Filter, Lease, Problem, Registry, ServiceInfo, ServiceKind,
};
use glassbox_host::{RedisClient, RedisDiscovery, RedisRegistry};
use std::time::Duration;

/// Longer than any test: a registration that disappears earlier was removed.
pub(crate) const LONG: Duration = Duration::from_secs(600);

pub(crate) fn service(name: &str, instance: &str) -> ServiceInfo {
    let capability = Capability::of::<(), ()>("echo", "Echoes.");
    let endpoint = "http://127.0.0.1:1";
    ServiceInfo::new(
        ServiceKind::Tool,
        name,
        instance,
        endpoint,
        vec![capability],
    )
}

pub(crate) async fn register(
    client: &RedisClient,
    instance: &str,
    ttl: Duration,
) -> Box<dyn Lease> {
    try_register(client, instance, ttl).await.unwrap()
}

pub(crate) async fn try_register(
    client: &RedisClient,
    instance: &str,
    ttl: Duration,
) -> Result<Box<dyn Lease>, Problem> {
    let registry = RedisRegistry::new(client.clone());
    registry
        .register(&Cx::background(), service("probe", instance), ttl)
        .await
}

/// Discovery without a cache.
pub(crate) fn discovery(client: RedisClient) -> RedisDiscovery {
    RedisDiscovery::with_freshness(client, Duration::ZERO)
}

/// The instances found, in order.
pub(crate) async fn found(discovery: &RedisDiscovery) -> Vec<String> {
    let found = discovery
        .find(&Cx::background(), &Filter::any())
        .await
        .unwrap();
    found.into_iter().map(|service| service.instance).collect()
}

/// The error of a failed lookup.
pub(crate) async fn refused(discovery: &RedisDiscovery) -> Problem {
    discovery
        .find(&Cx::background(), &Filter::any())
        .await
        .unwrap_err()
}

/// Repeats a check until it succeeds, and fails the test if it never does.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let asked = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let asked = tokio::time::timeout(Duration::from_secs(30), asked).await;
    asked.unwrap_or_else(|_| panic!("within 30 s it did not come to be that {what}"));
}
