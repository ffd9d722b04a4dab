//! Keys: what needs one, what is open, and how a browser logs in.

use glassbox_collector::{Backend, Keys, Listen, StartError};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;
use tonic::Code;
use tonic::transport::Endpoint;

use crate::client::{get, get_json, send};
use crate::records::{now, span, traces};
use crate::{config, stop};

const KEY: &str = "correct-horse-battery";
const BEARER: (&str, &str) = ("Authorization", "Bearer correct-horse-battery");
const PROTOBUF: (&str, &str) = ("Content-Type", "application/x-protobuf");
const BROWSER: (&str, &str) = ("Accept", "text/html,application/xhtml+xml");

async fn locked(folder: &std::path::Path) -> Backend {
    let keys = Keys::try_new([KEY]).unwrap();
    Backend::start(config(folder).key(keys)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_nothing_is_received_or_read_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let backend = locked(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let request = traces("agent", vec![span(1, 1, 0, "a", now())]).encode_to_vec();
    let wrong = ("Authorization", "Bearer wrong");
    for headers in [vec![PROTOBUF], vec![PROTOBUF, wrong]] {
        let answer = send("POST", http, "/v1/traces", &headers, &request).await;
        assert_eq!(answer.status, 401);
        // A google.rpc.Status: UNAUTHENTICATED is 16.
        assert_eq!(&answer.body[..2], [0x08, 16]);
    }
    for path in [
        "/api/status",
        "/api/otel/traces",
        "/api/logs/stream",
        "/",
        "/assets/js/main.js",
    ] {
        let answer = get(page, path).await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(
            answer.header("www-authenticate").map(|value| &value[..6]),
            Some("Bearer")
        );
        assert!(!String::from_utf8_lossy(&answer.body).contains(KEY));
    }
    for path in ["/health", "/ready"] {
        assert_eq!(get(page, path).await.status, 200, "{path}");
    }
    let answer = send("POST", http, "/v1/traces", &[PROTOBUF, BEARER], &request).await;
    assert_eq!(answer.status, 200);
    let listed = send("GET", page, "/api/otel/traces", &[BEARER], &[]).await;
    assert_eq!(listed.json()["total"], 1);
    let status = send("GET", page, "/api/status", &[BEARER], &[]).await;
    assert!(!String::from_utf8_lossy(&status.body).contains(KEY));
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_required_over_grpc_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let backend = locked(folder.path()).await;
    let endpoint = Endpoint::from_shared(backend.endpoints().grpc().to_owned()).unwrap();
    let mut client = TraceServiceClient::new(endpoint.connect().await.unwrap());
    let request = || traces("agent", vec![span(1, 1, 0, "a", now())]);
    let refused = client.export(request()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let mut with_key = tonic::Request::new(request());
    let value = format!("Bearer {KEY}").parse().unwrap();
    with_key.metadata_mut().insert("authorization", value);
    client.export(with_key).await.unwrap();
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_logs_in_with_a_form_and_gets_a_cookie_that_is_not_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let backend = locked(folder.path()).await;
    let page = backend.endpoints().page();
    let shown = send("GET", page, "/runs/1?q=a", &[BROWSER], &[]).await;
    assert_eq!(shown.status, 401);
    let text = String::from_utf8(shown.body).unwrap();
    assert!(text.contains("action=\"/login\""), "{text}");
    assert!(text.contains("value=\"/runs/1?q=a\""), "{text}");
    for open in ["/assets/app.css", "/assets/favicon.svg"] {
        assert_eq!(get(page, open).await.status, 200, "{open}");
    }
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let own = ("Origin", page);
    let wrong = send(
        "POST",
        page,
        "/login",
        &[form, own],
        b"key=wrong&next=/logs",
    )
    .await;
    assert_eq!(wrong.status, 401);
    assert_eq!(wrong.header("set-cookie"), None);
    let right = format!("key={KEY}&next=%2Flogs");
    let foreign = ("Origin", "http://evil.example");
    let refused = send("POST", page, "/login", &[form, foreign], right.as_bytes()).await;
    assert_eq!((refused.status, refused.header("set-cookie")), (401, None));
    let entered = send("POST", page, "/login", &[form, own], right.as_bytes()).await;
    assert_eq!(
        (entered.status, entered.header("location")),
        (303, Some("/logs"))
    );
    let cookie = entered.header("set-cookie").unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    assert!(!cookie.contains(KEY), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    for path in ["/logs", "/api/status", "/assets/js/main.js"] {
        let answer = send("GET", page, path, &[("Cookie", cookie)], &[]).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_loopback_the_error_names_both_ways_out() {
    let folder = tempfile::tempdir().unwrap();
    let open: Listen = "0.0.0.0:0".parse().unwrap();
    let error = Backend::start(config(folder.path()).page(open))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            StartError::Exposed {
                setting: "page",
                ..
            }
        ),
        "{error:?}"
    );
    let message = error.to_string();
    assert!(message.contains("GLASSBOX_COLLECTOR_KEY"), "{message}");
    assert!(message.contains("--allow-anonymous"), "{message}");

    let keys = folder.path().join("keys");
    std::fs::write(&keys, format!("{KEY}\n")).unwrap();
    let mut with_file = config(&folder.path().join("data")).page(open);
    with_file.key_file = Some(keys);
    let backend = Backend::start(with_file).await.unwrap();
    let page = backend.endpoints().page();
    assert_eq!(get(page, "/api/status").await.status, 401);
    let status = send("GET", page, "/api/status", &[BEARER], &[])
        .await
        .json();
    assert_eq!(status["notes"], serde_json::json!([]));
    stop(backend).await;

    let anonymous = config(&folder.path().join("data"))
        .page(open)
        .allow_anonymous(true);
    let backend = Backend::start(anonymous).await.unwrap();
    let status = get_json(backend.endpoints().page(), "/api/status").await;
    assert!(status["notes"][0].as_str().unwrap().starts_with("WARNING"));
    stop(backend).await;
}

#[test]
fn keys_are_never_shown_with_the_settings() {
    let mut config = glassbox_collector::BackendConfig::default();
    config.key = Keys::try_new([KEY]).unwrap();
    let shown = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
    assert!(!shown.contains(KEY), "{shown}");
}
