//! The routes of a service.

mod answer;
mod call;
mod input;
mod reply;
mod spent;

pub(crate) use answer::Answer;
pub(crate) use input::{Decoded, Input};
#[cfg(feature = "client")]
pub(crate) use reply::OUTCOME;

use crate::state::{Phase, State};
use axum::{
    Json, Router,
    extract::{Request, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing,
};
use glassbox_core::{Category, Problem};
use glassbox_guard::Guard;
use glassbox_instrument::ServerLayer;
use serde_json::json;
use std::{collections::BTreeSet, sync::Arc};

/// The path of the capabilities; each of them is below it.
const CAPABILITIES: &str = "/v1/capabilities";

/// Whether a name has the same meaning in a route and in a URL.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.bytes().all(plain)
}

/// All routes of a service; `more` are the routes of the application.
pub(crate) fn router(state: Arc<State>, more: Router, guard: &Guard) -> Router {
    // Each capability has its own route, so that the span of a call names the capability.
    let known = (state.callable.capabilities().iter())
        .map(|capability| capability.name.clone())
        .filter(|name| is_plain(name))
        // Two routes with the same path would panic.
        .collect::<BTreeSet<_>>()
        .into_iter()
        .fold(Router::new(), |router, name| {
            let path = format!("{CAPABILITIES}/{name}");
            let call =
                move |state, request| async move { call::call_known(state, &name, request).await };
            router.route(&path, routing::post(call))
        });
    let shown = known
        .route(CAPABILITIES, routing::get(capabilities))
        .route("/v1/capabilities/{name}", routing::post(call::call))
        .with_state(Arc::clone(&state))
        .merge(more)
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(ServerLayer::new().with_clock(Arc::clone(&state.clock)));
    // Probes arrive every few seconds and carry no information, so they have no span.
    Router::new()
        .route("/health", routing::get(health))
        .route("/ready", routing::get(ready))
        .method_not_allowed_fallback(wrong_method)
        .with_state(state)
        .merge(shown)
        .layer(guard.layer())
}

async fn capabilities(Shared(state): Shared<Arc<State>>) -> Response {
    let callable = &state.callable;
    Json(json!({
        "service": callable.name(),
        "instance": state.instance,
        "kind": callable.kind(),
        "capabilities": callable.capabilities(),
    }))
    .into_response()
}

async fn health() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

async fn ready(Shared(state): Shared<Arc<State>>) -> Result<Response, Answer> {
    let (code, message) = match state.phase() {
        Phase::Ready => return Ok(Json(json!({"status": "ready"})).into_response()),
        Phase::Starting => ("service.starting", "the service is starting"),
        Phase::Draining => ("service.draining", "the service is shutting down"),
    };
    Err(Problem::new(Category::Unavailable, code, message).into())
}

async fn unknown_path(request: Request) -> Answer {
    let message = format!(
        "there is nothing at '{}'; see GET /v1/capabilities",
        request.uri().path()
    );
    Problem::new(Category::NotFound, "request.unknown_path", message).into()
}

pub(crate) async fn wrong_method(request: Request) -> Answer {
    let message = format!(
        "{} is not allowed at '{}'; see the header 'allow'",
        request.method(),
        request.uri().path()
    );
    Answer::from(Problem::new(
        Category::Invalid,
        "request.wrong_method",
        message,
    ))
    .with_status(StatusCode::METHOD_NOT_ALLOWED)
}
