//! OTLP/gRPC.
//!
//! The three unary methods are routes of an HTTP/2 server. The message is read here, not by a generated
//! service, for three reasons: the bytes are charged to the budget as they arrive, the consumer gets them
//! as they were sent, and a message that is too large is answered with `RESOURCE_EXHAUSTED`; the usual
//! `OUT_OF_RANGE` would make OTLP clients send it again.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use tonic::Code;

use super::Receiver;
use super::answer::response;
use super::body::Framing;
use super::inflate::Encoding;
use super::media::Media;
use super::problem::Problem;
use crate::{Accepted, Signal};

const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

pub(super) fn router(receiver: &Receiver) -> Router {
    Signal::ALL
        .into_iter()
        .fold(Router::new(), |router, signal| {
            let receiver = receiver.clone();
            let export = async move |request: Request| receiver.export_grpc(signal, request).await;
            router.route(signal.grpc_path(), post(export))
        })
}

/// Returns whether the headers are those of a gRPC call.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return false;
    };
    match value.as_bytes().strip_prefix(b"application/grpc") {
        Some(rest) => matches!(rest.first(), None | Some(b'+' | b';')),
        None => false,
    }
}

impl Receiver {
    async fn export_grpc(&self, signal: Signal, request: Request) -> Response {
        if !is_grpc(request.headers()) {
            let problem = Problem::content_type();
            self.shared.stats.count_refused(problem.reason());
            return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
        }
        let encoding = match request.headers().get(GRPC_ENCODING) {
            None => "",
            Some(name) => name.to_str().unwrap_or("?"),
        };
        let Some(encoding) = Encoding::parse(encoding) else {
            let problem = Problem::encoding(encoding, Code::Unimplemented);
            self.shared.stats.count_refused(problem.reason());
            return problem.into_grpc();
        };
        let body = request.into_body();
        match self
            .export(signal, Media::Protobuf, encoding, Framing::Grpc, body)
            .await
        {
            Ok(accepted) => success(signal, &accepted),
            Err(problem) => problem.into_grpc(),
        }
    }
}

fn success(signal: Signal, accepted: &Accepted) -> Response {
    let message = response(signal, accepted, Media::Protobuf);
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).expect("invariant: responses are trimmed"));
    frame.put_slice(&message);
    let body = Full::new(Bytes::from(frame)).with_trailers(std::future::ready(Some(Ok(
        HeaderMap::from_iter([(GRPC_STATUS, HeaderValue::from_static("0"))]),
    ))));
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(
        GRPC_ACCEPT_ENCODING,
        HeaderValue::from_static(Encoding::NAMES),
    );
    response
}
