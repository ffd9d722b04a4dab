//! Reads a JSON body with limits on size and time.

use super::Answer;
use axum::{
    body::Bytes,
    extract::Request,
    http::{StatusCode, header},
};
use glassbox_core::{Category, Problem};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use std::{fmt::Display, time::Duration};

/// The limits of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input {
    limit: usize,
    timeout: Duration,
}

impl Input {
    /// At most `limit` bytes, within 30 s.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            timeout: Duration::from_secs(30),
        }
    }

    pub(crate) fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// 415 if the content type is not JSON, 413 if the body is too large, 408 if it is too slow, 400
    /// if it is not valid JSON or does not have the expected form.
    pub(crate) async fn read_as<T: DeserializeOwned>(self, request: Request) -> Result<T, Answer> {
        // Browsers send JSON across origins only after a preflight request.
        if !is_json(&request) {
            let message = "the body must be JSON; send it with 'content-type: application/json'";
            return Err(invalid("request.not_json", message)
                .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let bytes = self.read(request).await?;
        if bytes.is_empty() {
            let message = "the body is empty; send a JSON value, such as {}";
            return Err(invalid("request.empty", message));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Data => "does not have the expected form",
                _ => "is not valid JSON",
            };
            let problem = Problem::new(
                Category::Invalid,
                "request.invalid_json",
                format!("the body {what}: {error}"),
            );
            problem
                .with_detail("line", error.line())
                .with_detail("column", error.column())
                .into()
        })
    }

    async fn read(self, request: Request) -> Result<Bytes, Answer> {
        let body = Limited::new(request.into_body(), self.limit);
        let read = tokio::time::timeout(self.timeout, body.collect()).await;
        let Ok(read) = read else {
            let message = format!("the body did not arrive within {:?}", self.timeout);
            let problem = Problem::new(Category::Timeout, "request.timeout", message);
            return Err(Answer::from(problem).with_status(StatusCode::REQUEST_TIMEOUT));
        };
        match read {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                let message = format!("the body is larger than {} bytes", self.limit);
                let problem = Problem::new(Category::Invalid, "request.too_large", message)
                    .with_detail("limit", self.limit);
                Err(Answer::from(problem).with_status(StatusCode::PAYLOAD_TOO_LARGE))
            }
            Err(error) => Err(invalid(
                "request.incomplete",
                format!("cannot read the body: {error}"),
            )),
        }
    }
}

fn invalid(code: &str, message: impl Display) -> Answer {
    Problem::new(Category::Invalid, code, message.to_string()).into()
}

/// `application/json`, or any type with the suffix `+json`.
fn is_json(request: &Request) -> bool {
    let value = request.headers().get(header::CONTENT_TYPE);
    let Some(value) = value.and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}
