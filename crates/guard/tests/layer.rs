//! The layer around axum routers and tonic servers.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

use axum::{Router, body::Body, routing::get};
use glassbox_guard::{Guard, Keys, Refusal};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::{Layer, Service, ServiceExt};

fn guard(bound: &str) -> Guard {
    Guard::new(bound.parse().unwrap())
        .with_words("backend", "collector.allowed_hosts")
        .with_exempt(&["/health"])
}

fn locked() -> Guard {
    let keys = Keys::try_new(["new-key", "old-key"]).unwrap();
    guard("0.0.0.0:80").with_keys(keys)
}

fn router(guard: &Guard) -> Router {
    Router::new()
        .route("/", get(|| async { "yes" }).post(|| async { "yes" }))
        .route("/health", get(|| async { "well" }))
        .route(
            "/v1/traces",
            get(|| async { "yes" }).post(|| async { "yes" }),
        )
        .layer(guard.layer())
}

async fn send(guard: &Guard, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    router(guard).oneshot(request).await.unwrap()
}

async fn status(guard: &Guard, headers: &[(&str, &str)]) -> u16 {
    send(guard, "GET", "/", headers).await.status().as_u16()
}

async fn json(response: Response<Body>) -> Value {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

const LOCAL: (&str, &str) = ("host", "localhost");

#[tokio::test]
async fn a_foreign_host_is_refused_in_words() {
    let response = send(
        &guard("127.0.0.1:1"),
        "GET",
        "/",
        &[("host", "evil.example")],
    )
    .await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(response.extensions().get::<Refusal>().is_some());
    let body = json(response).await;
    assert_eq!(body["code"], "backend.host_not_allowed");
    assert_eq!(body["details"]["host"], "evil.example");
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("collector.allowed_hosts"), "{message}");
}

#[tokio::test]
async fn pages_of_loopback_and_the_listeners_own_page_are_origins() {
    let open = guard("192.168.1.5:4380");
    for (host, origin, expected) in [
        ("localhost:4380", "http://localhost:3000", 200),
        ("localhost:4380", "https://127.0.0.1", 200),
        ("localhost:4380", "http://[::1]:8080", 200),
        ("192.168.1.5:4380", "http://192.168.1.5:4380", 200),
        ("192.168.1.5:4380", "http://192.168.1.5", 403),
        ("192.168.1.5:4380", "ftp://192.168.1.5:4380", 403),
        ("localhost:4380", "null", 403),
        ("localhost:4380", "", 403),
        ("localhost:4380", "http://evil.example", 403),
        ("localhost:4380", "http://localhost.evil.example", 403),
        ("localhost:4380", "http://localhost@evil.example", 403),
        ("localhost:4380", "file://", 403),
    ] {
        let headers = [("host", host), ("origin", origin)];
        assert_eq!(status(&open, &headers).await, expected, "{host} {origin}");
    }
    let two = [
        LOCAL,
        ("origin", "http://localhost"),
        ("origin", "http://evil.example"),
    ];
    assert_eq!(status(&open, &two).await, 403);
}

#[tokio::test]
async fn with_keys_a_request_needs_one_of_them() {
    let locked = locked();
    for (authorization, expected) in [
        ("Bearer new-key", 200),
        ("bearer old-key", 200),
        ("BEARER   old-key ", 200),
        ("Bearer other", 401),
        ("Bearer", 401),
        ("Bearer ", 401),
        ("Bearernew-key", 401),
        ("Basic new-key", 401),
        ("new-key", 401),
        ("", 401),
    ] {
        let headers = [LOCAL, ("authorization", authorization)];
        assert_eq!(status(&locked, &headers).await, expected, "{authorization}");
    }
    assert_eq!(status(&locked, &[LOCAL]).await, 401);
    // With two headers, one could be checked here and the other used elsewhere.
    let two = [
        LOCAL,
        ("authorization", "Bearer new-key"),
        ("authorization", "Bearer new-key"),
    ];
    assert_eq!(status(&locked, &two).await, 401);
    let in_url = send(&locked, "GET", "/?key=new-key", &[LOCAL]).await;
    assert_eq!(in_url.status(), 401);
}

#[tokio::test]
async fn a_refusal_says_how_to_send_a_key_and_never_repeats_one() {
    let locked = locked();
    let response = send(&locked, "GET", "/", &[LOCAL]).await;
    let challenge = response.headers()["www-authenticate"].clone();
    assert!(challenge.to_str().unwrap().starts_with("Bearer"));
    assert_eq!(json(response).await["code"], "backend.key_required");
    let wrong = [LOCAL, ("authorization", "Bearer sesame")];
    let body = json(send(&locked, "GET", "/", &wrong).await).await;
    assert_eq!(body["code"], "backend.key_wrong");
    let text = body.to_string();
    assert!(text.contains("Authorization: Bearer KEY"), "{text}");
    assert!(!text.contains("sesame") && !text.contains("new-key"));
}

