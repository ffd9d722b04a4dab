//! The registry over HTTP.

use crate::tools::get;
use glassbox_core::{Cx, Problem};
use glassbox_host::{MemoryRegistry, registry_router};
use glassbox_instrument::HttpClient;
use glassbox_testkit::VirtualClock;
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};

/// Serves a registry; aborting the task stops it.
pub(crate) async fn serve(registry: MemoryRegistry, at: SocketAddr) -> (String, JoinHandle<()>) {
    let listener = loop {
        match TcpListener::bind(at).await {
            Ok(listener) => break listener,
            // The previous server has not released the port yet.
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = registry_router(registry);
    let task = tokio::spawn(async move {
        let _ = axum::serve(listener, router).await;
    });
    (url, task)
}

pub(crate) const ANY: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

async fn send(method: &str, url: &str, body: &Value) -> (u16, Option<Problem>) {
    let (status, answer) = send_with(method, url, body, None).await;
    (status, serde_json::from_value(answer).ok())
}

async fn send_with(method: &str, url: &str, body: &Value, lease: Option<&str>) -> (u16, Value) {
    let mut request = HttpClient::new()
        .request(method.parse().unwrap(), url)
        .json(body);
    if let Some(lease) = lease {
        request = request.header("glassbox-lease", lease);
    }
    let response = request.send(&Cx::background()).await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or_default())
}

fn registration(name: &str, instance: &str) -> Value {
    json!({
        "name": name,
        "instance": instance,
        "kind": "tool",
        "endpoint": "http://127.0.0.1:1",
        "capabilities": [],
        "health": "ready",
        "ttl_ms": 10_000,
    })
}

#[tokio::test]
async fn registrations_are_kept_renewed_listed_and_ended() {
    let clock = VirtualClock::new();
    let registry = MemoryRegistry::with_clock(Arc::new(clock.clone()));
    let (url, _task) = serve(registry, ANY.into()).await;
    let services = format!("{url}/v1/registry/services");
    let mut leases = Vec::new();
    for (name, instance) in [("b", "1"), ("a", "2")] {
        let registration = registration(name, instance);
        let (status, answer) = send_with("POST", &services, &registration, None).await;
        assert_eq!(status, 201);
        leases.push(answer["lease"].as_str().unwrap().to_owned());
    }
    let lease = Some(leases[0].as_str());
    let again = registration("a", "1");
    let (status, answer) = send_with("POST", &services, &again, lease).await;
    assert_eq!((status, answer), (204, Value::Null), "a lease is told once");
    let (status, problem) = send("POST", &services, &again).await;
    assert_eq!(
        (status, problem.unwrap().code()),
        (409, "registry.not_owner")
    );
    let list = async |query: &str| -> (Value, Vec<String>) {
        let list: Value = get(&format!("{services}{query}"))
            .await
            .json()
            .await
            .unwrap();
        let shown = list["services"].as_array().unwrap().iter();
        let shown = shown.map(|s| s["instance"].as_str().unwrap().to_owned());
        let shown = shown.collect();
        (list, shown)
    };
    let (all, instances) = list("").await;
    assert_eq!((&all["total"], &all["returned"]), (&json!(2), &json!(2)));
    assert_eq!(instances, ["1", "2"]);
    clock.advance(Duration::from_secs(9));
    send_with("POST", &services, &again, lease).await;
    clock.advance(Duration::from_secs(9));
    let (left, instances) = list("?name=a&kind=tool").await;
    assert_eq!((&left["total"], instances.len()), (&json!(1), 1));

    let health = format!("{services}/1/health");
    let draining = json!({"health": "draining"});
    let (status, problem) = send("PUT", &health, &draining).await;
    assert_eq!(
        (status, problem.unwrap().code()),
        (403, "registry.not_owner")
    );
    let (status, _) = send_with("PUT", &health, &draining, lease).await;
    assert_eq!(status, 204);
    assert!(list("").await.1.is_empty());
    assert_eq!(list("?include_unready=true").await.1, ["1"]);
    let one = format!("{services}/1");
    let (status, problem) = send("DELETE", &one, &json!({})).await;
    assert_eq!(
        (status, problem.unwrap().code()),
        (403, "registry.not_owner")
    );
    let (status, _) = send_with("DELETE", &one, &json!({}), lease).await;
    assert_eq!(status, 204);
    assert_eq!(list("?include_unready=true").await.0["total"], 0);
    let (status, problem) = send("PUT", &health, &json!({"health": "ready"})).await;
    assert_eq!(
        (status, problem.unwrap().code()),
        (404, "registry.unknown_instance")
    );
}

#[tokio::test]
async fn what_cannot_be_registered_is_refused() {
    let (url, _task) = serve(MemoryRegistry::with_capacity(1), ANY.into()).await;
    let services = format!("{url}/v1/registry/services");
    let mut forever = registration("a", "1");
    forever["ttl_ms"] = json!(99);
    let mut nameless = registration("", "1");
    nameless["name"] = json!("");
    for wrong in [forever, nameless] {
        let (status, problem) = send("POST", &services, &wrong).await;
        assert_eq!((status, problem.unwrap().code()), (400, "registry.invalid"));
    }
    let registration_1 = registration("a", "1");
    let (status, answer) = send_with("POST", &services, &registration_1, None).await;
    assert_eq!(status, 201);
    let lease = answer["lease"].as_str();
    let (status, problem) = send("POST", &services, &registration("a", "2")).await;
    assert_eq!((status, problem.unwrap().code()), (429, "registry.full"));
    let (status, _) = send_with("POST", &services, &registration_1, lease).await;
    assert_eq!(status, 204, "a renewal needs no place");
    let query = get(&format!("{services}?kind=plant")).await;
    assert_eq!(query.status(), 400);
}

#[tokio::test]
async fn every_refusal_has_the_one_error_body() {
    let (url, _task) = serve(MemoryRegistry::new(), ANY.into()).await;
    let services = format!("{url}/v1/registry/services");
    for (method, path, expected) in [
        ("DELETE", "/%FF", (400, "request.invalid_path")),
        ("PUT", "/%FF/health", (400, "request.invalid_path")),
        ("PATCH", "", (405, "request.wrong_method")),
        ("GET", "?kind=plant", (400, "request.invalid_query")),
    ] {
        let (status, problem) = send(method, &format!("{services}{path}"), &json!({})).await;
        let problem = problem.unwrap_or_else(|| panic!("{method} {path} has no error body"));
        assert_eq!((status, problem.code()), expected, "{method} {path}");
    }
}
