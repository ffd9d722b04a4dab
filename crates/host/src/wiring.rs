//! The registry and discovery that the settings configure.

use crate::{HostSettings, ServeError, access::Access};
use glassbox_core::{Connector, Discovery, Registry};
use std::sync::Arc;

/// The registry and discovery from the settings; empty if no registry is configured.
#[derive(Default)]
pub(crate) struct Wiring {
    pub(crate) registry: Option<Arc<dyn Registry>>,
    pub(crate) discovery: Option<Arc<dyn Discovery>>,
    pub(crate) connector: Option<Arc<dyn Connector>>,
}

impl Wiring {
    pub(crate) fn of(settings: &HostSettings, access: &Access) -> Result<Self, ServeError> {
        match (&settings.registry_url, &settings.redis_url) {
            (Some(url), _) => over_http(url, settings, access),
            (None, Some(_)) => over_redis(settings, access),
            (None, None) => Ok(Self::default()),
        }
    }
}

#[cfg(feature = "client")]
fn over_http(url: &str, settings: &HostSettings, access: &Access) -> Result<Wiring, ServeError> {
    use crate::{HttpConnector, HttpDiscovery, HttpRegistry, known::FRESH};
    use glassbox_instrument::HttpClient;

    let client = HttpClient::new();
    let discovery = HttpDiscovery::with_times(url, client.clone(), FRESH, settings.last_known);
    let registry = HttpRegistry::new(url, client.clone());
    let key = &settings.registry_key;
    let connector = HttpConnector::new(client).with_credentials(access.credentials(settings)?);
    Ok(Wiring {
        registry: Some(Arc::new(registry.with_key(key))),
        discovery: Some(Arc::new(discovery.with_key(key))),
        connector: Some(Arc::new(connector)),
    })
}

#[cfg(not(feature = "client"))]
fn over_http(_url: &str, _settings: &HostSettings, _access: &Access) -> Result<Wiring, ServeError> {
    let reason = "this program was built without an HTTP client; enable the feature 'client' of glassbox-host";
    Err(unusable("registry_url", reason))
}

#[cfg(feature = "redis")]
fn over_redis(settings: &HostSettings, access: &Access) -> Result<Wiring, ServeError> {
    use crate::{RedisClient, RedisDiscovery, RedisRegistry, known::FRESH};

    let Some(url) = &settings.redis_url else {
        return Ok(Wiring::default());
    };
    let client = RedisClient::try_new(url, &settings.redis_namespace)
        .map_err(|problem| unusable("redis_url", format!("{} (REDIS_URL)", problem.message())))?;
    let discovery = RedisDiscovery::with_times(client.clone(), FRESH, settings.last_known);
    #[cfg(feature = "client")]
    let connector: Option<Arc<dyn Connector>> = {
        let connector = crate::HttpConnector::new(glassbox_instrument::HttpClient::new());
        Some(Arc::new(
            connector.with_credentials(access.credentials(settings)?),
        ))
    };
    // Without an HTTP client, an agent can find other services, but only call those in its own process.
    #[cfg(not(feature = "client"))]
    let connector = {
        let _ = access;
        None
    };
    Ok(Wiring {
        registry: Some(Arc::new(RedisRegistry::new(client))),
        discovery: Some(Arc::new(discovery)),
        connector,
    })
}

#[cfg(not(feature = "redis"))]
fn over_redis(_settings: &HostSettings, _access: &Access) -> Result<Wiring, ServeError> {
    let reason =
        "this program was built without Redis support; enable the feature 'redis' of glassbox-host";
    Err(unusable("redis_url", reason))
}

fn unusable(key: &'static str, reason: impl Into<String>) -> ServeError {
    ServeError::Settings {
        key,
        reason: reason.into(),
    }
}
