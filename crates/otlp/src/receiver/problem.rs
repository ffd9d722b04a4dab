//! The response to a request that is refused.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::json;
use tonic::Code;
use tonic_types::{ErrorDetails, StatusExt};

use super::body::BodyError;
use super::inflate::Encoding;
use super::media::Media;
use crate::cost::Overrun;
use crate::{Refusal, RefusedReason, Signal};

/// Longest text of a refusal. A gRPC status travels in headers, escaped and once more in its
/// details, and common clients give up on headers beyond 8 KiB.
const MAX_REFUSAL: usize = 512;

/// A refusal in the terms of both protocols.
#[derive(Debug)]
pub(super) struct Problem {
    reason: RefusedReason,
    http: StatusCode,
    grpc: Code,
    message: String,
    /// The field that is wrong and how, for `BadRequest`.
    violation: Option<(String, String)>,
    /// Present exactly when the client may send again.
    retry_after: Option<Duration>,
}

impl Problem {
    fn new(
        reason: RefusedReason,
        http: StatusCode,
        grpc: Code,
        message: impl Into<String>,
    ) -> Self {
        let mut message = message.into();
        trim(&mut message, MAX_REFUSAL);
        Self {
            reason,
            http,
            grpc,
            message,
            violation: None,
            retry_after: None,
        }
    }

    fn bad_request(reason: RefusedReason, message: impl Into<String>) -> Self {
        Self::new(
            reason,
            StatusCode::BAD_REQUEST,
            Code::InvalidArgument,
            message,
        )
    }

    fn unavailable(reason: RefusedReason, message: impl Into<String>, after: Duration) -> Self {
        Self::new(
            reason,
            StatusCode::SERVICE_UNAVAILABLE,
            Code::Unavailable,
            message,
        )
        .retry_after(after)
    }

    const fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    fn violation(mut self, field: &str, problem: &str) -> Self {
        let (mut field, mut problem) = (field.to_owned(), problem.to_owned());
        trim(&mut field, MAX_REFUSAL);
        trim(&mut problem, MAX_REFUSAL);
        self.violation = Some((field, problem));
        self
    }

    pub(super) fn malformed(signal: Signal, path: &str, problem: &str) -> Self {
        let at = if path.is_empty() {
            String::new()
        } else {
            format!("{path}: ")
        };
        let message = format!("not an OTLP {signal} request: {at}{problem}");
        Self::bad_request(RefusedReason::Malformed, message).violation(path, problem)
    }

    pub(super) fn nothing_valid(signal: Signal, rejected: u64, first: &str) -> Self {
        let records = signal.records();
        let message = format!(
            "none of the {rejected} {records} is valid, is this the path of another signal? {first}"
        );
        let (field, problem) = first.split_once(": ").unwrap_or(("", first));
        Self::bad_request(RefusedReason::NothingValid, message).violation(field, problem)
    }

    pub(super) fn nothing_known(signal: Signal, unknown: &str) -> Self {
        let records = signal.records();
        let message = format!(
            "there are no {records}, but an unknown field: {unknown}; is this the path of another \
             signal?"
        );
        Self::bad_request(RefusedReason::NothingValid, message).violation("", unknown)
    }

    pub(super) fn content_type() -> Self {
        let message = "the content type must be application/x-protobuf or application/json";
        let http = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(
            RefusedReason::ContentType,
            http,
            Code::InvalidArgument,
            message,
        )
    }

    pub(super) fn method() -> Self {
        let message = "OTLP is received by POST only";
        let http = StatusCode::METHOD_NOT_ALLOWED;
        Self::new(RefusedReason::Method, http, Code::Unimplemented, message)
    }

    pub(super) fn encoding(name: &str, grpc: Code) -> Self {
        let message = format!(
            "unknown compression {name:?}, known are {}",
            Encoding::NAMES
        );
        Self::new(
            RefusedReason::Encoding,
            StatusCode::BAD_REQUEST,
            grpc,
            message,
        )
    }

    pub(super) fn unknown_path(path: &str) -> Self {
        let known = Signal::ALL.map(Signal::http_path).join(", ");
        let message = format!("nothing is received at {path}; OTLP goes to {known}");
        // gRPC requires this code for an unknown service or method.
        let grpc = Code::Unimplemented;
        Self::new(RefusedReason::Path, StatusCode::NOT_FOUND, grpc, message)
    }

    pub(super) fn shutting_down() -> Self {
        Self::unavailable(
            RefusedReason::Internal,
            "shutting down",
            Duration::from_secs(1),
        )
    }

