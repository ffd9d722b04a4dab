//! OTLP over HTTP/1.1 with protobuf.

use super::{Answer, ExportError, compress::compress, error::brief};
use crate::{
    InitError,
    config::{Compression, Target},
};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client as HyperClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::time::Duration;

#[cfg(feature = "tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "tls"))]
type Connector = HttpConnector;

/// The maximum number of bytes that are read of a response.
const MAX_ANSWER: usize = 64 * 1024;

/// Posts to one endpoint. Reuses connections, and uses no proxy.
#[derive(Debug)]
pub(super) struct Client {
    hyper: HyperClient<Connector, Full<Bytes>>,
    target: Target,
}

impl Client {
    pub(super) fn new(target: Target) -> Result<Self, InitError> {
        Ok(Self {
            hyper: HyperClient::builder(TokioExecutor::new())
                .pool_idle_timeout(Duration::from_secs(60))
                .pool_max_idle_per_host(1)
                .build(connector(&target)?),
            target,
        })
    }

    pub(super) fn encode(&self, body: &Bytes) -> Result<Bytes, ExportError> {
        compress(body, self.target.compression)
    }

    pub(super) async fn send(&self, body: Bytes) -> Result<Answer, ExportError> {
        let response = self
            .hyper
            .request(self.request(body))
            .await
            .map_err(|error| ExportError::Unreachable(error.into()))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        if head.status.is_success() {
            // The status shows that it was accepted. An unreadable body can only hide a partial success.
            return Ok(
                body.map_or_else(|_| Answer::default(), |body| Answer::read(&body.to_bytes()))
            );
        }
        let body = body.map(|body| body.to_bytes()).unwrap_or_default();
        Err(ExportError::Refused {
            status: head.status.to_string(),
            message: message(&body),
            retry_after: may_retry(head.status)
                .then(|| retry_after(head.headers.get(header::RETRY_AFTER))),
        })
    }

    fn request(&self, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.target.uri.clone();
        let headers = request.headers_mut();
        headers.clone_from(&self.target.headers);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-protobuf"),
        );
        headers
            .entry(header::USER_AGENT)
            .or_insert(HeaderValue::from_static(super::USER_AGENT));
        let encoding = match self.target.compression {
            Compression::None => return request,
            other => HeaderValue::from_static(other.as_str()),
        };
        headers.insert(header::CONTENT_ENCODING, encoding);
        request
    }
}

#[cfg(not(feature = "tls"))]
fn connector(_: &Target) -> Result<Connector, InitError> {
    Ok(tcp())
}

/// Reads certificates only for an endpoint that needs them.
#[cfg(feature = "tls")]
fn connector(target: &Target) -> Result<Connector, InitError> {
    let config = match target.uri.scheme_str() {
        Some("https") => {
            super::tls::client_config(target.certificate.as_deref(), target.identity.as_ref())?
        }
        _ => super::tls::empty_config()?,
    };
    Ok(hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp()))
}

fn tcp() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.enforce_http(false);
    connector
}

/// These four, by the OTLP specification.
const fn may_retry(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// The wait in seconds. A date counts as zero, so that the back-off applies.
fn retry_after(header: Option<&HeaderValue>) -> Duration {
    let seconds = header.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    seconds.map_or(Duration::ZERO, Duration::from_secs)
}

/// The message of a `google.rpc.Status` in protobuf, or the text that a proxy wrote.
fn message(body: &[u8]) -> String {
    #[derive(Clone, PartialEq, prost::Message)]
    struct Status {
        #[prost(string, tag = "2")]
        message: String,
    }
    let text = match <Status as prost::Message>::decode(body) {
        Ok(status) if !status.message.is_empty() => status.message,
        _ => String::from_utf8_lossy(body).into_owned(),
    };
    brief(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::error::MAX_MESSAGE;

    #[test]
    fn only_the_four_statuses_of_the_specification_are_tried_again() {
        let tried: Vec<u16> = (400..600)
            .filter(|code| may_retry(StatusCode::from_u16(*code).unwrap()))
            .collect();
        assert_eq!(tried, [429, 502, 503, 504]);
    }

    #[test]
    fn the_wait_that_the_backend_asks_for_is_read() {
        let header = HeaderValue::from_static("7");
        assert_eq!(retry_after(Some(&header)), Duration::from_secs(7));
        let date = HeaderValue::from_static("Wed, 21 Oct 2026 07:28:00 GMT");
        assert_eq!(retry_after(Some(&date)), Duration::ZERO);
        assert_eq!(retry_after(None), Duration::ZERO);
    }

    #[test]
    fn a_refusal_is_kept_in_one_short_line() {
        let long = "x".repeat(1000);
        assert_eq!(message(long.as_bytes()).len(), MAX_MESSAGE);
        assert_eq!(message(b"<html>\nno\n</html>"), "<html>");
        // google.rpc.Status { message: "bad" }
        assert_eq!(message(&[0x12, 3, b'b', b'a', b'd']), "bad");
    }
}
