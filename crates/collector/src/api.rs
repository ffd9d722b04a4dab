//! The HTTP API on the page's port.

mod export;
mod params;
mod status;
mod stream;
#[cfg(test)]
mod tests;
mod value;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use glassbox_core::{Category, Problem};
use glassbox_otelcol::{Archive, CollectorStatus, Losses};
use glassbox_otlp::{Receiver, Signal};
use glassbox_store::SegmentStore;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode, Uri};
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::assets;
use crate::endpoints::Endpoints;
use crate::overload;
use crate::query::{Query, VALUE_PATH};
use crate::readers::Readers;
use crate::tail::Tail;
use params::Params;

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) store: Arc<SegmentStore>,
    pub(crate) query: Query,
    pub(crate) receiver: Receiver,
    pub(crate) endpoints: Endpoints,
    /// Current receiver status.
    pub(crate) collector: watch::Receiver<CollectorStatus>,
    /// The archive that a real collector writes beside the store.
    pub(crate) archive: Option<Arc<Archive>>,
    /// What a collector could not forward.
    pub(crate) losses: Losses,
    pub(crate) started: u64,
    pub(crate) max_records: usize,
    pub(crate) notes: Vec<String>,
    pub(crate) tail: Tail,
    pub(crate) traces: status::TraceCount,
    /// Ends the streams.
    pub(crate) stop: CancellationToken,
    pub(crate) heartbeat: Duration,
    /// Bounds the threads and the memory that queries take.
    pub(crate) readers: Readers,
}

/// Returns the routes of the API.
pub(crate) fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/api/status", get(status::status))
        .route("/api/otel/traces", get(traces))
        .route("/api/otel/metrics", get(metrics))
        .route("/api/otel/logs", get(logs).merge(post(receive_logs)))
        .route("/api/otel/export", get(export::export))
        .route(VALUE_PATH, get(value::value))
        .route("/api/logs/stream", get(stream::stream))
        .route("/api", get(unknown))
        .route(
            "/api/{*rest}",
            get(unknown).post(unknown).put(unknown).delete(unknown),
        )
        .route("/health", get(status::health))
        .route("/ready", get(status::ready))
        .method_not_allowed_fallback(wrong_method)
        .with_state(api)
}

/// Returns the routes that are also served when the limit of connections is reached.
pub(crate) fn health(api: Arc<Api>) -> Router {
    Router::new()
        .route("/health", get(status::health))
        .route("/ready", get(status::ready))
        .with_state(api)
}

/// A failure of the API as its response.
#[derive(Debug)]
pub(crate) struct Failure(Problem);

impl Failure {
    fn invalid(parameter: &str, message: String) -> Self {
        let problem = Problem::new(Category::Invalid, "backend.invalid_parameter", message);
        Self(problem.with_detail("parameter", parameter))
    }

    /// A limit that is reached for a moment.
    fn busy(code: &str, message: impl Into<String>) -> Self {
        Self(overload::busy(code, message))
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        overload::respond(self.0)
    }
}

/// Runs a query on a thread for readers and sends its result.
async fn answer<T: Serialize + 'static>(
    api: Arc<Api>,
    ask: impl FnOnce(&Query) -> T + Send + 'static,
) -> Result<Response, Failure> {
    let shared = Arc::clone(&api);
    let read = move || serde_json::to_vec(&ask(&shared.query));
    let answer = api.readers.answer(read).await?;
    let headers = [
        (CONTENT_TYPE, "application/json".to_owned()),
        (CONTENT_LENGTH, answer.len().to_string()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, answer.into_body()).into_response())
}

async fn traces(State(api): State<Arc<Api>>, RawQuery(raw): RawQuery) -> Result<Response, Failure> {
    let known = &[
        "trace_id",
        "service",
        "span_name",
        "since",
        "until",
        "limit",
        "after",
        "query",
        "errors",
        "q",
        "agents",
        "internal",
    ];
    let params = Params::parse(raw.as_deref(), known)?;
    let mut filter = params.filter(api.max_records)?;
    let Some(trace_id) = filter.predicate.trace() else {
        return answer(api, move |query| query.traces(&filter)).await;
    };
    if !params.has("limit") {
        // A trace is rendered as a whole.
        filter.limit = api.max_records;
    }
    answer(api, move |query| query.trace(&trace_id, &filter)).await
}

async fn metrics(
    State(api): State<Arc<Api>>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Failure> {
    let known = &[
        "name", "service", "since", "until", "limit", "after", "query",
    ];
    let filter = Params::parse(raw.as_deref(), known)?.filter(api.max_records)?;
    if filter.predicate.has_name() {
        answer(api, move |query| query.metric(&filter)).await
    } else {
        answer(api, move |query| query.metrics(&filter)).await
    }
}

async fn logs(State(api): State<Arc<Api>>, RawQuery(raw): RawQuery) -> Result<Response, Failure> {
    let known = &[
        "trace_id",
        "span_id",
        "service",
        "severity",
        "since",
        "until",
        "limit",
        "after",
        "after_record",
        "before_record",
        "query",
    ];
    let filter = Params::parse(raw.as_deref(), known)?.filter(api.max_records)?;
    answer(api, move |query| query.logs(&filter)).await
}

/// Accepts log records as the OTLP/HTTP receiver does.
async fn receive_logs(State(api): State<Arc<Api>>, mut request: Request) -> Response {
    *request.uri_mut() = Uri::from_static(Signal::Logs.http_path());
    match api.receiver.http_router().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

async fn unknown(uri: Uri) -> Failure {
    let message = format!(
        "there is no {}; there are /api/status, /api/otel/traces, /api/otel/metrics, \
         /api/otel/logs and /api/logs/stream",
        uri.path()
    );
    Failure(Problem::new(
        Category::NotFound,
        "backend.unknown_path",
        message,
    ))
}

/// Responds to a path outside of the API: a browser gets the page, which reports that there is no such view.
pub(crate) async fn elsewhere(uri: Uri, headers: HeaderMap) -> Response {
    let mut accepted = headers.get_all(ACCEPT).iter();
    if accepted.any(|value| {
        value
            .to_str()
            .is_ok_and(|value| value.contains("text/html"))
    }) {
        return assets::not_found();
    }
    unknown(uri).await.into_response()
}

async fn wrong_method(request: Request) -> Response {
    let message = format!(
        "{} does not take {}",
        request.uri().path(),
        request.method()
    );
    let problem = Problem::new(Category::Invalid, "backend.wrong_method", message);
    (StatusCode::METHOD_NOT_ALLOWED, Json(problem)).into_response()
}
