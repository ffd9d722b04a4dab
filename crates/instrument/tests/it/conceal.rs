//! A peer that echoes what it was sent, and errors, reveal no secret.

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode},
    routing,
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use glassbox_core::{Cx, sentence, telemetry::TraceContext};
use glassbox_instrument::{HttpClient, HttpError};
use glassbox_testkit::TelemetryCapture;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const KEY: &str = "sk-live/4711+abc=";
const ENCODED: &str = "sk-live%2F4711%2Babc%3D";

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// Answers with everything that it received.
fn echo() -> Router {
    let echo = |request: Request| async move {
        let key = request.headers()["authorization"].clone();
        let said = format!("{} {:?}", request.uri(), key.to_str().unwrap());
        let headers = [
            ("www-authenticate", key),
            ("x-other", "kept".parse().unwrap()),
        ];
        (StatusCode::UNAUTHORIZED, headers, said)
    };
    Router::new().fallback(routing::any(echo))
}

#[tokio::test]
async fn a_key_that_the_peer_echoes_is_in_no_header_and_no_body() {
    let server = serve(echo()).await;
    let url = format!("{server}/v1?key={ENCODED}&q=Rome");
    let response = HttpClient::new()
        .get(&url)
        .bearer(KEY)
        .send(&Cx::background())
        .await
        .unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["www-authenticate"], "Bearer REDACTED");
    assert_eq!(response.headers()["x-other"], "kept");
    let body = response.bytes().await.unwrap();
    assert_eq!(body, "/v1?key=REDACTED&q=Rome \"Bearer REDACTED\"");
}

#[tokio::test]
async fn a_key_that_comes_in_pieces_is_in_no_chunk() {
    let text = format!(
        "data: {{\"text\": \"{KEY} and {}\"}}\n\n",
        KEY.replace('/', "\\/")
    );
    let pieces = text.clone();
    let stream = routing::any(move || async move {
        let pieces: Vec<_> = pieces.bytes().map(|byte| Bytes::from(vec![byte])).collect();
        Body::from_stream(stream::iter(
            pieces.into_iter().map(Ok::<_, std::io::Error>),
        ))
    });
    let server = serve(Router::new().route("/", stream)).await;
    let client = HttpClient::builder().conceal(KEY).build();
    let response = client.get(&server).send(&Cx::background()).await.unwrap();
    let chunks: Vec<_> = StreamExt::collect(response.into_body()).await;
    let joined: Vec<u8> = chunks
        .into_iter()
        .flat_map(|chunk| chunk.unwrap().to_vec())
        .collect();
    let joined = String::from_utf8(joined).unwrap();
    assert_eq!(joined, "data: {\"text\": \"REDACTED and REDACTED\"}\n\n");
}

#[tokio::test]
async fn a_body_that_ends_with_the_beginning_of_a_key_is_whole() {
    let server = serve(Router::new().route("/", routing::any(|| async { &KEY[..9] }))).await;
    let request = HttpClient::new().get(&server).conceal(KEY);
    let body = request
        .send(&Cx::background())
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(body, &KEY[..9]);
}

#[tokio::test]
async fn json_that_is_not_what_was_expected_reveals_no_key() {
    let said = routing::any(|headers: HeaderMap| async move {
        format!("{:?}", headers["x-api-key"].to_str().unwrap())
    });
    let server = serve(Router::new().route("/", said)).await;
    let request = HttpClient::new()
        .get(&server)
        .secret_header("x-api-key", KEY);
    let response = request.send(&Cx::background()).await.unwrap();
    let error = response.json::<Vec<u8>>().await.unwrap_err();
    assert!(matches!(error, HttpError::Json { .. }));
    assert!(
        sentence(&error).contains("REDACTED"),
        "{}",
        sentence(&error)
    );
}

#[tokio::test]
async fn a_url_that_cannot_be_used_is_shown_without_its_secrets() {
    for url in [
        "ht tp://user:PASSWORD@x",
        "http://user:PASSWORD@:80/",
        "http://user:PASSWORD@x:99999/",
        "ftp://user:PASSWORD@x/",
        "user:PASSWORD@x",
        "PASSWORD:x@y",
        "http://x y/?token=PASSWORD",
        "sk-PASSWORD",
    ] {
        let request = HttpClient::new().get(url).conceal("sk-PASSWORD");
        assert!(!format!("{request:?}").contains("PASSWORD"), "{url}");
        let error = request.send(&Cx::background()).await.unwrap_err();
        let said = format!("{} {error:?} {}", sentence(&error), error.to_problem());
        assert!(!said.contains("PASSWORD"), "{said}");
    }
}

#[tokio::test]
async fn an_exchange_that_fails_reveals_no_secret_in_errors_and_spans() {
    let capture = TelemetryCapture::install();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream
                .write_all(b"HTTP/1.1 sk-secret-of-the-url\r\n\r\n")
                .await;
        }
    });
    let url = format!("http://me:sk-secret-of-the-url@{address}/bot/sk-secret-of-the-path/send");
    let mut trace = TraceContext::new(0xc0, 1, true);
    trace.remote = true;
    let request = HttpClient::new().get(&url).conceal("sk-secret-of-the-path");
    let error = request
        .send(&Cx::background().with_trace(trace))
        .await
        .unwrap_err();
    assert!(!format!("{error:?} {}", sentence(&error)).contains("sk-secret"));
    let spans = capture.trace(0xc0);
    assert_eq!(spans.len(), 1);
    let full = spans[0].text("url.full").unwrap();
    assert_eq!(
        full,
        format!("http://REDACTED:REDACTED@{address}/bot/REDACTED/send")
    );
    assert!(!format!("{:?}", spans[0]).contains("sk-secret"));
}

#[tokio::test]
async fn a_proxy_that_cannot_be_used_reveals_no_password() {
    for proxy in [
        "http://user:PASSWORD@ x",
        "http://user:PASSWORD@127.0.0.1:1",
        "socks9://user:PASSWORD@x",
    ] {
        let proxies = |name: &str| (name == "http_proxy").then(|| proxy.to_owned());
        let client = HttpClient::builder().proxies_from(proxies).build();
        let error = client
            .get("http://example.com/")
            .send(&Cx::background())
            .await
            .unwrap_err();
        let said = format!("{error:?} {}", sentence(&error));
        assert!(!said.contains("PASSWORD"), "{said}");
    }
}
