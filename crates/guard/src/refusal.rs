//! Refused requests, and the response in the format of the protocol.

use crate::Head;
use bytes::Bytes;
use glassbox_core::{Category, Problem};
use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{CONTENT_TYPE, WWW_AUTHENTICATE},
};
use http_body_util::Full;
use serde_json::{Value, json};

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The host is missing, ambiguous or not allowed.
    Host,
    /// The origin of the web page is not allowed.
    Origin,
    /// It has no key.
    NoKey,
    /// Its key is not one of the listener's.
    WrongKey,
    /// Its body is not JSON.
    NotJson,
}

impl Reason {
    /// The end of the problem's code, also a label for metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host_not_allowed",
            Self::Origin => "origin_not_allowed",
            Self::NoKey => "key_required",
            Self::WrongKey => "key_wrong",
            Self::NotJson => "not_json",
        }
    }
}

/// A refused request.
#[derive(Clone, Debug)]
pub struct Refusal {
    reason: Reason,
    prefix: &'static str,
    message: String,
    value: Option<String>,
}

impl Refusal {
    pub(crate) fn new(reason: Reason, prefix: &'static str, message: String) -> Self {
        Self {
            reason,
            prefix,
            message,
            value: None,
        }
    }

    /// Adds the rejected header value. Keys are never added.
    pub(crate) fn with_value(mut self, value: &str) -> Self {
        self.value = Some(value.chars().take(256).collect());
        self
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// What is wrong, and how to fix it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The status: 401, 403 or 415.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.reason {
            Reason::Host | Reason::Origin => StatusCode::FORBIDDEN,
            Reason::NoKey | Reason::WrongKey => StatusCode::UNAUTHORIZED,
            Reason::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }

    /// The common error body.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (category, detail) = match self.reason {
            Reason::Host => (Category::Forbidden, Some("host")),
            Reason::Origin => (Category::Forbidden, Some("origin")),
            Reason::NoKey | Reason::WrongKey => (Category::Unauthenticated, None),
            Reason::NotJson => (Category::Invalid, None),
        };
        let code = format!("{}.{}", self.prefix, self.reason.as_str());
        let problem = Problem::new(category, code, &self.message).with_may_have_begun(false);
        match (detail, &self.value) {
            (Some(key), Some(value)) => problem.with_detail(key, value.as_str()),
            _ => problem,
        }
    }

    /// The response in the default form: `google.rpc.Status` for gRPC and for OTLP over HTTP, otherwise
    /// the [problem](Self::problem). For a [form](crate::Guard::with_form) that changes only some
    /// responses.
    #[must_use]
    pub fn response(&self, head: Head<'_>) -> Response<Full<Bytes>> {
        in_form_of(head, self)
    }

    /// The code of gRPC and of `google.rpc.Status`.
    fn grpc_code(&self) -> u8 {
        match self.reason {
            Reason::Host | Reason::Origin => 7,
            Reason::NoKey | Reason::WrongKey => 16,
            Reason::NotJson => 3,
        }
    }
}

/// The default form: gRPC, `google.rpc.Status` for OTLP over HTTP, otherwise a [`Problem`].
pub(crate) fn in_form_of(head: Head<'_>, refusal: &Refusal) -> Response<Full<Bytes>> {
    let media = head.headers.get(CONTENT_TYPE);
    let media = media.map(HeaderValue::as_bytes).unwrap_or_default();
    if media.starts_with(b"application/grpc") {
        return grpc(refusal);
    }
    let last = head.uri.path().rsplit('/').next();
    let is_otlp =
        head.method == Method::POST && matches!(last, Some("traces" | "metrics" | "logs"));
    let (media, body) = match is_otlp {
        true if media.starts_with(b"application/x-protobuf") => {
            ("application/x-protobuf", status(refusal))
        }
        true => {
            let status = json!({ "code": refusal.grpc_code(), "message": refusal.message });
            ("application/json", text(&status))
        }
        false => ("application/json", text(&refusal.problem())),
    };
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// Adds the header that HTTP requires in every 401.
pub(crate) fn challenge<B>(response: &mut Response<B>) {
    if response.status() == StatusCode::UNAUTHORIZED {
        let value = HeaderValue::from_static("Bearer realm=\"glassbox\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
}

/// A response without messages, whose trailers are its headers.
fn grpc(refusal: &Refusal) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", u16::from(refusal.grpc_code()).into());
    if let Ok(message) = HeaderValue::from_str(&refusal.message) {
        headers.insert("grpc-message", message);
    }
    response
}

fn text(body: &impl serde::Serialize) -> Vec<u8> {
    // Problems and statuses are maps with text keys, which always serialise.
    serde_json::to_vec(body).unwrap_or_else(|_| Value::Null.to_string().into_bytes())
}

/// A `google.rpc.Status` in protobuf: field 1 is the code, field 2 the message.
fn status(refusal: &Refusal) -> Vec<u8> {
    let mut status = vec![0x08, refusal.grpc_code(), 0x12];
    let mut len = refusal.message.len();
    while len >= 0x80 {
        status.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    status.push(len as u8);
    status.extend_from_slice(refusal.message.as_bytes());
    status
}
