//! One registration over HTTP.

use super::problem;
use crate::{
    registration::{Place, Renewed},
    registry::LEASE,
};
use axum::http::Method;
use glassbox_core::{Category, Cx, Problem, ServiceInfo};
use glassbox_guard::Keys;
use glassbox_instrument::{HttpClient, HttpRequest};
use serde::Deserialize;
use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The answer to a new registration.
#[derive(Deserialize)]
struct Leased {
    lease: String,
}

/// Whether the registry may accept the same registration later.
fn may_pass(problem: &Problem) -> bool {
    matches!(
        problem.category(),
        Category::RateLimited | Category::Conflict
    )
}

/// The state of one registration.
pub(super) struct Registered {
    url: String,
    client: HttpClient,
    key: Keys,
    /// The token that proves ownership of the registration, returned by the registry.
    lease: Mutex<Option<String>>,
}

impl Registered {
    pub(super) fn new(url: &str, client: HttpClient, key: Keys) -> Self {
        Self {
            url: url.to_owned(),
            client,
            key,
            lease: Mutex::default(),
        }
    }

    /// Adds the registry's key and the lease.
    fn sign(&self, mut request: HttpRequest) -> HttpRequest {
        if let Some(key) = self.key.first() {
            request = request.bearer(key);
        }
        match &*self.lease() {
            Some(lease) => request.header(LEASE, lease),
            None => request,
        }
    }

    fn lease(&self) -> MutexGuard<'_, Option<String>> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place for Registered {
    fn name(&self) -> impl fmt::Display + Send + '_ {
        &self.url
    }

    async fn renew(&self, service: &ServiceInfo, ttl: Duration) -> Renewed {
        let mut body = serde_json::to_value(service).unwrap_or_default();
        body["ttl_ms"] = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).into();
        let request = self
            .client
            .post(&format!("{}/v1/registry/services", self.url))
            .json(&body)
            .timeout(ttl / 3)
            .without_span();
        let request = self.sign(request);
        let response = match request.send(&Cx::background()).await {
            Ok(response) => response,
            Err(error) => return Renewed::Away(error.to_problem().message().to_owned()),
        };
        let status = response.status();
        if status.is_success() {
            // A renewal has no body, and neither does the response of a registry without leases.
            if let Ok(Leased { lease }) = response.json().await {
                *self.lease() = Some(lease);
            }
            return Renewed::Yes;
        }
        match problem(&self.url, response).await {
            // A full registry may have room later, and the lease of a crashed predecessor expires.
            Ok(problem) if may_pass(&problem) => Renewed::Away(problem.to_string()),
            Ok(problem) if status.is_client_error() => Renewed::Refused(problem),
            Ok(problem) => Renewed::Away(problem.to_string()),
            Err(error) => Renewed::Away(error.to_problem().message().to_owned()),
        }
    }

    async fn release(&self, service: &ServiceInfo) -> Result<(), Problem> {
        let instance = super::path_segment(&service.instance);
        let url = format!("{}/v1/registry/services/{instance}", self.url);
        let request = self.client.request(Method::DELETE, &url).without_span();
        let response = self
            .sign(request)
            .send(&Cx::background())
            .await
            .map_err(|error| error.to_problem())?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(problem(&self.url, response)
            .await
            .unwrap_or_else(|error| error.to_problem()))
    }

    async fn forgotten(&self) {
        // No connection is held whose end could indicate lost data.
        std::future::pending().await
    }
}
