//! The server layer around services that are not ours.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use glassbox_core::{
    Cx,
    telemetry::{Span, SpanKind, Status},
};
use glassbox_instrument::{PeerAddress, Route, ServerLayer, ServerService};
use glassbox_testkit::{CapturedSpan, TelemetryCapture};
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use std::{convert::Infallible, future::pending};
use tower::{Layer, Service, util::ServiceFn};

/// A request of its own trace, so that tests in parallel tell their spans apart.
fn request(trace_id: u128, path: &str) -> Request<Empty<Bytes>> {
    Request::get(path)
        .header("traceparent", format!("00-{trace_id:032x}-{:016x}-01", 1))
        .body(Empty::new())
        .unwrap()
}

fn shown<F>(service: F) -> ServerService<ServiceFn<F>> {
    ServerLayer::new().layer(tower::service_fn(service))
}

fn only(capture: &TelemetryCapture, trace_id: u128) -> CapturedSpan {
    let spans = capture.trace(trace_id);
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans.into_iter().next().unwrap()
}

fn whole(status: StatusCode) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = Full::new(Bytes::from_static(b"whole"));
    Ok(Response::builder().status(status).body(body).unwrap())
}

#[tokio::test]
async fn a_request_is_one_server_span_with_what_a_sampler_needs() {
    let capture = TelemetryCapture::install();
    let mut service = shown(async |request: Request<Empty<Bytes>>| {
        let cx: &Cx = request.extensions().get().unwrap();
        assert_eq!(cx.trace(), &glassbox_core::telemetry::current());
        whole(StatusCode::OK)
    });
    let mut request = request(0xd1, "/cities/7?q=Rome&token=s3cret");
    let headers = request.headers_mut();
    headers.insert("host", "cities.test:8080".parse().unwrap());
    headers.insert("user-agent", "test/1".parse().unwrap());
    request.extensions_mut().insert(Route::new("/cities/{id}"));
    let peer = "192.0.2.7:4711".parse().unwrap();
    request.extensions_mut().insert(PeerAddress::new(peer));
    let response = service.call(request).await.unwrap();
    assert!(capture.trace(0xd1).is_empty(), "the body is still to come");
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "whole");

    let span = only(&capture, 0xd1);
    assert_eq!(span.name(), "GET /cities/{id}");
    assert_eq!(span.kind(), SpanKind::Server);
    assert_eq!(span.parent().span_id, 1);
    assert_eq!(span.status(), &Status::Unset);
    let text = |key| span.text(key).unwrap();
    assert_eq!(text("http.request.method"), "GET");
    assert_eq!(text("http.route"), "/cities/{id}");
    assert_eq!(text("url.scheme"), "http");
    assert_eq!(text("url.path"), "/cities/7");
    assert_eq!(text("url.query"), "q=Rome&token=REDACTED");
    assert_eq!(text("server.address"), "cities.test");
    assert_eq!(span.int("server.port"), Some(8080));
    assert_eq!(text("client.address"), "192.0.2.7");
    assert_eq!(text("network.peer.address"), "192.0.2.7");
    assert_eq!(text("network.protocol.version"), "1.1");
    assert_eq!(text("user_agent.original"), "test/1");
    assert_eq!(span.int("http.response.status_code"), Some(200));
    assert_eq!(span.text("error.type"), None);
}

