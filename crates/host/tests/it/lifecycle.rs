//! A service from start to shutdown.

use crate::tools::{Probe, get, post, soon, until};
use glassbox_core::{Filter, Problem};
use glassbox_host::{Host, HostSettings, MemoryRegistry, ServeError};
use serde_json::json;
use std::{error::Error, sync::Arc, time::Duration};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_shutdown_deregisters_turns_away_and_waits_for_what_is_under_way() {
    let registry = MemoryRegistry::new();
    let probe = Probe::new("probe");
    let seen = Arc::clone(&probe.seen);
    let running = Host::tool(probe)
        .registry(Arc::new(registry.clone()))
        .start()
        .await
        .unwrap();
    let endpoint = running.endpoint().to_owned();
    assert_eq!(registry.matching(&Filter::any())[0].endpoint, endpoint);
    assert_eq!(get(&format!("{endpoint}/ready")).await.status(), 200);

    let url = format!("{endpoint}/v1/capabilities/wait");
    let call = tokio::spawn(async move { post(&url, &json!({})).await.status() });
    soon(seen.begun.notified()).await;
    let shutdown = tokio::spawn(running.shutdown(Duration::from_secs(20)));
    until(async || registry.is_empty()).await;

    let ready = get(&format!("{endpoint}/ready")).await;
    assert_eq!(ready.status(), 503);
    let problem: Problem = ready.json().await.unwrap();
    assert_eq!(problem.code(), "service.draining");
    assert_eq!(get(&format!("{endpoint}/health")).await.status(), 200);
    let late = post(&format!("{endpoint}/v1/capabilities/echo"), &json!({})).await;
    assert_eq!(late.status(), 503);
    assert_eq!(late.headers()["retry-after"], "1");

    seen.release.notify_one();
    assert_eq!(soon(call).await.unwrap(), 200);
    let report = soon(shutdown).await.unwrap();
    assert_eq!(
        (report.served(), report.rejected(), report.aborted()),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_short_and_counted() {
    let probe = Probe::new("probe");
    let seen = Arc::clone(&probe.seen);
    let running = Host::tool(probe).start().await.unwrap();
    let url = format!("{}/v1/capabilities/wait", running.endpoint());
    let call = tokio::spawn(async move { post(&url, &json!({})).await.status() });
    soon(seen.begun.notified()).await;
    let report = soon(running.shutdown(Duration::from_millis(20))).await;
    assert_eq!((report.served(), report.aborted()), (0, 1));
    soon(seen.cancelled.notified()).await;
    assert!(soon(call).await.is_err(), "the connection was closed");
}

#[tokio::test]
async fn a_service_that_is_dropped_stops() {
    let running = Host::tool(Probe::new("probe")).start().await.unwrap();
    let address = running.address();
    drop(running);
    until(async || TcpListener::bind(address).await.is_ok()).await;
}

#[tokio::test]
async fn an_address_that_is_taken_is_said() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = Host::tool(Probe::new("probe")).bind(address).start().await;
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), format!("listen on {address}"));
    assert!(error.source().unwrap().to_string().contains("in use"));
}

#[tokio::test]
async fn a_registry_that_refuses_ends_the_start() {
    let registry = MemoryRegistry::with_capacity(0);
    let host = Host::tool(Probe::new("probe")).registry(Arc::new(registry));
    let error = host.start().await.unwrap_err();
    assert!(matches!(error, ServeError::Register { .. }), "{error}");
}

#[tokio::test]
async fn others_are_told_the_advertised_endpoint_and_the_given_instance() {
    let registry = MemoryRegistry::new();
    let mut settings = HostSettings::default();
    settings.endpoint = Some("http://probe.test:80/".to_owned());
    let running = Host::tool(Probe::new("probe"))
        .settings(settings)
        .instance("probe-0")
        .registry(Arc::new(registry.clone()))
        .start()
        .await
        .unwrap();
    let service = registry.matching(&Filter::any()).remove(0);
    assert_eq!(service.endpoint, "http://probe.test:80");
    assert_eq!(service.instance, "probe-0");
    assert_eq!(running.instance(), "probe-0");
}

#[cfg(not(feature = "client"))]
#[tokio::test]
async fn a_registry_url_needs_a_client() {
    let mut settings = HostSettings::default();
    settings.registry_url = Some("http://127.0.0.1:1".to_owned());
    let host = Host::tool(Probe::new("probe")).settings(settings);
    let error = host.start().await.unwrap_err();
    assert!(error.to_string().contains("feature 'client'"), "{error}");
}
