//! One registration, renewed until it is released or dropped.

use super::problem;
use glassbox_core::{Cx, Health, Lease, Problem, ServiceInfo, async_trait};
use glassbox_instrument::HttpClient;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::task::JoinHandle;

/// One registration, renewed until it is released or dropped.
pub(super) struct Registration {
    shared: Arc<Shared>,
    renewal: JoinHandle<()>,
}

struct Shared {
    url: String,
    client: HttpClient,
    ttl: Duration,
    service: Mutex<ServiceInfo>,
}

/// What a renewal came to.
enum Renewed {
    Yes,
    /// Nobody heard it.
    Away(String),
    /// It was heard and not taken.
    Refused(Problem),
}

impl Registration {
    /// Registers, and goes on renewing.
    ///
    /// # Errors
    /// If the registry refuses; one that does not answer is asked again.
    pub(super) async fn begin(
        url: &str,
        client: HttpClient,
        service: ServiceInfo,
        ttl: Duration,
    ) -> Result<Box<dyn Lease>, Problem> {
        let shared = Arc::new(Shared {
            url: url.to_owned(),
            client,
            ttl,
            service: Mutex::new(service),
        });
        let known = match shared.renew().await {
            Renewed::Yes => true,
            Renewed::Refused(problem) => return Err(problem),
            Renewed::Away(why) => {
                tracing::warn!(registry = url, "not registered yet: {why}");
                false
            }
        };
        let renewal = tokio::spawn(Arc::clone(&shared).keep(known));
        Ok(Box::new(Self { shared, renewal }))
    }
}

impl Shared {
    /// Renews for ever, and says only what changes.
    async fn keep(self: Arc<Self>, mut known: bool) {
        loop {
            let third = self.ttl / 3;
            // Services that started together drift apart.
            tokio::time::sleep(third.mul_f64(0.9 + 0.2 * fastrand::f64())).await;
            let registry = &self.url;
            match (self.renew().await, known) {
                (Renewed::Yes, false) => {
                    tracing::info!(registry, "registered");
                    known = true;
                }
                (Renewed::Yes, true) => {}
                (Renewed::Away(why), true) => {
                    tracing::warn!(registry, "the registration was not renewed: {why}");
                    known = false;
                }
                (Renewed::Refused(problem), true) => {
                    tracing::warn!(registry, %problem, "the registration was refused");
                    known = false;
                }
                (Renewed::Away(_) | Renewed::Refused(_), false) => {}
            }
        }
    }

    async fn renew(&self) -> Renewed {
        // With the health as last reported: a renewal never makes a draining service ready again.
        let body = {
            let service = self.service.lock().unwrap_or_else(PoisonError::into_inner);
            let mut body = serde_json::to_value(&*service).unwrap_or_default();
            body["ttl_ms"] = u64::try_from(self.ttl.as_millis())
                .unwrap_or(u64::MAX)
                .into();
            body
        };
        let request = self
            .client
            .post(&format!("{}/v1/registry/services", self.url))
            .json(&body)
            .timeout(self.ttl / 3)
            .without_span();
        let response = match request.send(&Cx::background()).await {
            Ok(response) => response,
            Err(error) => return Renewed::Away(error.to_problem().message().to_owned()),
        };
        let status = response.status();
        if status.is_success() {
            return Renewed::Yes;
        }
        match problem(&self.url, response).await {
            Ok(problem) if status.is_client_error() => Renewed::Refused(problem),
            Ok(problem) => Renewed::Away(problem.to_string()),
            Err(error) => Renewed::Away(error.to_problem().message().to_owned()),
        }
    }

    fn instance_url(&self) -> String {
        let service = self.service.lock().unwrap_or_else(PoisonError::into_inner);
        let instance = super::path_segment(&service.instance);
        format!("{}/v1/registry/services/{instance}", self.url)
    }
}

#[async_trait]
impl Lease for Registration {
    async fn report(&self, health: Health) -> Result<(), Problem> {
        {
            let service = self.shared.service.lock();
            service.unwrap_or_else(PoisonError::into_inner).health = health;
        }
        match self.shared.renew().await {
            Renewed::Yes => Ok(()),
            Renewed::Refused(problem) => Err(problem),
            Renewed::Away(why) => Err(Problem::new(
                glassbox_core::Category::Unavailable,
                "registry.unavailable",
                why,
            )),
        }
    }

    async fn release(mut self: Box<Self>) -> Result<(), Problem> {
        // First the renewal under way has to be gone: heard after us, it would register again.
        self.renewal.abort();
        let _ = (&mut self.renewal).await;
        let url = self.shared.instance_url();
        let request = self
            .shared
            .client
            .request(axum::http::Method::DELETE, &url)
            .without_span();
        let response = request
            .send(&Cx::background())
            .await
            .map_err(|error| error.to_problem())?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(problem(&self.shared.url, response)
            .await
            .unwrap_or_else(|error| error.to_problem()))
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}
