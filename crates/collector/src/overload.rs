//! Answers when the backend is at a limit.

use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use glassbox_core::{Category, Problem};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

/// When a client that was refused should retry.
const RETRY: Duration = Duration::from_secs(1);

/// Adds a refusal of everything else to the routes that are served when all connections are taken.
pub(crate) fn full(health: Router) -> Router {
    health.fallback(async |request: Request| {
        let media = request.headers().get(CONTENT_TYPE);
        let media = media.map(HeaderValue::as_bytes).unwrap_or_default();
        let message = "all connections are in use; close idle ones or try again";
        if media.starts_with(b"application/grpc") {
            // UNAVAILABLE, which OTLP exporters retry.
            let headers = [
                ("content-type", "application/grpc"),
                ("grpc-status", "14"),
                ("grpc-message", message),
            ];
            return headers.into_response();
        }
        respond(busy("backend.connections", message))
    })
}

/// Returns the problem of a limit that is reached for a moment.
pub(crate) fn busy(code: &str, message: impl Into<String>) -> Problem {
    Problem::new(Category::Unavailable, code, message).with_retry_after(RETRY)
}

/// Responds with a problem, its status, and when to retry.
pub(crate) fn respond(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.category().status());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let retry = problem.retry_after().map(|wait| wait.as_secs_f64().ceil());
    let mut response = (status, Json(problem)).into_response();
    if let Some(seconds) = retry {
        let seconds = HeaderValue::from(seconds as u64);
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}
