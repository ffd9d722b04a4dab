//! `/api/logs/stream`: the last hour of log records, then live, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use tokio::time::timeout;

use super::params::Params;
use super::{Api, Failure};
use crate::tail::{Full, Start, Stream};

/// A comment, which tells an idle client that the stream is still open.
const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

pub(super) async fn stream(
    State(api): State<Arc<Api>>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let known = ["service", "severity", "query"];
    let params = Params::parse(raw.as_deref(), &known)?;
    let filter = params.filter(api.max_records)?;
    let start = last_event(&headers)?.map_or(Start::LastHour, Start::After);
    let opened = api.tail.open(filter, params.to_query(&known), start);
    let stream = opened.map_err(|Full { limit }| {
        let message = format!(
            "all {limit} log streams are in use; close one, or list records with /api/otel/logs"
        );
        Failure::busy("backend.streams", message)
    })?;
    let lines = stream::unfold((api, stream), async |(api, mut stream)| {
        let line = next(&api, &mut stream).await?;
        Some((Ok::<_, Infallible>(line), (api, stream)))
    });
    let media = (CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    let cache = (CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([media, cache], Body::from_stream(lines)).into_response())
}

/// Waits for the next line or the time of a heartbeat; `None` when the backend shuts down.
async fn next(api: &Api, stream: &mut Stream) -> Option<Bytes> {
    tokio::select! {
        biased;
        () = api.stop.cancelled() => None,
        line = timeout(api.heartbeat, stream.next()) => Some(line.unwrap_or(HEARTBEAT)),
    }
}

fn last_event(headers: &HeaderMap) -> Result<Option<u64>, Failure> {
    const NAME: &str = "last-event-id";
    let Some(value) = headers.get(NAME) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    let cursor = text.parse::<u64>().ok().filter(|cursor| *cursor < u64::MAX);
    cursor.map(Some).ok_or_else(|| {
        let message = format!("Last-Event-ID is {text:?}; it must be the id of an event");
        Failure::invalid("Last-Event-ID", message)
    })
}
