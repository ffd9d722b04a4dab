//! Restricts browser access to loopback names and loopback pages.
//!
//! A page on the internet can make a browser send requests to loopback, and with DNS rebinding even
//! read the responses. Such requests have a foreign `Origin` or `Host`, so both are checked first on
//! every HTTP port of the backend. A collector on the OTLP ports checks neither.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use glassbox_core::{Category, Problem};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

/// The check of one listener.
#[derive(Debug)]
pub(crate) struct Guard {
    bound: SocketAddr,
    allowed: Vec<String>,
}

impl Guard {
    /// Creates the check for a listener at `bound`; `allowed` are additional host names.
    pub(crate) fn new(bound: SocketAddr, allowed: &[String]) -> Arc<Self> {
        let allowed = allowed
            .iter()
            .map(|host| host.to_ascii_lowercase())
            .collect();
        Arc::new(Self { bound, allowed })
    }

    /// Returns whether a `Host` is allowed.
    fn is_host_allowed(&self, authority: &str) -> bool {
        let Some(host) = host_of(authority) else {
            return false;
        };
        if is_loopback(&host) || self.allowed.contains(&host) {
            return true;
        }
        // Only names can be rebound, not addresses.
        host.parse::<IpAddr>().is_ok_and(|ip| {
            self.bound.ip() == ip || (self.bound.ip().is_unspecified() && !ip.is_unspecified())
        })
    }

    /// Returns whether pages of `origin` may call an allowed `host`.
    fn is_origin_allowed(&self, origin: &str, authority: &str) -> bool {
        is_loopback_origin(origin)
            || origin
                .split_once("://")
                .is_some_and(|(_, own)| own == authority)
    }
}

/// Checks a request, answers preflights, and adds CORS headers for loopback pages.
pub(crate) async fn check(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(authority) = authority(request.headers(), request.uri()) else {
        return refuse(&request, "host", "the request has no host", "");
    };
    if !guard.is_host_allowed(&authority) {
        let message = "this backend answers to loopback names and the addresses it listens on; \
                       add the name to collector.allowed_hosts to allow it";
        return refuse(&request, "host", message, &authority);
    }
    let Some(origin) = request.headers().get(ORIGIN).cloned() else {
        return next.run(request).await;
    };
    let text = origin.to_str().unwrap_or_default();
    if !guard.is_origin_allowed(text, &authority) {
        let message = "only pages served from loopback may call this backend";
        return refuse(&request, "origin", message, text);
    }
    let cross = is_loopback_origin(text);
    let is_preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if is_preflight {
        preflight(request.headers())
    } else {
        next.run(request).await
    };
    if cross {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("Retry-After"),
        );
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    response
}

fn preflight(asked: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    let methods = HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS");
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    if asked.contains_key("access-control-request-private-network") {
        let name = "access-control-allow-private-network";
        headers.insert(name, HeaderValue::from_static("true"));
    }
    headers.append(
        VARY,
        HeaderValue::from_static("Access-Control-Request-Headers"),
    );
    response
}

/// Returns the authority that the request is for: HTTP/1 says it in `Host`, HTTP/2 in the URI.
fn authority(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => Some(host.to_str().ok()?.to_ascii_lowercase()),
        (None, _) => Some(uri.authority()?.as_str().to_ascii_lowercase()),
        // With two hosts an attacker could have one checked and the other used.
        (Some(_), Some(_)) => None,
    }
}

/// Removes the port from an authority.
fn host_of(authority: &str) -> Option<String> {
    let authority: http::uri::Authority = authority.parse().ok()?;
    if authority.as_str().contains('@') {
        return None;
    }
    let host = authority.host();
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    Some(host.trim_end_matches('.').to_ascii_lowercase())
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_loopback_origin(origin: &str) -> bool {
    let host = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    host.and_then(host_of)
        .is_some_and(|host| is_loopback(&host))
}

/// Answers 403 in the form that the port speaks: OTLP clients expect a `google.rpc.Status`.
fn refuse(request: &Request, what: &str, message: &str, value: &str) -> Response {
    const PERMISSION_DENIED: u8 = 7;
    let media = request.headers().get(http::header::CONTENT_TYPE);
    let media = media.map(HeaderValue::as_bytes).unwrap_or_default();
    if media.starts_with(b"application/grpc") {
        let headers = [
            ("content-type", "application/grpc"),
            ("grpc-status", "7"),
            ("grpc-message", message),
        ];
        return headers.into_response();
    }
    let last = request.uri().path().rsplit('/').next();
    if matches!(last, Some("traces" | "metrics" | "logs")) && request.method() == Method::POST {
        if media.starts_with(b"application/x-protobuf") {
            // google.rpc.Status: 1 code, 2 message. The messages are shorter than 128 bytes times
            // two, so their length takes at most two bytes of varint.
            let mut status = vec![0x08, PERMISSION_DENIED, 0x12];
            let mut len = message.len();
            while len >= 0x80 {
                status.push((len & 0x7f) as u8 | 0x80);
                len >>= 7;
            }
            status.push(len as u8);
            status.extend_from_slice(message.as_bytes());
            let media = [(http::header::CONTENT_TYPE, "application/x-protobuf")];
            return (StatusCode::FORBIDDEN, media, Body::from(status)).into_response();
        }
        let status = serde_json::json!({ "code": PERMISSION_DENIED, "message": message });
        return (StatusCode::FORBIDDEN, Json(status)).into_response();
    }
    let code = format!("backend.{what}_not_allowed");
    let problem = Problem::new(Category::Forbidden, code, message).with_detail(what, value);
    (StatusCode::FORBIDDEN, Json(problem)).into_response()
}

#[cfg(test)]
mod tests;
