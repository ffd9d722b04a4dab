//! The client against real servers on loopback.

use axum::{Router, body::Body, http::HeaderMap, routing};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use glassbox_core::{
    Blame, CancellationSource, Cancelled, Cx, Deadline, Decide, Retry, telemetry::TraceContext,
};
use glassbox_instrument::{HttpClient, HttpError, SystemClock};
use glassbox_testkit::{CapturedSpan, TelemetryCapture};
use std::{error::Error, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Serves `router` on loopback until the test's runtime ends.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A call of its own trace, so that tests in parallel tell their spans apart.
fn call(trace_id: u128) -> Cx {
    let mut trace = TraceContext::new(trace_id, 1, true);
    trace.remote = true;
    Cx::background().with_trace(trace)
}

fn only(capture: &TelemetryCapture, trace_id: u128) -> CapturedSpan {
    let spans = capture.trace(trace_id);
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans.into_iter().next().unwrap()
}

fn attribute(span: &CapturedSpan, key: &str) -> Option<String> {
    let number = span.int(key).map(|number| number.to_string());
    span.text(key).map(str::to_owned).or(number)
}

#[tokio::test]
async fn a_request_is_one_span_and_the_trace_goes_along() {
    let capture = TelemetryCapture::install();
    let echo = routing::post(|headers: HeaderMap, body: Bytes| async move {
        format!("{:?} {}", headers["traceparent"], body.len())
    });
    let server = serve(Router::new().route("/v1/{name}", echo)).await;

    let response = HttpClient::new()
        .post(&format!("{server}/v1/a?token=s3cret"))
        .template("/v1/{name}")
        .json(&[1, 2, 3])
        .resend_count(2)
        .send(&call(0xa1))
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let text = response.bytes().await.unwrap();

    let span = only(&capture, 0xa1);
    assert_eq!(span.name(), "POST /v1/{name}");
    assert_eq!(span.parent().span_id, 1);
    let sent = span.context().to_traceparent().unwrap();
    assert_eq!(text, format!("\"{sent}\" 7"));
    assert_eq!(attribute(&span, "server.address").unwrap(), "127.0.0.1");
    assert_eq!(attribute(&span, "http.request.method").unwrap(), "POST");
    assert_eq!(attribute(&span, "url.template").unwrap(), "/v1/{name}");
    assert_eq!(
        attribute(&span, "url.full").unwrap(),
        format!("{server}/v1/a?token=REDACTED")
    );
    assert_eq!(attribute(&span, "http.request.resend_count").unwrap(), "2");
    assert_eq!(
        attribute(&span, "http.response.status_code").unwrap(),
        "200"
    );
    assert_eq!(attribute(&span, "network.protocol.version").unwrap(), "1.1");
    assert_eq!(attribute(&span, "error.type"), None);

    let port = server.rsplit(':').next().unwrap();
    let labels = [("server.port", port), ("http.response.status_code", "200")];
    let took = capture.histogram("http.client.request.duration", &labels);
    assert_eq!(took.len(), 1);
    let descriptor = capture.descriptor("http.client.request.duration").unwrap();
    assert_eq!(descriptor.unit, "s");
}

#[tokio::test]
async fn a_status_of_400_is_an_answer_and_an_error_on_the_span() {
    let capture = TelemetryCapture::install();
    let server = serve(Router::new()).await;
    let client = HttpClient::new();
    let response = client.get(&server).send(&call(0xa2)).await.unwrap();
    assert_eq!(response.status(), 404);
    drop(response);
    let span = only(&capture, 0xa2);
    assert_eq!(span.name(), "GET");
    assert_eq!(attribute(&span, "error.type").unwrap(), "404");
    let port = server.rsplit(':').next().unwrap();
    let labels = [("server.port", port), ("error.type", "404")];
    let took = capture.histogram("http.client.request.duration", &labels);
    assert_eq!(took.len(), 1);
}

#[tokio::test]
async fn the_span_ends_with_a_streamed_body() {
    let capture = TelemetryCapture::install();
    let (send, receive) = tokio::sync::mpsc::channel::<&'static str>(1);
    let body = stream::unfold(receive, |mut receive| async move {
        let chunk = receive.recv().await?;
        Some((Ok::<_, std::io::Error>(Bytes::from(chunk)), receive))
    });
    let body = Arc::new(std::sync::Mutex::new(Some(Body::from_stream(body))));
    let route = routing::get(move || {
        let body = body.lock().unwrap().take().unwrap();
        async move { body }
    });
    let server = serve(Router::new().route("/", route)).await;

    let client = HttpClient::new();
    let response = client.get(&server).send(&call(0xa3)).await.unwrap();
    let mut body = response.into_body();
    send.send("one").await.unwrap();
    assert_eq!(body.next().await.unwrap().unwrap(), "one");
    assert!(capture.trace(0xa3).is_empty(), "the body goes on");
    send.send("two").await.unwrap();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "two");
    drop(send);
    assert!(body.chunk().await.unwrap().is_none());
    let span = only(&capture, 0xa3);
    assert_eq!(attribute(&span, "error.type"), None);
    assert!(body.chunk().await.unwrap().is_none(), "the end stays");
}

