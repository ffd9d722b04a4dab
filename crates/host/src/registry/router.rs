//! The registry over HTTP, for services in several processes.

use super::{LEASE, MemoryRegistry, Put, list};
use crate::{
    budget::Budget,
    http::{Answer, Decoded, Input, wrong_method},
};
use axum::{
    Json, Router,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
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

/// Memory of the registrations that are being received.
const BODIES: usize = 64 << 20;
/// Time to receive one.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Served {
    registry: MemoryRegistry,
    bodies: Budget,
}

impl Served {
    fn input(&self) -> Input {
        Input::new(BODY_LIMIT, &self.bodies).with_timeout(BODY_TIMEOUT)
    }
}

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
/// | `POST /v1/registry/services`: a `ServiceInfo` with `ttl_ms` (100 to 3 600 000) | 201 with `{"lease"}` if `instance` is new, 204 if it was renewed, 409 if it belongs to somebody else, 429 if the registry is full |
/// | `PUT /v1/registry/services/{instance}/health`: `{"health": "draining"}` | 204, or 404 if it is not registered |
/// | `DELETE /v1/registry/services/{instance}` | 204, whether or not it was registered |
/// | `GET /v1/registry/services?name=&capability=&kind=&include_unready=` | `{"total", "services", "returned"}`, ordered by name then instance |
///
/// `total` counts all registrations, `returned` the matching ones.
///
/// The `lease` is returned once. To renew, report and remove a registration, send it in the header
/// `glassbox-lease`; without it the response is 409 or 403. Only the lease identifies the owner of an
/// instance. To restrict access to the registry, put a [`Guard`](glassbox_guard::Guard) around it.
///
/// Requests have no spans, because renewals would dominate the traces.
///
/// # Bounds
/// A registration is limited to 1 MiB; the registry limits their number and their memory. Registrations
/// that are being received are limited to 64 MiB together; a further one is rejected with 429.
pub fn registry_router(registry: MemoryRegistry) -> Router {
    let served = Served {
        registry,
        bodies: Budget::new(BODIES, BODY_LIMIT),
    };
    Router::new()
        .route(
            "/v1/registry/services",
            routing::post(register).get(list_services),
        )
        .route("/v1/registry/services/{instance}", routing::delete(release))
        .route(
            "/v1/registry/services/{instance}/health",
            routing::put(report),
        )
        .method_not_allowed_fallback(wrong_method)
        .with_state(served)
}

async fn register(
    State(served): State<Served>,
    request: axum::extract::Request,
) -> Result<Response, Answer> {
    let lease = lease(request.headers());
    let registration: Decoded<Registration> = served.input().read_as(request).await?;
    let Registration { service, ttl_ms } = registration.value;
    if !TTL.contains(&ttl_ms) {
        let (least, most) = (TTL.start(), TTL.end());
        let message = format!("'ttl_ms' is {ttl_ms}; it must be between {least} and {most}");
        return Err(Problem::new(Category::Invalid, "registry.invalid", message)
            .with_detail("field", "ttl_ms")
            .into());
    }
    let ttl = Duration::from_millis(ttl_ms);
    Ok(match served.registry.put(service, ttl, lease.as_deref())? {
        Put::New(lease) => {
            let body = Json(serde_json::json!({ "lease": lease }));
            // A cache must not keep a secret.
            let headers = [(CACHE_CONTROL, "no-store")];
            (StatusCode::CREATED, headers, body).into_response()
        }
        Put::Renewed => StatusCode::NO_CONTENT.into_response(),
    })
}

async fn release(
    State(served): State<Served>,
    instance: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<StatusCode, Answer> {
    let lease = lease(&headers);
    served
        .registry
        .remove(&named(instance)?, lease.as_deref())?;
    Ok(StatusCode::NO_CONTENT)
}

async fn report(
    State(served): State<Served>,
    instance: Result<Path<String>, PathRejection>,
    request: axum::extract::Request,
) -> Result<StatusCode, Answer> {
    let instance = named(instance)?;
    let lease = lease(request.headers());
    let report: Decoded<Report> = served.input().read_as(request).await?;
    let health = report.value.health;
    if served
        .registry
        .report(&instance, health, lease.as_deref())?
    {
        return Ok(StatusCode::NO_CONTENT);
    }
    let message = format!("no instance {instance:?} is registered; register it first");
    Err(Problem::new(Category::NotFound, "registry.unknown_instance", message).into())
}

fn lease(headers: &HeaderMap) -> Option<String> {
    let lease = headers.get(LEASE)?.to_str().ok()?;
    Some(lease.to_owned())
}

/// The instance from the path, if it is valid UTF-8.
fn named(instance: Result<Path<String>, PathRejection>) -> Result<String, Answer> {
    instance.map(|Path(instance)| instance).map_err(|error| {
        let message = format!("invalid path: {}", error.body_text());
        Problem::new(Category::Invalid, "request.invalid_path", message).into()
    })
}

async fn list_services(
    State(served): State<Served>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, Answer> {
    let Query(filter) = filter.map_err(|error| {
        let message = format!("invalid query: {}", error.body_text());
        Problem::new(Category::Invalid, "request.invalid_query", message)
    })?;
    let headers = [(CONTENT_TYPE, "application/json")];
    Ok((headers, list::body(served.registry, filter)).into_response())
}