#[tokio::test]
async fn the_right_key_passes_under_any_name_but_not_from_a_foreign_page() {
    let locked = locked();
    let key = ("authorization", "Bearer new-key");
    assert_eq!(status(&locked, &[("host", "tool.svc"), key]).await, 200);
    let page = ("origin", "http://evil.example");
    assert_eq!(status(&locked, &[LOCAL, key, page]).await, 403);
    let proxied = [
        ("host", "tool.example"),
        ("origin", "https://tool.example"),
        key,
    ];
    assert_eq!(status(&locked, &proxied).await, 200);
}

#[tokio::test]
async fn exempt_paths_need_no_key_and_a_host_that_is_allowed() {
    let locked = locked();
    for (path, host, expected) in [
        ("/health", "10.1.2.3:80", 200),
        ("/health?x=1", "10.1.2.3:80", 200),
        ("/health", "evil.example", 403),
        ("/health/", "10.1.2.3:80", 401),
        ("//health", "10.1.2.3:80", 401),
        ("/HEALTH", "10.1.2.3:80", 401),
        ("/", "10.1.2.3:80", 401),
    ] {
        let response = send(&locked, "GET", path, &[("host", host)]).await;
        assert_eq!(response.status().as_u16(), expected, "{path} {host}");
    }
}

#[tokio::test]
async fn a_page_may_keep_the_key_in_a_cookie() {
    let page = locked().with_cookie("glassbox_key");
    for (cookie, expected) in [
        ("glassbox_key=new-key", 200),
        ("a=b; glassbox_key=old-key; c=d", 200),
        ("glassbox_key=other", 401),
        ("xglassbox_key=new-key", 401),
        ("glassbox_key", 401),
    ] {
        let headers = [LOCAL, ("cookie", cookie)];
        assert_eq!(status(&page, &headers).await, expected, "{cookie}");
    }
    let unasked = [LOCAL, ("cookie", "glassbox_key=new-key")];
    assert_eq!(status(&locked(), &unasked).await, 401);
}

#[tokio::test]
async fn a_preflight_needs_no_key() {
    let locked = locked();
    let asked = [
        LOCAL,
        ("origin", "http://localhost:3000"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization"),
    ];
    let response = send(&locked, "OPTIONS", "/", &asked).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let headers: &HeaderMap = response.headers();
    assert_eq!(headers["access-control-allow-headers"], "authorization");
    assert_eq!(
        headers["access-control-allow-origin"],
        "http://localhost:3000"
    );
    let foreign = [
        LOCAL,
        ("origin", "http://evil.example"),
        ("access-control-request-method", "POST"),
    ];
    let response = send(&locked, "OPTIONS", "/", &foreign).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn where_only_json_is_read_nothing_else_is_taken_for_it() {
    let strict = guard("127.0.0.1:1").with_json_only();
    let text = [LOCAL, ("content-type", "text/plain")];
    let response = send(&strict, "POST", "/", &text).await;
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let body = json(response).await;
    assert!(
        body["message"]
            .as_str()
            .unwrap()
            .contains("application/json")
    );
    assert_eq!(send(&strict, "POST", "/", &[LOCAL]).await.status(), 415);
    let json = [LOCAL, ("content-type", "application/json")];
    assert_eq!(send(&strict, "POST", "/", &json).await.status(), 200);
    assert_eq!(send(&strict, "GET", "/", &[LOCAL]).await.status(), 200);
}

#[tokio::test]
async fn otlp_clients_get_a_status_in_their_encoding() {
    let locked = locked();
    let protobuf = [LOCAL, ("content-type", "application/x-protobuf")];
    let response = send(&locked, "POST", "/v1/traces", &protobuf).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    // google.rpc.Status with code 16, UNAUTHENTICATED.
    assert_eq!(&bytes[..3], [0x08, 16, 0x12]);
    let json_type = [LOCAL, ("content-type", "application/json")];
    let response = send(&locked, "POST", "/v1/traces", &json_type).await;
    assert_eq!(json(response).await["code"], 16);
}

#[tokio::test]
async fn a_tonic_server_is_guarded_by_the_same_layer() {
    let locked = locked();
    let mut server = locked.layer().layer(tonic::service::Routes::default());
    let request = |key: Option<&str>| {
        let mut request = Request::builder()
            .method("POST")
            .uri("http://localhost/a.Service/Call")
            .header("content-type", "application/grpc");
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        request.body(tonic::body::Body::empty()).unwrap()
    };
    let refused = server.call(request(None)).await.unwrap();
    assert_eq!(refused.status(), StatusCode::OK);
    assert_eq!(refused.headers()["grpc-status"], "16");
    let passed = server.call(request(Some("new-key"))).await.unwrap();
    // UNIMPLEMENTED: it reached the server, which has no such service.
    assert_eq!(passed.headers()["grpc-status"], "12");
}
