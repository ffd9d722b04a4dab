//! What the settings alone connect a service to.

use crate::{HostSettings, ServeError};
use glassbox_core::{Connector, Discovery, Registry};
use std::sync::Arc;

/// What the settings alone connect a service to; nothing where they name no registry.
#[derive(Default)]
pub(crate) struct Wiring {
    pub(crate) registry: Option<Arc<dyn Registry>>,
    pub(crate) discovery: Option<Arc<dyn Discovery>>,
    pub(crate) connector: Option<Arc<dyn Connector>>,
}

impl Wiring {
    #[cfg(feature = "client")]
    pub(crate) fn of(settings: &HostSettings) -> Result<Self, ServeError> {
        use crate::{HttpConnector, HttpDiscovery, HttpRegistry};
        use glassbox_instrument::HttpClient;

        let Some(url) = &settings.registry_url else {
            return Ok(Self::default());
        };
        let client = HttpClient::new();
        Ok(Self {
            registry: Some(Arc::new(HttpRegistry::new(url, client.clone()))),
            discovery: Some(Arc::new(HttpDiscovery::new(url, client.clone()))),
            connector: Some(Arc::new(HttpConnector::new(client))),
        })
    }

    #[cfg(not(feature = "client"))]
    pub(crate) fn of(settings: &HostSettings) -> Result<Self, ServeError> {
        match &settings.registry_url {
            None => Ok(Self::default()),
            Some(_) => Err(ServeError::Settings {
                key: "registry_url",
                reason:
                    "this program has no HTTP client; build glassbox-host with feature 'client'"
                        .to_owned(),
            }),
        }
    }
}