#[tokio::test]
async fn a_refused_connection_is_the_peers_failure_and_nothing_was_sent() {
    let capture = TelemetryCapture::install();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = HttpClient::new();
    let error = client
        .get(&format!("http://{address}/"))
        .send(&call(0xa4))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), format!("connect to {address}"));
    assert!(!error.was_sent());
    assert_eq!(
        (error.blame(), error.retry()),
        (Blame::Peer, Retry::Backoff)
    );
    assert!(error.source().is_some());
    assert!(
        error.to_problem().message().contains("Connection refused"),
        "{}",
        error.to_problem()
    );
    let span = only(&capture, 0xa4);
    assert_eq!(attribute(&span, "error.type").unwrap(), "connect");
    assert_eq!(attribute(&span, "http.response.status_code"), None);
}

/// Takes connections and never answers.
async fn silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            held.push(connection);
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn the_callers_deadline_is_the_callers_and_the_peers_silence_the_peers() {
    let server = silent().await;
    let client = HttpClient::new();
    let soon = Deadline::after(&SystemClock, Duration::from_millis(20));
    let cx = call(0xa5).with_deadline(soon);
    let late = client.get(&server).send(&cx).await.unwrap_err();
    assert!(matches!(late, HttpError::Deadline { .. }), "{late}");
    assert_eq!((late.blame(), late.retry()), (Blame::Caller, Retry::Never));

    let passed = client.get(&server).send(&cx).await.unwrap_err();
    assert!(matches!(passed, HttpError::Deadline { .. }), "{passed}");

    let slow = client.get(&server).timeout(Duration::from_millis(20));
    let slow = slow.send(&call(0xa6)).await.unwrap_err();
    assert!(matches!(slow, HttpError::Timeout { .. }), "{slow}");
    assert_eq!((slow.blame(), slow.retry()), (Blame::Peer, Retry::Backoff));
}

struct Gone;

