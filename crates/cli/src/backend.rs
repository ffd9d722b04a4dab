//! A backend that runs, here or elsewhere, as its API shows it.

mod answer;

pub(crate) use answer::{Endpoints, Logs, Metric, Services, Span, Status, Trace};

use crate::failure::Failure;
use glassbox_core::Cx;
use glassbox_instrument::HttpClient;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How long the backend may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// A client of one backend.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    http: HttpClient,
    endpoints: Endpoints,
}

impl Backend {
    /// Finds out where the backend at `page` listens.
    ///
    /// # Errors
    /// If nothing answers there, or something that is no Glassbox backend.
    pub(crate) async fn connect(page: &str) -> Result<Self, Failure> {
        let page = page.trim_end_matches('/');
        let http = HttpClient::new();
        let status: Status = get(&http, &format!("{page}/api/status"))
            .await
            .map_err(|error| {
                Failure::new(format!(
                    "no backend answers at {page} ({error}); start one with 'glassbox up', or leave --backend out"
                ))
            })?;
        Ok(Self {
            http,
            endpoints: status.endpoints,
        })
    }

    /// Where it listens.
    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Where services register.
    pub(crate) fn registry(&self) -> &str {
        &self.endpoints.page
    }

    /// The spans of a trace, as far as they have arrived.
    ///
    /// # Errors
    /// If the backend does not answer.
    pub(crate) async fn trace(&self, trace_id: &str) -> Result<Vec<Span>, Failure> {
        let trace: Trace = self
            .ask(&format!("/api/otel/traces?trace_id={trace_id}&limit=10000"))
            .await?;
        Ok(trace.spans)
    }

    /// The series of a metric.
    ///
    /// # Errors
    /// If the backend does not answer.
    pub(crate) async fn metric(&self, name: &str) -> Result<Metric, Failure> {
        self.ask(&format!("/api/otel/metrics?name={name}")).await
    }

    /// How many log records carry this trace id.
    ///
    /// # Errors
    /// If the backend does not answer.
    pub(crate) async fn logs(&self, trace_id: &str) -> Result<u64, Failure> {
        let logs: Logs = self
            .ask(&format!("/api/otel/logs?trace_id={trace_id}&limit=1"))
            .await?;
        Ok(logs.total)
    }

    /// The services that are ready.
    ///
    /// # Errors
    /// If the backend does not answer, or serves no registry.
    pub(crate) async fn services(&self) -> Result<Services, Failure> {
        self.ask("/v1/registry/services").await
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let url = format!("{}{path}", self.endpoints.page);
        get(&self.http, &url)
            .await
            .map_err(|error| Failure::new(format!("the backend did not answer {url}: {error}")))
    }
}

async fn get<T: DeserializeOwned>(http: &HttpClient, url: &str) -> Result<T, Failure> {
    let response = http
        .get(url)
        .timeout(ANSWER)
        .send(&Cx::background())
        .await
        .map_err(|error| Failure::from_error("the request failed", &error))?;
    let status = response.status();
    if !status.is_success() {
        return Err(Failure::new(format!("it answered with status {status}")));
    }
    response
        .json()
        .await
        .map_err(|error| Failure::from_error("its answer was not understood", &error))
}
