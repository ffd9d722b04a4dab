//! The registry over HTTP, for services in several processes.

use super::MemoryRegistry;
use crate::http::{Answer, Input, wrong_method};
use axum::{
    Json, Router,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
    routing,
};
use glassbox_core::{Category, Filter, Health, Problem, ServiceInfo};
use serde::Deserialize;
use std::time::Duration;

/// Maximum size of one registration in bytes, including schemas.
const BODY_LIMIT: usize = 1 << 20;
/// Minimum and maximum time to live of a registration.
const TTL: std::ops::RangeInclusive<u64> = 100..=3_600_000;

#[derive(Deserialize)]
struct Registration {
    #[serde(flatten)]
    service: ServiceInfo,
    ttl_ms: u64,
}

#[derive(Deserialize)]
struct Report {
    health: Health,
}

/// Serves a registry under `/v1/registry`.
///
/// | request | response |
/// |---|---|
/// | `POST /v1/registry/services`: a `ServiceInfo` with `ttl_ms` (100 to 3 600 000) | 204; registers or renews `instance` |
/// | `PUT /v1/registry/services/{instance}/health`: `{"health": "draining"}` | 204, or 404 if it is not registered |
/// | `DELETE /v1/registry/services/{instance}` | 204, whether or not it was registered |
/// | `GET /v1/registry/services?name=&capability=&kind=&include_unready=` | `{"total", "returned", "services"}`, ordered by name then instance |
///
/// `total` counts all registrations, `returned` the matching ones.
///
/// Requests have no spans, because renewals would dominate the traces.
///
/// # Bounds
/// A registration is limited to 1 MiB; the registry limits their number.
pub fn registry_router(registry: MemoryRegistry) -> Router {
    Router::new()
        .route("/v1/registry/services", routing::post(register).get(list))
        .route("/v1/registry/services/{instance}", routing::delete(release))
        .route(
            "/v1/registry/services/{instance}/health",
            routing::put(report),
        )
        .method_not_allowed_fallback(wrong_method)
        .with_state(registry)
}

async fn register(
    State(registry): State<MemoryRegistry>,
    request: axum::extract::Request,
) -> Result<StatusCode, Answer> {
    let registration: Registration = Input::new(BODY_LIMIT).read_as(request).await?;
    if !TTL.contains(&registration.ttl_ms) {
        let message = format!(
            "'ttl_ms' is {}; it must be between {} and {}",
            registration.ttl_ms,
            TTL.start(),
            TTL.end()
        );
        return Err(Problem::new(Category::Invalid, "registry.invalid", message).into());
    }
    let ttl = Duration::from_millis(registration.ttl_ms);
    registry.put(registration.service, ttl)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn release(
    State(registry): State<MemoryRegistry>,
    instance: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Answer> {
    registry.remove(&named(instance)?);
    Ok(StatusCode::NO_CONTENT)
}

async fn report(
    State(registry): State<MemoryRegistry>,
    instance: Result<Path<String>, PathRejection>,
    request: axum::extract::Request,
) -> Result<StatusCode, Answer> {
    let instance = named(instance)?;
    let report: Report = Input::new(BODY_LIMIT).read_as(request).await?;
    if registry.report(&instance, report.health) {
        return Ok(StatusCode::NO_CONTENT);
    }
    let message = format!("no instance '{instance}' is registered; register it first");
    Err(Problem::new(Category::NotFound, "registry.unknown_instance", message).into())
}

/// The instance from the path, if it is valid UTF-8.
fn named(instance: Result<Path<String>, PathRejection>) -> Result<String, Answer> {
    instance.map(|Path(instance)| instance).map_err(|error| {
        let message = format!("invalid path: {}", error.body_text());
        Problem::new(Category::Invalid, "request.invalid_path", message).into()
    })
}

async fn list(
    State(registry): State<MemoryRegistry>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, Answer> {
    let Query(filter) = filter.map_err(|error| {
        let message = format!("invalid query: {}", error.body_text());
        Problem::new(Category::Invalid, "request.invalid_query", message)
    })?;
    let services = registry.matching(&filter);
    let body = serde_json::json!({
        "total": registry.len(),
        "returned": services.len(),
        "services": services,
    });
    Ok(Json(body).into_response())
}