impl CancellationSource for Gone {
    fn cancelled(&self) -> Cancelled<'_> {
        Box::pin(async { tokio::task::yield_now().await })
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn a_cancelled_call_ends_and_a_dropped_one_says_so() {
    let capture = TelemetryCapture::install();
    let server = silent().await;
    let client = HttpClient::new();
    let cx = call(0xa7).with_cancellation(Arc::new(Gone));
    let error = client.get(&server).send(&cx).await.unwrap_err();
    assert!(matches!(error, HttpError::Cancelled { .. }), "{error}");

    let cx = call(0xa8);
    let send = client.get(&server).send(&cx);
    tokio::time::timeout(Duration::from_millis(20), send)
        .await
        .unwrap_err();
    let span = only(&capture, 0xa8);
    assert_eq!(attribute(&span, "error.type").unwrap(), "cancelled");
}

#[tokio::test]
async fn a_body_that_pauses_breaks_off_or_is_too_large_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let read = connection.read(&mut request).await.unwrap();
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
            connection.write_all(head.as_bytes()).await.unwrap();
            if request[..read].starts_with(b"GET /pause") {
                held.push(connection);
            }
        }
    });
    let client = HttpClient::builder().body_limit(9).build();
    let read = async |path: &str, trace| {
        let request = client.get(&format!("{server}{path}"));
        let request = request.idle_timeout(Duration::from_millis(20));
        request.send(&call(trace)).await.unwrap().into_body()
    };
    let paused = read("/pause", 0xa9).await.collect(10).await.unwrap_err();
    assert!(matches!(paused, HttpError::Timeout { .. }), "{paused}");
    let broken = read("/break", 0xaa).await.collect(10).await.unwrap_err();
    assert!(matches!(broken, HttpError::Body { .. }), "{broken}");
    let large = client.get(&server).send(&call(0xab)).await.unwrap();
    let large = large.bytes().await.unwrap_err();
    assert_eq!(
        large.to_string(),
        format!(
            "read the answer of {}: it is larger than 9 bytes",
            &server[7..]
        )
    );
}

#[tokio::test]
async fn loopback_never_goes_through_a_proxy() {
    let proxied = serve(Router::new().fallback(|| async { "proxy" })).await;
    let server = serve(Router::new().fallback(|| async { "direct" })).await;
    let client = HttpClient::builder()
        .proxies_from(|name| (name == "http_proxy").then(|| proxied.clone()))
        .build();
    let direct = client.get(&server).send(&call(0xac)).await.unwrap();
    assert_eq!(direct.bytes().await.unwrap(), "direct");
    let far = client.get("http://example.invalid/");
    let far = far.send(&call(0xad)).await.unwrap();
    assert_eq!(far.bytes().await.unwrap(), "proxy");
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let away = routing::get(|| async { axum::response::Redirect::to("/elsewhere") });
    let server = serve(Router::new().route("/", away)).await;
    let response = HttpClient::new().get(&server).send(&call(0xae)).await;
    assert_eq!(response.unwrap().status(), 303);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_before_anything_is_sent() {
    let client = HttpClient::new();
    let ftp = client.get("ftp://host/a").send(&Cx::background()).await;
    let ftp = ftp.unwrap_err();
    assert_eq!(
        ftp.to_problem().message(),
        "failed to make the request to 'ftp://host/a': 'ftp:' is not HTTP; use http:// or https://"
    );
    let header = client.get("http://127.0.0.1:1/").header("a b", "c");
    let header = header.send(&Cx::background()).await.unwrap_err();
    assert!(matches!(header, HttpError::Request { .. }));
}

#[tokio::test]
async fn https_is_tried_with_tls_and_fails_against_a_plain_server() {
    let server = serve(Router::new()).await.replace("http:", "https:");
    let error = HttpClient::new().get(&server).send(&call(0xaf)).await;
    let error = error.unwrap_err();
    assert!(matches!(error, HttpError::Connect { .. }), "{error}");
}

#[test]
fn everything_can_go_to_another_thread() {
    fn assert_send<T: Send>(_: &T) {}
    let client = HttpClient::new();
    assert_send(&client.get("http://127.0.0.1:1").send(&Cx::background()));
    fn assert_body<T: Send + Unpin>() {}
    assert_body::<glassbox_instrument::HttpBody>();
}

#[tokio::test]
async fn an_ipv6_address_is_shown_without_brackets() {
    let capture = TelemetryCapture::install();
    // Nobody listens there, which is as good as an answer.
    let nobody = HttpClient::new()
        .get("http://[::1]:1/")
        .send(&call(0xe9))
        .await;
    nobody.unwrap_err();
    let span = only(&capture, 0xe9);
    assert_eq!(span.text("server.address"), Some("::1"));
    assert_eq!(span.text("url.full"), Some("http://[::1]:1/"));
    let labels = [("server.address", "::1"), ("server.port", "1")];
    let durations = capture.histogram("http.client.request.duration", &labels);
    assert_eq!(durations.len(), 1);
}
