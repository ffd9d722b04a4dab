//! Failures as the common error body.

use super::spent::say_spent;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use glassbox_core::{Problem, Spent, telemetry};

/// A failed request: a [`Problem`] with the status of its category, or a more specific status.
#[derive(Debug)]
pub(crate) struct Answer {
    problem: Problem,
    status: StatusCode,
    spent: Spent,
}

impl Answer {
    /// Adds the usage of the failed call.
    pub(crate) fn with_spent(mut self, spent: Spent) -> Self {
        self.spent = spent;
        self
    }

    /// A status that is more specific than the category's: 405, 408, 413, 415.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        let status = StatusCode::from_u16(problem.category().status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            problem,
            status,
            spent: Spent::default(),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let current = telemetry::current();
        let problem = match self.problem.trace_id() {
            None if current.is_valid() => self.problem.with_trace_id(current.trace_id),
            _ => self.problem,
        };
        // The header has whole seconds; the body has the exact duration.
        let wait = problem
            .retry_after()
            .map(|wait| HeaderValue::from(wait.as_millis().div_ceil(1000).max(1) as u64));
        let mut response = (self.status, Json(problem)).into_response();
        if let Some(wait) = wait {
            response.headers_mut().insert(RETRY_AFTER, wait);
        }
        say_spent(&mut response, self.spent);
        response
    }
}
