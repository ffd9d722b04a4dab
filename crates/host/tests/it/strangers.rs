//! Peers that do not follow the protocol.

use crate::tools::Remote;
use axum::{Json, Router, http::StatusCode};
use glassbox_core::{Category, Cx, Discovery, Filter, Problem};
use glassbox_host::HttpDiscovery;
use glassbox_instrument::HttpClient;
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, SystemTime},
};
use tokio::net::TcpListener;

/// Serves this router, and returns its URL.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A tool with this router as its service.
async fn tool(router: Router) -> Remote {
    Remote::probe("1", serve(router).await)
}

#[tokio::test]
async fn a_wait_may_be_given_as_a_date() {
    let later = SystemTime::now() + Duration::from_secs(3600);
    let later = httpdate::fmt_http_date(later);
    let busy = async move || {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            [("retry-after", later)],
            "no",
        )
    };
    let tool = tool(Router::new().fallback(busy)).await;
    let error = tool.call(&Cx::background(), "echo", json!({})).await;
    let wait = error.unwrap_err().problem().retry_after().unwrap();
    assert!(wait > Duration::from_secs(3500), "{wait:?}");
}

#[tokio::test]
async fn a_refusal_from_further_down_is_no_promise_that_nothing_was_done() {
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    // An agent that has made a charge, and forwards the response of the next service.
    let hands_on = async move || {
        counted.fetch_add(1, SeqCst);
        let problem =
            Problem::new(Category::RateLimited, "service.busy", "come again later").handed_on();
        (StatusCode::TOO_MANY_REQUESTS, Json(problem))
    };
    let tool = tool(Router::new().fallback(hands_on)).await;
    let error = tool.call(&Cx::background(), "charge", json!({})).await;
    assert_eq!(error.unwrap_err().code(), "service.busy");
    assert_eq!(calls.load(SeqCst), 1, "what may have happened happens once");
}

#[tokio::test]
async fn what_the_instance_itself_turned_away_unheard_is_tried_again() {
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let busy_once = async move || match counted.fetch_add(1, SeqCst) {
        0 => {
            let problem = Problem::new(Category::RateLimited, "service.busy", "come again later")
                .with_may_have_begun(false);
            (StatusCode::TOO_MANY_REQUESTS, Json(json!(problem)))
        }
        _ => (StatusCode::OK, Json(json!("charged"))),
    };
    let tool = tool(Router::new().fallback(busy_once)).await;
    let done = tool.call(&Cx::background(), "charge", json!({})).await;
    assert_eq!(done.unwrap().into_output().unwrap().value, "charged");
}

#[tokio::test]
async fn a_service_of_a_kind_that_is_not_known_hides_no_other() {
    let service = |kind: &str, name: &str| {
        json!({"kind": kind, "name": name, "instance": name, "endpoint": "http://127.0.0.1:1",
            "capabilities": [], "health": "ready"})
    };
    let services = json!({"total": 2, "returned": 2,
        "services": [service("swarm", "new"), service("tool", "old")]});
    let list = async move || Json(services);
    let url = serve(Router::new().fallback(list)).await;
    let discovery = HttpDiscovery::new(&url, HttpClient::new());
    let found = discovery
        .find(&Cx::background(), &Filter::any())
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name, "old");
}
