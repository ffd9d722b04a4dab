//! Looking into a registry over HTTP.

use super::problem;
use glassbox_core::{Cx, Discovery, Filter, Problem, ServiceInfo, async_trait};
use glassbox_instrument::{HttpClient, HttpError};
use serde::{Deserialize, de::IgnoredAny};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// How long a list is fresh.
const FRESH: Duration = Duration::from_secs(1);

/// Looks into the registry that [`registry_router`](crate::registry_router) serves. Cheap to clone.
///
/// The whole list is read at once and kept for a second; while the registry is away, the list as
/// last known goes on being served, and the log says so once. What this version cannot read of a list
/// hides nothing else of it.
#[derive(Clone)]
pub struct HttpDiscovery(Arc<Inner>);

struct Inner {
    url: String,
    client: HttpClient,
    fresh: Duration,
    known: Mutex<Known>,
}

/// What was last heard, and whether the last try failed.
#[derive(Default)]
struct Known {
    list: Option<Arc<[ServiceInfo]>>,
    tried: Option<Instant>,
    away: bool,
}

#[derive(Deserialize)]
struct List {
    services: Vec<Entry>,
}

/// A registration, if this version knows what it says.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Known(Box<ServiceInfo>),
    Unknown(IgnoredAny),
}

impl HttpDiscovery {
    /// The registry at `http://host:port`.
    pub fn new(url: &str, client: HttpClient) -> Self {
        Self::with_freshness(url, client, FRESH)
    }

    /// As [`new`](Self::new), with a list that is fresh for so long; zero asks each time.
    pub fn with_freshness(url: &str, client: HttpClient, fresh: Duration) -> Self {
        Self(Arc::new(Inner {
            url: url.trim_end_matches('/').to_owned(),
            client,
            fresh,
            known: Mutex::default(),
        }))
    }

    /// The list, from the registry unless it is fresh; one reader asks for all.
    async fn list(&self) -> Result<Arc<[ServiceInfo]>, Problem> {
        let Inner {
            url, fresh, known, ..
        } = &*self.0;
        let mut known = known.lock().await;
        let is_fresh = known.tried.is_some_and(|at| at.elapsed() < *fresh);
        if let Some(list) = known.list.as_ref().filter(|_| is_fresh) {
            return Ok(Arc::clone(list));
        }
        let answer = self.ask().await;
        known.tried = Some(Instant::now());
        match (answer, &known.list) {
            (Ok(list), _) => {
                if std::mem::take(&mut known.away) {
                    tracing::info!(registry = url, "the registry is back");
                }
                known.list = Some(Arc::clone(&list));
                Ok(list)
            }
            (Err(problem), Some(list)) => {
                let list = Arc::clone(list);
                if !std::mem::replace(&mut known.away, true) {
                    let services = list.len();
                    tracing::warn!(
                        registry = url,
                        %problem,
                        services,
                        "the registry is away; going on with what was last known"
                    );
                }
                Ok(list)
            }
            (Err(problem), None) => Err(problem),
        }
    }

    async fn ask(&self) -> Result<Arc<[ServiceInfo]>, Problem> {
        let Inner { url, client, .. } = &*self.0;
        let request = client
            .get(&format!("{url}/v1/registry/services?include_unready=true"))
            .template("/v1/registry/services")
            .timeout(Duration::from_secs(5));
        let failed = |error: HttpError| error.to_problem();
        let response = request.send(&Cx::background()).await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(problem(url, response).await.unwrap_or_else(failed));
        }
        let list: List = response.json().await.map_err(failed)?;
        let total = list.services.len();
        let known = list.services.into_iter().filter_map(|entry| match entry {
            Entry::Known(service) => Some(*service),
            Entry::Unknown(IgnoredAny) => None,
        });
        let known: Arc<[ServiceInfo]> = known.collect();
        let unknown = total - known.len();
        if unknown > 0 {
            tracing::debug!(
                registry = url,
                unknown,
                "registrations that a later version may have made are left out"
            );
        }
        Ok(known)
    }
}

impl fmt::Debug for HttpDiscovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpDiscovery")
            .field("url", &self.0.url)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Discovery for HttpDiscovery {
    async fn find(&self, filter: &Filter) -> Result<Vec<ServiceInfo>, Problem> {
        let list = self.list().await?;
        let matching = list.iter().filter(|service| filter.matches(service));
        let mut found: Vec<_> = matching.cloned().collect();
        found.sort_by(|a, b| (&a.name, &a.instance).cmp(&(&b.name, &b.instance)));
        Ok(found)
    }
}
