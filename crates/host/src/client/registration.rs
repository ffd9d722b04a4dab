//! One registration over HTTP.

use super::problem;
use crate::registration::{Place, Renewed};
use axum::http::Method;
use glassbox_core::{Cx, Problem, ServiceInfo};
use glassbox_instrument::HttpClient;
use std::{fmt, time::Duration};

/// Where one registration stands.
pub(super) struct Registered {
    url: String,
    client: HttpClient,
}

impl Registered {
    pub(super) fn new(url: &str, client: HttpClient) -> Self {
        Self {
            url: url.to_owned(),
            client,
        }
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

    async fn release(&self, service: &ServiceInfo) -> Result<(), Problem> {
        let instance = super::path_segment(&service.instance);
        let url = format!("{}/v1/registry/services/{instance}", self.url);
        let request = self.client.request(Method::DELETE, &url).without_span();
        let response = request
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
        // No connection is held that could tell.
        std::future::pending().await
    }
}
