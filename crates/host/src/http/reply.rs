//! The outcome of a call as an HTTP response.

use super::{Answer, spent::say_spent};
use axum::{
    Json,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use glassbox_core::{Outcome, Spent};

/// The media type of a whole [`Outcome`]; a caller that does not accept it gets the bare value.
pub(crate) const OUTCOME: &str = "application/vnd.glassbox.outcome+json";

/// The form of the response that the caller accepts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    /// Only the value.
    Value,
    /// The whole outcome, with content parts, questions and tasks.
    Outcome,
}

impl Reply {
    pub(super) fn to(request: &Request) -> Self {
        let mut accepted = request.headers().get_all(header::ACCEPT).iter();
        match accepted.any(|value| value.to_str().is_ok_and(|value| value.contains(OUTCOME))) {
            true => Self::Outcome,
            false => Self::Value,
        }
    }

    /// # Errors
    /// If the call needs input and the caller accepts only values.
    pub(super) fn with(self, outcome: Outcome, spent: Spent) -> Result<Response, Answer> {
        let status = match &outcome {
            Outcome::Accepted(_) => StatusCode::ACCEPTED,
            _ => StatusCode::OK,
        };
        let mut response = match (self, outcome) {
            (Self::Outcome, outcome) => {
                let mut response = (status, Json(outcome)).into_response();
                let kind = HeaderValue::from_static(OUTCOME);
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
                response
            }
            (Self::Value, Outcome::Accepted(task)) => (status, Json(task)).into_response(),
            (Self::Value, outcome) => {
                let output = outcome
                    .into_output()
                    .map_err(|error| Answer::from(error.problem().clone()).with_spent(spent))?;
                Json(output.value).into_response()
            }
        };
        say_spent(&mut response, spent);
        Ok(response)
    }
}