    pub(super) fn body(error: BodyError, retry_after: Duration) -> Self {
        let message = format!("the body {error}");
        match error {
            BodyError::TooLarge(_) => {
                let http = StatusCode::PAYLOAD_TOO_LARGE;
                Self::new(
                    RefusedReason::TooLarge,
                    http,
                    Code::ResourceExhausted,
                    message,
                )
            }
            BodyError::NoBudget => Self::overrun(Overrun::InFlight, retry_after),
            BodyError::Slow => {
                let http = StatusCode::SERVICE_UNAVAILABLE;
                Self::new(
                    RefusedReason::SlowBody,
                    http,
                    Code::DeadlineExceeded,
                    message,
                )
                .retry_after(retry_after)
            }
            BodyError::Aborted => Self::bad_request(RefusedReason::Aborted, message),
            BodyError::Corrupt => Self::bad_request(RefusedReason::Corrupt, message),
            BodyError::Frame | BodyError::NoEncoding => {
                let http = StatusCode::BAD_REQUEST;
                Self::new(RefusedReason::Malformed, http, Code::Internal, message)
            }
        }
    }

    /// The answer to a request that needs more memory than is available now, or than is ever allowed.
    pub(super) fn overrun(overrun: Overrun, retry_after: Duration) -> Self {
        let grpc = Code::ResourceExhausted;
        match overrun {
            Overrun::Request(_) => {
                let http = StatusCode::PAYLOAD_TOO_LARGE;
                let message = format!("the request {overrun}; send fewer records at a time");
                Self::new(RefusedReason::TooCostly, http, grpc, message)
            }
            Overrun::InFlight => {
                let http = StatusCode::TOO_MANY_REQUESTS;
                let message = format!("{overrun}; try again later");
                Self::new(RefusedReason::InFlight, http, grpc, message).retry_after(retry_after)
            }
        }
    }

    pub(super) const fn reason(&self) -> RefusedReason {
        self.reason
    }

    /// Renders the answer of OTLP/HTTP, whose body is a `google.rpc.Status`.
    pub(super) fn into_http(self, media: Media) -> Response {
        let body = match media {
            // The details of a gRPC status are the whole status, encoded.
            Media::Protobuf => Body::from(self.status().details().to_vec()),
            Media::Json => Body::from(self.json().to_string()),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.http;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, media.header());
        if let Some(delay) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(delay)));
        }
        match self.reason {
            RefusedReason::Method => {
                headers.insert(ALLOW, HeaderValue::from_static("POST"));
            }
            RefusedReason::Encoding => {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(Encoding::NAMES));
            }
            _ => {}
        }
        response
    }

    /// Renders the answer of OTLP/gRPC.
    pub(super) fn into_grpc(self) -> Response {
        let mut response = self.status().into_http::<Body>();
        let names = HeaderValue::from_static(Encoding::NAMES);
        response.headers_mut().insert("grpc-accept-encoding", names);
        response
    }

    fn status(&self) -> tonic::Status {
        let mut details = ErrorDetails::new();
        if let Some((field, problem)) = &self.violation {
            details.add_bad_request_violation(field, problem);
        }
        if let Some(delay) = self.retry_after {
            details.set_retry_info(Some(delay));
        }
        tonic::Status::with_error_details(self.grpc, &self.message, details)
    }

    fn json(&self) -> serde_json::Value {
        let mut details = Vec::new();
        if let Some((field, problem)) = &self.violation {
            details.push(json!({
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{ "field": field, "description": problem }],
            }));
        }
        if let Some(delay) = self.retry_after {
            details.push(json!({
                "@type": "type.googleapis.com/google.rpc.RetryInfo",
                "retryDelay": format!("{}s", delay.as_secs_f64()),
            }));
        }
        json!({ "code": self.grpc as i32, "message": self.message, "details": details })
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::Overloaded { retry_after } => {
                let http = StatusCode::TOO_MANY_REQUESTS;
                Self::new(RefusedReason::Overloaded, http, Code::Unavailable, message)
                    .retry_after(retry_after)
            }
            Refusal::Unavailable { retry_after, .. } => {
                Self::unavailable(RefusedReason::Unavailable, message, retry_after)
            }
            Refusal::Invalid { .. } => {
                Self::bad_request(RefusedReason::Invalid, &message).violation("", &message)
            }
            Refusal::Unauthenticated { .. } => {
                let http = StatusCode::UNAUTHORIZED;
                Self::new(RefusedReason::Denied, http, Code::Unauthenticated, message)
            }
            Refusal::PermissionDenied { .. } => {
                let http = StatusCode::FORBIDDEN;
                Self::new(RefusedReason::Denied, http, Code::PermissionDenied, message)
            }
            Refusal::Internal { .. } => {
                let http = StatusCode::INTERNAL_SERVER_ERROR;
                Self::new(RefusedReason::Internal, http, Code::Internal, message)
            }
        }
    }
}

/// Shortens a text to `limit` bytes and appends an ellipsis.
pub(super) fn trim(text: &mut String, limit: usize) {
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit));
        text.push('…');
    }
}

/// Rounds up to whole seconds, the unit of `Retry-After`: rounding down would make clients retry too early.
const fn whole_seconds(delay: Duration) -> u64 {
    delay.as_secs() + (delay.subsec_nanos() > 0) as u64
}
