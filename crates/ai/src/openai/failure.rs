//! What went wrong, in words that say what to do, and in decisions.

use super::wire::Whole;
use glassbox_core::{Blame, Category, Decide, ModelError, Problem, Retry};
use glassbox_instrument::{HttpError, HttpResponse};
use http::HeaderMap;
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// Makes errors that name the endpoint and the model.
#[derive(Clone, Debug)]
pub(super) struct Failures {
    url: String,
    model: String,
}

impl Failures {
    pub(super) fn new(url: &str, model: &str) -> Self {
        Self {
            url: url.to_owned(),
            model: model.to_owned(),
        }
    }

    /// There is no answer, or it broke off.
    pub(super) fn of_http(&self, error: HttpError) -> ModelError {
        let url = &self.url;
        let (code, message) = match &error {
            HttpError::Connect { .. } => (
                "model.unreachable",
                format!(
                    "the model at {url} cannot be reached{}; is it running, and is OPENAI_BASE_URL right?",
                    causes(&error)
                ),
            ),
            HttpError::Timeout { limit, .. } => (
                "model.timeout",
                format!("the model at {url} said nothing for {limit:?}"),
            ),
            HttpError::Deadline { .. } => (
                "model.deadline",
                format!("the model at {url} did not answer before the caller's deadline"),
            ),
            HttpError::Cancelled { .. } => (
                "model.cancelled",
                format!("the call to the model at {url} was cancelled"),
            ),
            other => (
                "model.exchange_failed",
                format!(
                    "the exchange with the model at {url} failed: failed to {other}{}",
                    causes(other)
                ),
            ),
        };
        let problem = Problem::new(error.category(), code, message);
        decide(problem, &error).with_source(error)
    }

    /// The answer is a refusal.
    pub(super) async fn of_response(&self, response: HttpResponse) -> ModelError {
        let status = response.status().as_u16();
        let wait = retry_after(response.headers(), SystemTime::now());
        // A body that cannot be read leaves the status to tell.
        let body = response.bytes().await.unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        self.refusal(Some(status), &body["error"], wait)
    }

    /// The stream carries an error in place of a chunk.
    pub(super) fn of_event(&self, error: &Value) -> ModelError {
        let status = error["status"].as_u64().or_else(|| error["code"].as_u64());
        let status = status.and_then(|status| u16::try_from(status).ok());
        self.refusal(status, error, None)
    }

    /// The stream is not what it should be.
    pub(super) fn of_stream(&self, what: String) -> ModelError {
        let message = format!("the model at {} broke off: {what}", self.url);
        let problem = Problem::new(Category::Unavailable, "model.broken_stream", message);
        ModelError::from_problem(problem)
    }

    /// The whole answer is not what it should be.
    pub(super) fn of_body(&self, what: &str) -> ModelError {
        let message = format!(
            "the answer of the model at {} makes no sense: {what}",
            self.url
        );
        let problem = Problem::new(Category::Internal, "model.bad_answer", message);
        ModelError::from_problem(problem).with_blame(Blame::Peer)
    }

