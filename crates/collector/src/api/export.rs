//! `/api/otel/export`: the OTLP of a trace, streamed.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use glassbox_core::{Category, Problem};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::params::Params;
use super::{Api, Failure};
use crate::query::ExportPart;

pub(super) async fn export(
    State(api): State<Arc<Api>>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Failure> {
    let params = Params::parse(raw.as_deref(), &["trace_id"])?;
    let filter = params.filter(api.max_records)?;
    let Some(id) = filter.predicate.trace() else {
        return Err(Failure::invalid(
            "trace_id",
            "trace_id is missing".to_owned(),
        ));
    };
    let Some(first) = part(&api, id, 0).await? else {
        let message = "no span of this trace is stored";
        let problem = Problem::new(Category::NotFound, "backend.unknown_trace", message);
        return Err(Failure(problem));
    };
    let state = (Some(Next::Ready(first)), "{\"resourceSpans\":[");
    let parts = stream::unfold(state, move |(next, before)| {
        let api = Arc::clone(&api);
        async move {
            let part = match next? {
                Next::Ready(part) => part,
                Next::From(from) => match part(&api, id, from).await {
                    Ok(Some(part)) => part,
                    // Retention removed the rest, or too many queries are waiting: abort the response.
                    Ok(None) | Err(_) => {
                        return Some((Err(io::Error::from(io::ErrorKind::NotFound)), (None, "")));
                    }
                },
            };
            let mut text = before.to_owned();
            text.push_str(&part.groups.join(","));
            let next = part.next.map(Next::From);
            if next.is_none() {
                text.push_str("]}");
            }
            Some((Ok(Bytes::from(text)), (next, ",")))
        }
    });
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}

/// What is sent next of an export.
enum Next {
    Ready(ExportPart),
    From(u64),
}

async fn part(api: &Arc<Api>, id: [u8; 16], from: u64) -> Result<Option<ExportPart>, Failure> {
    let shared = Arc::clone(api);
    let read = move || shared.query.export(&id, from);
    Ok(api.readers.read(read).await?)
}
