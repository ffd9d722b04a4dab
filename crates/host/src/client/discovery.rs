//! Discovery in a registry over HTTP.

use super::problem;
use crate::{
    known::{FRESH, Known, Source},
    settings::LAST_KNOWN,
};
use glassbox_core::{Cx, Discovery, Filter, Problem, ServiceInfo, async_trait};
use glassbox_guard::Keys;
use glassbox_instrument::{HttpClient, HttpError};
use serde::{Deserialize, de::IgnoredAny};
use std::{fmt, time::Duration};

/// Timeout of a request to the registry.
const PATIENCE: Duration = Duration::from_secs(2);

/// Finds services in the registry that [`registry_router`](crate::registry_router) serves. Cheap to
/// clone.
///
/// The whole list is read at once and cached for a second. While the registry is unavailable, the last known
/// list is used for up to ten minutes, with a warning in the log. Entries that this version cannot read are
/// ignored.
///
/// # Bounds
/// A lookup takes at most two seconds. It does not wait if the registry is known to be unavailable and a
/// list is cached.
#[derive(Clone)]
pub struct HttpDiscovery(Known<Services>);

/// The services of one registry.
struct Services {
    url: String,
    client: HttpClient,
    key: Keys,
}

#[derive(Deserialize)]
struct List {
    services: Vec<Entry>,
}

/// A registration, if this version can read it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Known(Box<ServiceInfo>),
    Unknown(IgnoredAny),
}

impl HttpDiscovery {
    /// Creates a discovery for the registry at `http://host:port`.
    pub fn new(url: &str, client: HttpClient) -> Self {
        Self::with_times(url, client, FRESH, LAST_KNOWN)
    }

    /// As [`new`](Self::new), with another cache lifetime; zero disables the cache.
    pub fn with_freshness(url: &str, client: HttpClient, fresh: Duration) -> Self {
        Self::with_times(url, client, fresh, LAST_KNOWN)
    }

    /// As [`new`](Self::new), with another cache lifetime, and another limit on how long the last known list is
    /// used while the registry is unavailable.
    pub fn with_times(
        url: &str,
        client: HttpClient,
        fresh: Duration,
        last_known: Duration,
    ) -> Self {
        let services = Services {
            url: url.trim_end_matches('/').to_owned(),
            client,
            key: Keys::none(),
        };
        Self(Known::new(services, fresh, last_known))
    }

    /// Sets the key of the registry; if there are several, the first is sent. Clears the cache.
    #[must_use]
    pub fn with_key(self, key: &Keys) -> Self {
        let Services { url, client, .. } = self.0.source();
        let services = Services {
            url: url.clone(),
            client: client.clone(),
            key: key.clone(),
        };
        Self(self.0.with_source(services))
    }
}

impl Source for Services {
    fn name(&self) -> impl fmt::Display + Send + '_ {
        &self.url
    }

    async fn list(&self, cx: Option<&Cx>) -> Result<Vec<ServiceInfo>, Problem> {
        let Self { url, client, key } = self;
        let mut request = client
            .get(&format!("{url}/v1/registry/services?include_unready=true"))
            .template("/v1/registry/services")
            .timeout(PATIENCE);
        if cx.is_none() {
            request = request.without_span();
        }
        if let Some(key) = key.first() {
            request = request.bearer(key);
        }
        let background = Cx::background();
        let cx = cx.unwrap_or(&background);
        let failed = |error: HttpError| error.to_problem();
        let response = request.send(cx).await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(problem(url, response).await.unwrap_or_else(failed));
        }
        let list: List = response.json().await.map_err(failed)?;
        let total = list.services.len();
        let known = list.services.into_iter().filter_map(|entry| match entry {
            Entry::Known(service) => Some(*service),
            Entry::Unknown(IgnoredAny) => None,
        });
        let known: Vec<_> = known.collect();
        let unknown = total - known.len();
        if unknown > 0 {
            tracing::debug!(
                glassbox.host.registry = url,
                glassbox.host.unknown = unknown,
                "registrations that a later version may have made are left out"
            );
        }
        Ok(known)
    }
}

impl fmt::Debug for HttpDiscovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpDiscovery")
            .field("url", &self.0.source().url)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Discovery for HttpDiscovery {
    async fn find(&self, cx: &Cx, filter: &Filter) -> Result<Vec<ServiceInfo>, Problem> {
        self.0.find(cx, filter).await
    }
}
