//! Registering with a registry over HTTP.

use super::registration::Registered;
use crate::registration::Registration;
use glassbox_core::{Cx, Lease, Problem, Registry, ServiceInfo, async_trait};
use glassbox_guard::Keys;
use glassbox_instrument::HttpClient;
use std::time::Duration;

/// Registers with the registry that [`registry_router`](crate::registry_router) serves.
///
/// A registration is renewed at a third of its lease, with jitter. Each renewal sends the whole registration,
/// so a registry that was unavailable or lost its data is complete after the next one. Renewals record no spans.
#[derive(Clone, Debug)]
pub struct HttpRegistry {
    url: String,
    client: HttpClient,
    key: Keys,
}

impl HttpRegistry {
    /// Creates a registration client for the registry at `http://host:port`.
    pub fn new(url: &str, client: HttpClient) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            client,
            key: Keys::none(),
        }
    }

    /// Sets the key of the registry; if there are several, the first is sent.
    #[must_use]
    pub fn with_key(mut self, key: &Keys) -> Self {
        self.key = key.clone();
        self
    }
}

#[async_trait]
impl Registry for HttpRegistry {
    async fn register(
        &self,
        _cx: &Cx,
        service: ServiceInfo,
        ttl: Duration,
    ) -> Result<Box<dyn Lease>, Problem> {
        Registration::begin(
            Registered::new(&self.url, self.client.clone(), self.key.clone()),
            service,
            ttl,
        )
        .await
    }
}
