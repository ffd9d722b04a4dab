//! A client of a running backend's API.

mod answer;

#[cfg(feature = "demo")]
pub(crate) use answer::Services;
pub(crate) use answer::{
    Collector, Endpoints, LastExit, Logs, Metric, Metrics, Series, Span, Status, Trace, Traces,
};

use crate::failure::Failure;
use glassbox_core::Cx;
use glassbox_instrument::{HttpClient, HttpRequest, HttpResponse};
use http::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// Timeout of a request.
const ANSWER: Duration = Duration::from_secs(5);

/// A client of one backend.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    http: HttpClient,
    /// The URL at which it was reached. It can differ from the URL that the backend reports.
    page: String,
    key: Option<String>,
    status: Status,
}

impl Backend {
    /// Connects to the backend at `page`, with this key if it requires one, and reads its status.
    ///
    /// # Errors
    /// If nothing responds there, it is not a Glassbox backend, or it rejects the key.
    pub(crate) async fn connect(page: &str, key: Option<&str>) -> Result<Self, Failure> {
        Self::reach(page, key).await.map_err(|error| {
            Failure::new(format!(
                "no backend responds at {page} ({error}); start one with 'glassbox up', or omit --backend"
            ))
        })
    }

    /// The same for a backend that this process runs.
    ///
    /// # Errors
    /// If the backend does not respond.
    pub(crate) async fn own(page: &str, key: Option<&str>) -> Result<Self, Failure> {
        Self::reach(page, key).await.map_err(|error| {
            Failure::new(format!(
                "the backend was started but does not respond at {page}: {error}"
            ))
        })
    }

    async fn reach(page: &str, key: Option<&str>) -> Result<Self, Failure> {
        let page = page.trim_end_matches('/').to_owned();
        let http = HttpClient::new();
        let status = get(&http, &format!("{page}/api/status"), key).await?;
        Ok(Self {
            http,
            page,
            key: key.map(str::to_owned),
            status,
        })
    }

    /// The key that the backend requires, if one was given.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The address at which it was reached.
    pub(crate) fn page(&self) -> &str {
        &self.page
    }

    /// The addresses that the backend reports.
    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.status.endpoints
    }

    /// The status at the time of the connection.
    pub(crate) fn status(&self) -> &Status {
        &self.status
    }

    /// The current status.
    ///
    /// # Errors
    /// If the backend does not respond.
    pub(crate) async fn look(&self) -> Result<Status, Failure> {
        self.ask("/api/status").await
    }

    /// The URL where services register.
    #[cfg(feature = "demo")]
    pub(crate) fn registry(&self) -> &str {
        &self.status.endpoints.page
    }

    /// The spans of a trace that have arrived so far.
    ///
    /// # Errors
    /// If the backend does not respond.
    pub(crate) async fn trace(&self, trace_id: &str) -> Result<Vec<Span>, Failure> {
        Ok(self.whole_trace(trace_id).await?.spans)
    }

    /// The spans of a trace, with how many of them arrived again.
    ///
    /// # Errors
    /// If the backend does not respond.
    pub(crate) async fn whole_trace(&self, trace_id: &str) -> Result<Trace, Failure> {
        self.ask(&format!("/api/otel/traces?trace_id={trace_id}&limit=10000"))
            .await
    }

    /// The series of a metric.
    ///
    /// # Errors
    /// If the backend does not respond.
    pub(crate) async fn metric(&self, name: &str) -> Result<Metric, Failure> {
        self.ask(&format!("/api/otel/metrics?name={name}")).await
    }

    /// The number of log records with this trace id.
    ///
    /// # Errors
    /// If the backend does not respond.
    pub(crate) async fn logs(&self, trace_id: &str) -> Result<u64, Failure> {
        let logs: Logs = self
            .ask(&format!("/api/otel/logs?trace_id={trace_id}&limit=1"))
            .await?;
        Ok(logs.total)
    }

    /// Queries an API endpoint. Parameter values are percent-encoded.
    ///
    /// # Errors
    /// If the backend does not respond.
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
    /// If the backend does not respond, or has no registry.
    #[cfg(feature = "demo")]
    pub(crate) async fn services(&self) -> Result<Services, Failure> {
        self.ask("/v1/registry/services").await
    }

    /// Starts a download. Parameter values are percent-encoded.
    ///
    /// # Errors
    /// If the backend does not respond, or refuses.
    pub(crate) async fn download(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<HttpResponse, Failure> {
        let query: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        let url = format!("{}{path}?{}", self.page, query.join("&"));
        let response = self.send(self.http.get(&url)).await?;
        accepted(response).await
    }

    /// Sends an OTLP request in JSON.
    ///
    /// # Errors
    /// If the backend does not respond, or refuses the request or a part of it.
    pub(crate) async fn upload(&self, path: &str, body: Vec<u8>) -> Result<(), Failure> {
        let url = format!("{}{path}", self.status.endpoints.http);
        let request = self.http.post(&url).body(body);
        let request = request.header("content-type", "application/json");
        let response = accepted(self.send(request).await?).await?;
        let answer: Value = response
            .json()
            .await
            .map_err(|error| Failure::from_error("its response cannot be parsed", &error))?;
        match answer["partialSuccess"]["errorMessage"].as_str() {
            None | Some("") => Ok(()),
            Some(message) => Err(Failure::new(format!("a part was rejected: {message}"))),
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let request = match self.key() {
            Some(key) => request.bearer(key),
            None => request,
        };
        request
            .send(&Cx::background())
            .await
            .map_err(|error| Failure::from_error("the request failed", &error))
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let url = format!("{}{path}", self.page);
        get(&self.http, &url, self.key())
            .await
            .map_err(|error| Failure::new(format!("the backend failed to answer {url}: {error}")))
    }
}

/// Percent-encodes everything except the unreserved characters of RFC 3986.
pub(crate) fn escaped(value: &str) -> PercentEncode<'_> {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(value, RESERVED)
}

/// The response, or why the backend refused.
async fn accepted(response: HttpResponse) -> Result<HttpResponse, Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = response.bytes().await.unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let reason = body["message"].as_str().unwrap_or("it gave no reason");
    Err(Failure::new(format!("status {status}: {reason}")))
}

async fn get<T: DeserializeOwned>(
    http: &HttpClient,
    url: &str,
    key: Option<&str>,
) -> Result<T, Failure> {
    let request = http.get(url).timeout(ANSWER);
    let request = match key {
        Some(key) => request.bearer(key),
        None => request,
    };
    let response = request
        .send(&Cx::background())
        .await
        .map_err(|error| Failure::from_error("the request failed", &error))?;
    let status = response.status();
    if status == StatusCode::UNAUTHORIZED {
        return Err(Failure::new(match key {
            Some(_) => "it rejects the key of GLASSBOX_COLLECTOR_KEY or collector.key",
            None => "it requires a key: set GLASSBOX_COLLECTOR_KEY",
        }));
    }
    if !status.is_success() {
        return Err(Failure::new(format!("it responded with status {status}")));
    }
    response
        .json()
        .await
        .map_err(|error| Failure::from_error("its response cannot be parsed", &error))
}
