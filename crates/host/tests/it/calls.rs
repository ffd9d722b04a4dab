//! Single calls, valid and invalid.

use crate::tools::{Probe, call, get, post, soon};
use glassbox_core::{Baggage, Blame, Category, Cx, Deadline, Decide, Problem};
use glassbox_host::{Host, HostSettings, Running, SystemClock};
use glassbox_instrument::HttpClient;
use glassbox_testkit::TelemetryCapture;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn served() -> Running {
    Host::tool(Probe::new("probe")).start().await.unwrap()
}

fn at(running: &Running, capability: &str) -> String {
    format!("{}/v1/capabilities/{capability}", running.endpoint())
}

async fn refused(running: &Running, capability: &str, input: &Value) -> (u16, Problem) {
    let response = post(&at(running, capability), input).await;
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn input_and_output_are_bare_json() {
    let running = served().await;
    let response = post(&at(&running, "echo"), &json!({"city": "Rome"})).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(
        response.json::<Value>().await.unwrap(),
        json!({"city": "Rome"})
    );
}

#[tokio::test]
async fn the_list_says_what_the_service_is_and_can() {
    let running = served().await;
    let list = get(&format!("{}/v1/capabilities", running.endpoint())).await;
    let list: Value = list.json().await.unwrap();
    assert_eq!(list["service"], "probe");
    assert_eq!(list["kind"], "tool");
    assert_eq!(list["instance"], running.instance());
    assert_eq!(list["capabilities"][0]["name"], "echo");
    assert_eq!(list["capabilities"][2]["timeout_ms"], 20);
}

#[tokio::test]
async fn a_tools_refusal_crosses_the_wire_whole() {
    let running = served().await;
    let (status, problem) = refused(&running, "fail", &json!({})).await;
    assert_eq!(status, 404);
    assert_eq!(problem.code(), "test.no_city");
    assert_eq!(problem.message(), "no city is called 'Atlantis'");
}

#[tokio::test]
async fn an_unknown_capability_is_told_the_known_ones() {
    let running = served().await;
    let (status, problem) = refused(&running, "fly", &json!({})).await;
    assert_eq!(status, 404);
    assert_eq!(
        problem.message(),
        "probe has no capability 'fly'; it has echo, wait, hang, panic, fail, flaky, charge, context, spend, picture, ask, begin"
    );
    assert_eq!(problem.details()["known"][0], "echo");
}

#[tokio::test]
async fn a_panic_is_answered_and_the_service_lives() {
    let running = served().await;
    let (status, problem) = refused(&running, "panic", &json!({})).await;
    assert_eq!(status, 500);
    assert_eq!(problem.code(), "call.panicked");
    assert!(!problem.message().contains("asked for it"), "{problem}");
    assert_eq!(post(&at(&running, "echo"), &json!(1)).await.status(), 200);
}

#[tokio::test]
async fn a_capability_has_its_own_time_and_what_it_started_is_cancelled() {
    let probe = Probe::new("probe");
    let seen = Arc::clone(&probe.seen);
    let running = Host::tool(probe).start().await.unwrap();
    let (status, problem) = refused(&running, "hang", &json!({})).await;
    assert_eq!(status, 504);
    assert_eq!(problem.message(), "hang did not answer within 20ms");
    assert_eq!(problem.blame(), Blame::Local);
    soon(seen.dropped.notified()).await;
    soon(seen.cancelled.notified()).await;
}

#[tokio::test]
async fn the_callers_deadline_is_sooner() {
    let running = served().await;
    let request = HttpClient::new()
        .post(&at(&running, "wait"))
        .json(&json!({}))
        .header("glassbox-timeout-ms", "15");
    let response = request.send(&Cx::background()).await.unwrap();
    assert_eq!(response.status(), 504);
    let problem: Problem = response.json().await.unwrap();
    assert_eq!(problem.blame(), Blame::Caller);
    assert_eq!(problem.category(), Category::Timeout);
}

#[tokio::test]
async fn a_caller_who_goes_away_cancels_the_call() {
    let probe = Probe::new("probe");
    let seen = Arc::clone(&probe.seen);
    let running = Host::tool(probe).start().await.unwrap();
    let url = at(&running, "wait");
    let caller = tokio::spawn(async move { post(&url, &json!({})).await });
    soon(seen.begun.notified()).await;
    caller.abort();
    soon(seen.dropped.notified()).await;
    soon(seen.cancelled.notified()).await;
}

#[tokio::test]
async fn what_the_caller_sends_along_reaches_the_tool() {
    let capture = TelemetryCapture::install();
    let running = served().await;
    let cx = call(0xb1)
        .with_baggage(Baggage::default().with("tenant", "acme"))
        .with_idempotency_key("order-7");
    let request = HttpClient::new().post(&at(&running, "context"));
    let response = request.json(&json!({})).send(&cx).await.unwrap();
    let seen: Value = response.json().await.unwrap();
    assert_eq!(seen["tenant"], "acme");
    assert_eq!(seen["key"], "order-7");

    crate::tools::until(async || capture.trace(0xb1).len() == 2).await;
    let spans = capture.trace(0xb1);
    let find = |name| spans.iter().find(|span| span.name() == name).unwrap();
    let server = find("POST /v1/capabilities/context");
    let client = find("POST");
    assert!(server.is_child_of(client));
    let context = server.context().to_traceparent();
    assert_eq!(seen["trace"], json!(context), "tasks that outlive the call");
    assert_eq!(seen["current"], json!(context), "the call itself");
    assert_eq!(server.text("http.route"), Some("/v1/capabilities/context"));
    assert_eq!(server.text("url.path"), Some("/v1/capabilities/context"));
    assert_eq!(server.text("client.address"), Some("127.0.0.1"));
    assert_eq!(server.int("http.response.status_code"), Some(200));
}

#[tokio::test]
async fn a_failure_names_its_trace() {
    TelemetryCapture::install();
    let running = served().await;
    let request = HttpClient::new().post(&at(&running, "fail"));
    let response = request.json(&json!({})).send(&call(0xb2)).await.unwrap();
    let problem: Problem = response.json().await.unwrap();
    assert_eq!(problem.trace_id(), Some(format!("{:032x}", 0xb2).as_str()));
}

#[tokio::test]
async fn one_call_too_many_is_turned_away_and_counted() {
    let capture = TelemetryCapture::install();
    let probe = Probe::new("probe");
    let seen = Arc::clone(&probe.seen);
    let mut settings = HostSettings::default();
    settings.concurrency = 1;
    let running = Host::tool(probe).settings(settings).start().await.unwrap();
    let url = at(&running, "wait");
    let first = tokio::spawn(async move { post(&url, &json!({})).await.status() });
    soon(seen.begun.notified()).await;
    let busy = post(&at(&running, "echo"), &json!({})).await;
    assert_eq!(busy.status(), 429);
    assert_eq!(busy.headers()["retry-after"], "1");
    let problem: Problem = busy.json().await.unwrap();
    assert_eq!(problem.code(), "service.busy");
    assert!(!problem.may_have_begun(), "it was turned away unheard");
    assert_eq!(problem.retry_after(), Some(Duration::from_secs(1)));
    let reason = [("glassbox.reason", "concurrency")];
    assert!(capture.counter("glassbox.host.rejections", &reason) >= 1);
    seen.release.notify_one();
    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(post(&at(&running, "echo"), &json!({})).await.status(), 200);
    let report = running.shutdown(Duration::from_secs(5)).await;
    assert_eq!((report.served(), report.rejected()), (2, 1));
}

#[tokio::test]
async fn every_wrong_request_has_the_one_error_body() {
    let mut settings = HostSettings::default();
    settings.body_limit = 64;
    let host = Host::tool(Probe::new("probe")).settings(settings);
    let running = host.start().await.unwrap();
    let client = HttpClient::new();
    let echo = at(&running, "echo");
    let json_type = ("content-type", "application/json");
    let cases = [
        (
            "POST",
            &echo,
            Some(json_type),
            "{\"a\": 1,\n \"b\"}",
            400,
            "request.invalid_json",
        ),
        ("POST", &echo, Some(json_type), "", 400, "request.empty"),
        ("POST", &echo, None, "{}", 415, "request.not_json"),
        (
            "POST",
            &echo,
            Some(("content-type", "text/plain")),
            "{}",
            415,
            "request.not_json",
        ),
        (
            "POST",
            &echo,
            Some(json_type),
            &" ".repeat(65),
            413,
            "request.too_large",
        ),
        ("GET", &echo, None, "", 405, "request.wrong_method"),
        (
            "GET",
            &format!("{}/nowhere", running.endpoint()),
            None,
            "",
            404,
            "request.unknown_path",
        ),
        (
            "POST",
            &format!("{}/health", running.endpoint()),
            None,
            "",
            405,
            "request.wrong_method",
        ),
    ];
    for (method, url, header, body, status, code) in cases {
        let method = method.parse().unwrap();
        let mut request = client.request(method, url).body(body.to_owned());
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let response = request.send(&Cx::background()).await.unwrap();
        assert_eq!(response.status(), status, "{code}");
        let problem: Problem = response.json().await.unwrap();
        assert_eq!(problem.code(), code);
        if code == "request.invalid_json" {
            assert_eq!(problem.details()["line"], 2);
            assert_eq!(problem.details()["column"], 5);
            assert!(problem.message().contains("line 2 column 5"), "{problem}");
        }
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let mut settings = HostSettings::default();
    settings.body_timeout = Duration::from_millis(20);
    let host = Host::tool(Probe::new("probe")).settings(settings);
    let running = host.start().await.unwrap();
    let mut connection = TcpStream::connect(running.address()).await.unwrap();
    let head = "POST /v1/capabilities/echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    soon(connection.read_exact(&mut answer)).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 408");
}

#[tokio::test]
async fn a_head_that_does_not_come_is_given_up() {
    let mut settings = HostSettings::default();
    settings.header_timeout = Duration::from_millis(20);
    let host = Host::tool(Probe::new("probe")).settings(settings);
    let running = host.start().await.unwrap();
    let mut connection = TcpStream::connect(running.address()).await.unwrap();
    connection
        .write_all(b"GET /health HTTP/1.1\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    soon(connection.read_to_end(&mut answer)).await.unwrap();
}

#[tokio::test]
async fn connections_past_the_limit_wait() {
    let mut settings = HostSettings::default();
    settings.connections = 1;
    let host = Host::tool(Probe::new("probe")).settings(settings);
    let running = host.start().await.unwrap();
    let first = TcpStream::connect(running.address()).await.unwrap();
    let health = format!("{}/health", running.endpoint());
    let mut second = tokio::spawn(async move { get(&health).await.status() });
    let early = tokio::time::timeout(Duration::from_millis(50), &mut second).await;
    assert!(early.is_err(), "the first connection holds the only place");
    drop(first);
    assert_eq!(soon(second).await.unwrap(), 200);
}

#[tokio::test]
async fn an_application_adds_its_own_routes() {
    let routes = axum::Router::new().route("/metrics", axum::routing::get(async || "up 1"));
    let host = Host::tool(Probe::new("probe")).with_routes(routes);
    let running = host.start().await.unwrap();
    let metrics = get(&format!("{}/metrics", running.endpoint())).await;
    assert_eq!(metrics.bytes().await.unwrap(), "up 1");
}

#[tokio::test]
async fn a_deadline_that_has_passed_is_answered_at_once() {
    let running = served().await;
    let passed = Deadline::after(&SystemClock, Duration::ZERO);
    let cx = Cx::background().with_deadline(passed);
    let request = HttpClient::new()
        .post(&at(&running, "wait"))
        .json(&json!({}));
    assert!(request.send(&cx).await.is_err(), "nothing is sent");
    let request = HttpClient::new()
        .post(&at(&running, "wait"))
        .json(&json!({}))
        .header("glassbox-timeout-ms", "0");
    let response = request.send(&Cx::background()).await.unwrap();
    assert_eq!(response.status(), 504);
}