#[tokio::test]
async fn both_metrics_have_the_labels_of_the_conventions_and_no_empty_ones() {
    let capture = TelemetryCapture::install();
    let route = "/metrics-of-the-layer";
    let mut service = shown(async |request: Request<Empty<Bytes>>| {
        whole(match request.uri().query() {
            Some(_) => StatusCode::BAD_GATEWAY,
            None => StatusCode::NOT_FOUND,
        })
    });
    for path in ["/a", "/a?fail"] {
        let mut request = request(0xd2, path);
        request.extensions_mut().insert(Route::new(route));
        let response = service.call(request).await.unwrap();
        let _ = response.into_body().collect().await.unwrap();
    }
    let series = capture.series("http.server.request.duration");
    let ours: Vec<_> = series
        .iter()
        .filter(|labels| labels.iter().any(|(_, value)| value == route))
        .map(|labels| {
            let mut labels = labels.clone();
            labels.sort();
            labels
        })
        .collect();
    let labels = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let owned = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into()));
        owned.collect()
    };
    assert_eq!(
        ours,
        [
            labels(&[
                ("http.request.method", "GET"),
                ("http.response.status_code", "404"),
                ("http.route", route),
                ("network.protocol.version", "1.1"),
                ("url.scheme", "http"),
            ]),
            labels(&[
                ("error.type", "502"),
                ("http.request.method", "GET"),
                ("http.response.status_code", "502"),
                ("http.route", route),
                ("network.protocol.version", "1.1"),
                ("url.scheme", "http"),
            ]),
        ]
    );
    let spans = capture.trace(0xd2);
    assert_eq!(spans[0].status(), &Status::Unset, "404 is the caller's");
    assert!(matches!(spans[1].status(), Status::Error(_)));
    assert_eq!(spans[1].text("error.type"), Some("502"));
    let descriptor = capture.descriptor("http.server.request.duration").unwrap();
    assert_eq!(descriptor.unit, "s");
    assert_eq!(
        descriptor.kind,
        glassbox_core::telemetry::Kind::Histogram(glassbox_semconv::v1_41::http::DURATION_BUCKETS)
    );
}

#[tokio::test]
async fn a_request_is_active_until_its_body_ends() {
    let capture = TelemetryCapture::install();
    let method = [("http.request.method", "PATCH")];
    let active = || capture.up_down_counter("http.server.active_requests", &method);
    let mut service = shown(async |_: Request<Empty<Bytes>>| whole(StatusCode::OK));
    let mut request = request(0xd3, "/");
    *request.method_mut() = Method::PATCH;
    let response = service.call(request).await.unwrap();
    assert_eq!(active(), 1);
    drop(response.into_body().collect().await.unwrap());
    assert_eq!(active(), 0);
}

#[tokio::test]
async fn an_unknown_method_is_other_and_a_path_is_no_route() {
    let capture = TelemetryCapture::install();
    let mut service = shown(async |_: Request<Empty<Bytes>>| whole(StatusCode::OK));
    let mut request = request(0xd4, "/etc/passwd");
    *request.method_mut() = Method::from_bytes(b"BREW").unwrap();
    drop(
        service
            .call(request)
            .await
            .unwrap()
            .into_body()
            .collect()
            .await,
    );
    let span = only(&capture, 0xd4);
    assert_eq!(span.name(), "HTTP");
    assert_eq!(span.text("http.request.method"), Some("_OTHER"));
    assert_eq!(span.text("http.request.method_original"), Some("BREW"));
    assert_eq!(span.text("http.route"), None);
}

#[tokio::test]
async fn a_router_inside_can_name_the_route() {
    let capture = TelemetryCapture::install();
    let mut service = shown(async |_: Request<Empty<Bytes>>| {
        let mut response = whole(StatusCode::OK)?;
        response.extensions_mut().insert(Route::new("/found"));
        Ok::<_, Infallible>(response)
    });
    let response = service.call(request(0xd5, "/x")).await.unwrap();
    drop(response.into_body().collect().await);
    let span = only(&capture, 0xd5);
    assert_eq!(span.name(), "GET /found");
    assert_eq!(span.text("http.route"), Some("/found"));
}

#[tokio::test]
async fn a_streamed_body_stays_in_the_trace() {
    let capture = TelemetryCapture::install();
    let mut service = shown(async |_: Request<Empty<Bytes>>| {
        let chunks = stream::iter(0..2).map(|n| {
            Span::start("chunk").end();
            Ok::<_, Infallible>(Frame::data(Bytes::from(vec![n; 3])))
        });
        Ok::<_, Infallible>(Response::new(StreamBody::new(chunks)))
    });
    let response = service.call(request(0xd6, "/")).await.unwrap();
    drop(response.into_body().collect().await.unwrap());
    let spans = capture.trace(0xd6);
    assert_eq!(spans.len(), 3);
    let server = &spans[2];
    assert!(spans[..2].iter().all(|chunk| chunk.is_child_of(server)));
    assert_eq!(server.text("error.type"), None);
}

