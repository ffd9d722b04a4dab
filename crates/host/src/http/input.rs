//! Reads a JSON body with limits on size and time.

use super::Answer;
use crate::budget::{Budget, Charge};
use axum::{body::Body, extract::Request, http::StatusCode};
use glassbox_core::{Category, Problem};
use glassbox_guard::is_json;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use std::{error::Error, fmt::Display, time::Duration};

/// The limits of a body.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    limit: usize,
    timeout: Duration,
    budget: Budget,
}

/// A decoded body, and its memory while it is used.
#[derive(Debug)]
pub(crate) struct Decoded<T> {
    pub(crate) value: T,
    pub(crate) charge: Charge,
}

impl Input {
    /// Limits the body to `limit` bytes, 30 s, and the rest of the budget.
    pub(crate) fn new(limit: usize, budget: &Budget) -> Self {
        Self {
            limit,
            timeout: Duration::from_secs(30),
            budget: budget.clone(),
        }
    }

    pub(crate) fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// 415 if the content type is not JSON, 413 if the body is too large, 408 if it is too slow, 429 if
    /// other bodies use all the memory, 400 if it is not valid JSON or does not have the expected form.
    pub(crate) async fn read_as<T: DeserializeOwned>(
        self,
        request: Request,
    ) -> Result<Decoded<T>, Answer> {
        // Browsers send JSON across origins only after a preflight request.
        if !is_json(request.headers()) {
            let message = "the body must be JSON; send it with 'content-type: application/json'";
            return Err(invalid("request.not_json", message)
                .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let (bytes, charge) = self.read(request).await?;
        if bytes.is_empty() {
            let message = "the body is empty; send a JSON value, such as {}";
            return Err(invalid("request.empty", message));
        }
        let value = serde_json::from_slice(&bytes).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Data => "does not have the expected form",
                _ => "is not valid JSON",
            };
            let problem = Problem::new(
                Category::Invalid,
                "request.invalid_json",
                format!("the body {what}: {error}"),
            );
            let problem = problem
                .with_detail("line", error.line())
                .with_detail("column", error.column());
            Answer::from(problem)
        })?;
        Ok(Decoded { value, charge })
    }

    async fn read(&self, request: Request) -> Result<(Vec<u8>, Charge), Answer> {
        let read = tokio::time::timeout(self.timeout, self.collect(request.into_body())).await;
        let Ok(read) = read else {
            let message = format!("the body did not arrive within {:?}", self.timeout);
            let problem = Problem::new(Category::Timeout, "request.timeout", message);
            return Err(Answer::from(problem).with_status(StatusCode::REQUEST_TIMEOUT));
        };
        read
    }

    async fn collect(&self, body: Body) -> Result<(Vec<u8>, Charge), Answer> {
        let mut body = Limited::new(body, self.limit);
        let (mut bytes, mut charge) = (Vec::new(), Charge::default());
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.broken(&*error))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if !self.budget.charge(&data, &mut charge) {
                let message = "the bodies of other calls need all the memory; try again later";
                let problem = Problem::new(Category::RateLimited, "service.busy", message)
                    .with_may_have_begun(false)
                    .with_retry_after(Duration::from_secs(1));
                return Err(problem.into());
            }
            bytes.extend_from_slice(&data);
        }
        Ok((bytes, charge))
    }

    fn broken(&self, error: &(dyn Error + Send + Sync + 'static)) -> Answer {
        match error {
            error if error.is::<LengthLimitError>() => {
                let message = format!("the body is larger than {} bytes", self.limit);
                let problem = Problem::new(Category::Invalid, "request.too_large", message)
                    .with_detail("limit", self.limit);
                Answer::from(problem).with_status(StatusCode::PAYLOAD_TOO_LARGE)
            }
            error => invalid(
                "request.incomplete",
                format!("cannot read the body: {error}"),
            ),
        }
    }
}

fn invalid(code: &str, message: impl Display) -> Answer {
    Problem::new(Category::Invalid, code, message.to_string()).into()
}