    /// The whole answer.
    pub(super) async fn read(&self, response: HttpResponse) -> Result<Whole, ModelError> {
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.of_http(error))?;
        let whole: Whole =
            serde_json::from_slice(&bytes).map_err(|error| self.of_body(&misread(&error)))?;
        match &whole.error {
            Some(error) => Err(self.of_event(error)),
            None => Ok(whole),
        }
    }

    /// `error` is OpenAI's error object, or nothing.
    fn refusal(&self, status: Option<u16>, error: &Value, wait: Option<Duration>) -> ModelError {
        let (url, model) = (&self.url, &self.model);
        let word = error["code"]
            .as_str()
            .or_else(|| error["type"].as_str())
            .unwrap_or_default();
        let said = match error {
            Value::String(message) => Some(message.as_str()),
            error => error["message"].as_str(),
        };
        let said = said.map(|said| format!(": {}", said.trim_end_matches('.')));
        let said = said.unwrap_or_default();
        let (category, code, message) = match (status, word) {
            (_, "insufficient_quota") | (Some(402), _) => (
                Category::BudgetExhausted,
                "model.quota_exhausted",
                format!("the quota at {url} is used up{said}"),
            ),
            (_, "context_length_exceeded") => (
                Category::Invalid,
                "model.context_too_long",
                format!("the conversation is too long for {model}{said}"),
            ),
            (Some(401), _) | (_, "invalid_api_key") => (
                Category::Unauthenticated,
                "model.unauthenticated",
                format!("{url} does not accept the key; check OPENAI_API_KEY{said}"),
            ),
            (Some(404), _) | (_, "model_not_found") => (
                Category::NotFound,
                "model.not_found",
                format!(
                    "there is no {model} at {url}; check GLASSBOX_MODEL and OPENAI_BASE_URL{said}"
                ),
            ),
            (Some(429), _) | (_, "rate_limit_exceeded") => (
                Category::RateLimited,
                "model.rate_limited",
                format!("{url} asks for fewer requests{said}"),
            ),
            (Some(status @ 500..), _) => (
                match status {
                    504 => Category::Timeout,
                    _ => Category::Unavailable,
                },
                "model.unavailable",
                format!("the model at {url} is in trouble (status {status}){said}"),
            ),
            (Some(status), _) => (
                Category::from_status(status),
                "model.refused",
                format!("{url} refuses the request (status {status}){said}"),
            ),
            // An error in mid-stream has no status; such come from overload as a rule.
            (None, _) => (
                Category::Unavailable,
                "model.failed",
                format!("the model at {url} failed while it answered{said}"),
            ),
        };
        let problem = Problem::new(category, code, message);
        ModelError::from_problem(match wait {
            // What would fail again fails after any wait.
            Some(wait) if problem.is_retryable() => problem.with_retry_after(wait),
            _ => problem,
        })
    }
}

/// What is wrong with a document, and where, but not what it says: that is content.
pub(super) fn misread(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "it does not have the expected form",
        _ => "it is not valid JSON",
    };
    format!("{what} (line {} column {})", error.line(), error.column())
}

/// The exchange's own decisions, also where only the problem travels on.
fn decide(problem: Problem, error: &HttpError) -> ModelError {
    let problem = problem
        .with_retryable(error.retry() != Retry::Never)
        .with_blame(error.blame());
    ModelError::from_problem(problem)
        .with_retry(error.retry())
        .with_blame(error.blame())
}

fn causes(error: &HttpError) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// `retry-after-ms`, or `retry-after` in seconds or as a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let millis = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok());
    if let Some(millis) = millis {
        return Duration::try_from_secs_f64(millis / 1e3).ok();
    }
    let after = text("retry-after")?;
    match after.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        // A date that has passed means now.
        Err(_) => {
            let date = httpdate::parse_http_date(after).ok()?;
            Some(date.duration_since(now).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_form_of_retry_after_is_understood() {
        let at = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let wait = |name: &'static str, value: &str| {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
            retry_after(&headers, at)
        };
        assert_eq!(wait("retry-after", "7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("retry-after", "0.5"), Some(Duration::from_millis(500)));
        assert_eq!(
            wait("retry-after-ms", "1500"),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(
            wait("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            wait("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(wait("retry-after", "soon"), None);
        assert_eq!(wait("retry-after", "-3"), None);
    }

    #[test]
    fn a_refusal_decides_what_to_do_next() {
        let failures = Failures::new("http://m/v1/chat/completions", "gpt-x");
        let decide = |status: u16, error: Value| {
            let error = failures.refusal(Some(status), &error, None);
            (
                error.problem().code().to_owned(),
                error.retry(),
                error.blame(),
            )
        };
        let expected = |code: &str, retry, blame| (code.to_owned(), retry, blame);
        assert_eq!(
            decide(429, json!({"message": "slow down"})),
            expected("model.rate_limited", Retry::Backoff, Blame::Peer)
        );
        assert_eq!(
            decide(429, json!({"code": "insufficient_quota"})),
            expected("model.quota_exhausted", Retry::Never, Blame::Local)
        );
        assert_eq!(
            decide(400, json!({"code": "context_length_exceeded"})),
            expected("model.context_too_long", Retry::Never, Blame::Caller)
        );
        assert_eq!(
            decide(401, Value::Null),
            expected("model.unauthenticated", Retry::Never, Blame::Caller)
        );
        for status in [500, 502, 503, 529] {
            assert_eq!(
                decide(status, Value::Null),
                expected("model.unavailable", Retry::Backoff, Blame::Peer)
            );
        }
        assert_eq!(
            decide(400, json!({"message": "no such field."})),
            expected("model.refused", Retry::Never, Blame::Caller)
        );
    }
}