#[tokio::test]
async fn who_goes_away_leaves_cancelled() {
    let capture = TelemetryCapture::install();
    let mut waits = shown(async |_: Request<Empty<Bytes>>| {
        pending::<()>().await;
        whole(StatusCode::OK)
    });
    drop(waits.call(request(0xd7, "/")));
    let span = only(&capture, 0xd7);
    assert_eq!(span.text("error.type"), Some("cancelled"));
    assert_eq!(span.int("http.response.status_code"), None);

    let mut streams = shown(async |_: Request<Empty<Bytes>>| {
        let chunks = stream::repeat_with(|| Ok::<_, Infallible>(Frame::data(Bytes::from("x"))));
        Ok::<_, Infallible>(Response::new(StreamBody::new(chunks)))
    });
    let response = streams.call(request(0xd8, "/")).await.unwrap();
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    let span = only(&capture, 0xd8);
    assert_eq!(span.text("error.type"), Some("cancelled"));
    assert_eq!(span.int("http.response.status_code"), Some(200));
}

#[tokio::test]
async fn a_body_that_is_not_sent_is_not_cut_short() {
    let capture = TelemetryCapture::install();
    let mut service = shown(async |_: Request<Empty<Bytes>>| whole(StatusCode::OK));
    let mut head = request(0xd9, "/");
    *head.method_mut() = Method::HEAD;
    drop(service.call(head).await.unwrap());
    assert_eq!(only(&capture, 0xd9).text("error.type"), None);
    let mut empty = shown(async |_: Request<Empty<Bytes>>| {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    drop(empty.call(request(0xda, "/")).await.unwrap());
    assert_eq!(only(&capture, 0xda).text("error.type"), None);
    // One frame, whose length was known: hyper does not ask for the end.
    let response = service.call(request(0xdb, "/")).await.unwrap();
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    assert_eq!(only(&capture, 0xdb).text("error.type"), None);
}

async fn panics(_: Request<Empty<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    panic!("the test asked for it")
}

#[tokio::test]
async fn a_panic_is_shown_and_goes_on() {
    let capture = TelemetryCapture::install();
    let mut service = shown(panics);
    let call = service.call(request(0xdc, "/"));
    let caught = tokio::spawn(call).await;
    assert!(caught.err().unwrap().is_panic());
    assert_eq!(only(&capture, 0xdc).text("error.type"), Some("panic"));
}

#[tokio::test]
async fn a_service_that_fails_is_shown() {
    let capture = TelemetryCapture::install();
    let mut service = shown(async |_: Request<Empty<Bytes>>| {
        Err::<Response<Full<Bytes>>, _>(std::io::Error::other("broken"))
    });
    assert!(service.call(request(0xdd, "/")).await.is_err());
    let span = only(&capture, 0xdd);
    assert_eq!(span.text("error.type"), Some("std::io::error::Error"));
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn axum_names_the_route_and_the_peer() {
    use axum::{Router, body::Body, extract::ConnectInfo, routing};
    let capture = TelemetryCapture::install();
    let mut app = Router::new()
        .route("/cities/{id}", routing::get(async || "Rome"))
        .layer(ServerLayer::new());
    for (trace_id, path) in [(0xde, "/cities/7"), (0xdf, "/nowhere")] {
        let mut request = request(trace_id, path).map(Body::new);
        let peer: std::net::SocketAddr = "192.0.2.7:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        drop(app.call(request).await.unwrap().into_body().collect().await);
    }
    let span = only(&capture, 0xde);
    assert_eq!(span.name(), "GET /cities/{id}");
    assert_eq!(span.text("http.route"), Some("/cities/{id}"));
    assert_eq!(span.text("client.address"), Some("192.0.2.7"));
    let span = only(&capture, 0xdf);
    assert_eq!(span.name(), "GET");
    assert_eq!(span.int("http.response.status_code"), Some(404));
}

#[tokio::test]
async fn the_address_of_the_server_is_without_brackets_and_its_port_is_known() {
    let capture = TelemetryCapture::install();
    for (trace_id, host, address, port) in [
        (0xf1, "[::1]:8080", "::1", 8080),
        (0xf2, "cities.test", "cities.test", 80),
    ] {
        let mut service = shown(async |_| whole(StatusCode::OK));
        let mut request = request(trace_id, "/");
        request.headers_mut().insert("host", host.parse().unwrap());
        drop(service.call(request).await.unwrap());
        let span = only(&capture, trace_id);
        assert_eq!(span.text("server.address"), Some(address));
        assert_eq!(span.int("server.port"), Some(port));
    }
}
