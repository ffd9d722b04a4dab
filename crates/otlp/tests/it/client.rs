//! A client without a socket that sends exactly what a test specifies.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request as HttpRequest, StatusCode};
use glassbox_otlp::proto::Message;
use glassbox_otlp::{Receiver, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use tonic_types::pb;
use tower::ServiceExt;

pub(crate) const PROTOBUF: &str = "application/x-protobuf";
pub(crate) const JSON: &str = "application/json";

/// The response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), JSON);
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn rpc_status(&self) -> pb::Status {
        assert_eq!(self.header("content-type"), PROTOBUF);
        pb::Status::decode(&*self.body).unwrap()
    }
}

pub(crate) async fn send(router: Router, request: HttpRequest<Body>) -> Answer {
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

pub(crate) async fn post(
    receiver: &Receiver,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = HttpRequest::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(receiver.router(), request.body(body.into()).unwrap()).await
}

pub(crate) async fn post_protobuf(receiver: &Receiver, request: &Request) -> Answer {
    let path = request.signal().http_path();
    post(
        receiver,
        path,
        &[("content-type", PROTOBUF)],
        request.to_protobuf(),
    )
    .await
}

pub(crate) async fn post_json(receiver: &Receiver, path: &str, body: impl Into<Body>) -> Answer {
    post(receiver, path, &[("content-type", JSON)], body).await
}
