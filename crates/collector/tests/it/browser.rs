//! What browsers may do, and what the page consists of.

use axum::Router;
use axum::routing::get as route;
use glassbox_collector::Backend;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;
use serde_json::json;
use tonic::Code;
use tonic::transport::Endpoint;

use crate::client::{get, send};
use crate::records::{now, span, traces};
use crate::{config, start, stop};

const PROTOBUF: (&str, &str) = ("Content-Type", "application/x-protobuf");

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_host_or_origin_is_refused_on_every_port() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let request = traces("agent", vec![span(1, 1, 0, "a", now())]).encode_to_vec();
    let foreign_host = ("Host", "evil.example");
    let foreign_origin = ("Origin", "http://evil.example");
    for path in [
        "/",
        "/assets/app.css",
        "/api/status",
        "/api/otel/traces",
        "/api/logs/stream",
    ] {
        for (header, code) in [
            (foreign_host, "backend.host_not_allowed"),
            (foreign_origin, "backend.origin_not_allowed"),
        ] {
            let answer = send("GET", page, path, &[header], &[]).await;
            assert_eq!(answer.status, 403, "{path} {header:?}");
            assert_eq!(answer.json()["code"], code);
            assert_eq!(answer.json()["category"], "forbidden");
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
    for header in [foreign_host, foreign_origin] {
        let answer = send("POST", http, "/v1/traces", &[PROTOBUF, header], &request).await;
        assert_eq!(answer.status, 403);
        // OTLP clients get a google.rpc.Status: PERMISSION_DENIED is 7.
        assert_eq!(&answer.body[..2], [0x08, 7]);
        let json = ("Content-Type", "application/json");
        let answer = send("POST", http, "/v1/logs", &[json, header], b"{}").await;
        assert_eq!(
            (answer.status, answer.json()["code"].clone()),
            (403, json!(7))
        );
    }
    // A second Host header, or an origin that only looks like loopback.
    let two = [("Host", "localhost"), ("Host", "evil.example")];
    assert_eq!(
        send("GET", page, "/api/status", &two, &[]).await.status,
        403
    );
    for origin in ["null", "http://localhost.evil.example", "file://"] {
        let answer = send("GET", page, "/api/status", &[("Origin", origin)], &[]).await;
        assert_eq!(answer.status, 403, "{origin}");
    }
    let stored = send("GET", page, "/api/status", &[], &[]).await.json();
    assert_eq!(stored["store"]["spans"], 0);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_on_loopback_may_send_telemetry_and_read_the_api() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let request = traces("browser", vec![span(1, 1, 0, "a", now())]).encode_to_vec();
    let origin = ("Origin", "http://localhost:3000");
    let asked = [
        origin,
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type,traceparent"),
    ];
    for (base, path) in [
        (http, "/v1/traces"),
        (page, "/api/otel/logs"),
        (page, "/api/status"),
    ] {
        let answer = send("OPTIONS", base, path, &asked, &[]).await;
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("http://localhost:3000")
        );
        let headers = answer.header("access-control-allow-headers");
        assert_eq!(headers, Some("content-type,traceparent"));
        assert!(
            answer
                .header("access-control-allow-methods")
                .unwrap()
                .contains("POST")
        );
        assert!(answer.header("access-control-max-age").is_some());
    }
    let answer = send("POST", http, "/v1/traces", &[PROTOBUF, origin], &request).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("http://localhost:3000")
    );
    assert_eq!(answer.header("vary"), Some("Origin"));
    let answer = send("GET", page, "/api/otel/traces", &[origin], &[]).await;
    assert_eq!(answer.json()["total"], 1);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("http://localhost:3000")
    );
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_loopback_name_and_every_allowed_one_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.allowed_hosts = vec!["backend.internal".to_owned()];
    let backend = Backend::start(config).await.unwrap();
    let page = backend.endpoints().page();
    for host in [
        "localhost",
        "127.0.0.1:4380",
        "[::1]:4380",
        "my.localhost",
        "backend.internal:80",
    ] {
        let answer = send("GET", page, "/api/status", &[("Host", host)], &[]).await;
        assert_eq!(answer.status, 200, "{host}");
    }
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_served_at_each_of_its_addresses_and_its_files_below_assets() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let page = backend.endpoints().page();
    let document = get(page, "/").await;
    assert_eq!(document.status, 200);
    assert_eq!(
        document.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(
        document
            .header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'self'")
    );
    assert_eq!(document.header("x-content-type-options"), Some("nosniff"));
    for path in [
        "/runs/0af7651916cd43dd8448eb211c80319c",
        "/logs",
        "/metrics",
        "/metrics/a.b",
        "/services",
    ] {
        assert_eq!(get(page, path).await.body, document.body, "{path}");
    }
    let script = get(page, "/assets/js/main.js").await;
    assert_eq!(
        script.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert_eq!(script.header("cache-control"), Some("no-cache"));
    let tag = script.header("etag").unwrap();
    let again = send(
        "GET",
        page,
        "/assets/js/main.js",
        &[("If-None-Match", tag)],
        &[],
    )
    .await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(get(page, "/assets/js/nothing.js").await.status, 404);
    // A browser gets the page, which reports that it has no such view; a program gets an error.
    let asked = [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let nowhere = send("GET", page, "/nowhere/at/all", &asked, &[]).await;
    assert_eq!(
        (nowhere.status, &nowhere.body),
        (404, &document.body),
        "an unknown address"
    );
    let nowhere = get(page, "/nowhere").await;
    assert_eq!(nowhere.status, 404);
    assert_eq!(nowhere.json()["code"], "backend.unknown_path");
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_adds_routes_behind_the_same_checks() {
    let folder = tempfile::tempdir().unwrap();
    let routes = Router::new().route("/v1/registry/services", route(async || "services"));
    let backend = Backend::start(config(folder.path()).with_routes(routes))
        .await
        .unwrap();
    let page = backend.endpoints().page();
    let answer = get(page, "/v1/registry/services").await;
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, &b"services"[..])
    );
    let foreign = [("Host", "evil.example")];
    let answer = send("GET", page, "/v1/registry/services", &foreign, &[]).await;
    assert_eq!(answer.status, 403);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grpc_call_for_a_foreign_host_is_answered_in_the_words_of_grpc() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let endpoint = Endpoint::from_shared(backend.endpoints().grpc().to_owned()).unwrap();
    let foreign = endpoint
        .clone()
        .origin("http://evil.example".parse().unwrap());
    let request = || traces("agent", vec![span(1, 1, 0, "a", now())]);
    let mut client = TraceServiceClient::new(foreign.connect().await.unwrap());
    let refused = client.export(request()).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().contains("allowed_hosts"), "{refused}");
    let local = endpoint.origin("http://localhost".parse().unwrap());
    let mut client = TraceServiceClient::new(local.connect().await.unwrap());
    client.export(request()).await.unwrap();
    stop(backend).await;
}
