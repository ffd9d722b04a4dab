//! A backend that runs, here or elsewhere, as its API shows it.

mod answer;

#[cfg(feature = "demo")]
pub(crate) use answer::Services;
pub(crate) use answer::{
    Collector, Endpoints, LastExit, Logs, Metric, Metrics, Series, Span, Status, Trace, Traces,
};

use crate::failure::Failure;
use glassbox_core::Cx;
use glassbox_instrument::HttpClient;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How long the backend may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// A client of one backend.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    http: HttpClient,
    /// Where it was reached, which from here is right even where it calls itself otherwise.
    page: String,
    status: Status,
}

impl Backend {
    /// Finds out where the backend at `page` listens.
    ///
    /// # Errors
    /// If nothing answers there, or something that is no Glassbox backend.
    pub(crate) async fn connect(page: &str) -> Result<Self, Failure> {
        Self::reach(page).await.map_err(|error| {
            Failure::new(format!(
                "no backend answers at {page} ({error}); start one with 'glassbox up', or leave --backend out"
            ))
        })
    }

    /// The same for a backend that this process runs.
    ///
    /// # Errors
    /// If it does not answer.
    pub(crate) async fn own(page: &str) -> Result<Self, Failure> {
        Self::reach(page).await.map_err(|error| {
            Failure::new(format!(
                "the backend that was started does not answer at {page}: {error}"
            ))
        })
    }

    async fn reach(page: &str) -> Result<Self, Failure> {
        let page = page.trim_end_matches('/').to_owned();
        let http = HttpClient::new();
        let status = get(&http, &format!("{page}/api/status")).await?;
        Ok(Self { http, page, status })
    }

    /// The address at which it was reached.
    pub(crate) fn page(&self) -> &str {
        &self.page
    }

    /// Where it listens, as it sees itself.
    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.status.endpoints
    }

    /// How it was when it was connected to.
    pub(crate) fn status(&self) -> &Status {
        &self.status
    }

    /// How it is now.
    ///
    /// # Errors
    /// If the backend does not answer.
    pub(crate) async fn look(&self) -> Result<Status, Failure> {
        self.ask("/api/status").await
    }

    /// Where services register.
    #[cfg(feature = "demo")]
    pub(crate) fn registry(&self) -> &str {
        &self.status.endpoints.page
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

    /// What an endpoint of the API answers to the parameters, each of which is escaped.
    ///
    /// # Errors
    /// If the backend does not answer.
    pub(crate) async fn query<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<T, Failure> {
        let mut query = String::new();
        for (name, value) in parameters {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(&format!("{name}={}", escaped(value)));
        }
        self.ask(&format!("{path}{query}")).await
    }

    /// The services that are ready.
    ///
    /// # Errors
    /// If the backend does not answer, or serves no registry.
    #[cfg(feature = "demo")]
    pub(crate) async fn services(&self) -> Result<Services, Failure> {
        self.ask("/v1/registry/services").await
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let url = format!("{}{path}", self.page);
        get(&self.http, &url)
            .await
            .map_err(|error| Failure::new(format!("the backend did not answer {url}: {error}")))
    }
}

/// A value of a query: all but what RFC 3986 calls unreserved is escaped.
fn escaped(value: &str) -> PercentEncode<'_> {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(value, RESERVED)
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
