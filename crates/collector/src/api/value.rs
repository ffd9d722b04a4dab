//! `/api/otel/value`: a whole value of which a response shows only a part, streamed.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use glassbox_core::{Category, Problem};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

use super::params::Params;
use super::{Api, Failure};
use crate::query::{Piece, ValueRef};

pub(super) async fn value(
    State(api): State<Arc<Api>>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Failure> {
    let params = Params::parse(raw.as_deref(), &["signal", "record", "path"])?;
    let (record, path) = params.value()?;
    let first = piece(&api, record, path.clone(), 0).await?;
    let Some(first) = first else {
        let message = "there is no such value; retention may have removed its record";
        let problem = Problem::new(Category::NotFound, "backend.unknown_value", message);
        return Err(Failure(problem));
    };
    let (media_type, total, read) = (first.media_type, first.total, first.bytes.len());
    // One piece at a time is in memory, however slowly the client reads.
    let pieces = stream::unfold((Some(first), 0), move |(ready, from)| {
        let (api, path) = (Arc::clone(&api), path.clone());
        async move {
            let piece = match ready {
                Some(piece) => piece,
                None if from >= total => return None,
                None => match piece(&api, record, path, from).await {
                    Ok(Some(piece)) => piece,
                    // Retention has removed the record, or too many queries are waiting: abort the response.
                    Ok(None) | Err(_) => {
                        return Some((Err(std::io::ErrorKind::NotFound.into()), (None, total)));
                    }
                },
            };
            let next = from + piece.bytes.len();
            Some((
                Ok::<_, std::io::Error>(Bytes::from(piece.bytes)),
                (None, next),
            ))
        }
    });
    let body = if read == total && total == 0 {
        Body::empty()
    } else {
        Body::from_stream(pieces)
    };
    let headers = [
        (CONTENT_TYPE, media_type.to_owned()),
        (CONTENT_LENGTH, total.to_string()),
        (CACHE_CONTROL, "no-store".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, body).into_response())
}

async fn piece(
    api: &Arc<Api>,
    record: ValueRef,
    path: String,
    from: usize,
) -> Result<Option<Piece>, Failure> {
    let shared = Arc::clone(api);
    let read = move || shared.query.value(record, &path, from);
    Ok(api.readers.read(read).await?)
}
