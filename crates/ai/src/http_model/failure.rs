//! Errors of the HTTP client and of providers as model errors.

use crate::{
    ProviderConfig, base_url,
    wire::{Broken, Reason, Refusal, conceal::Conceal},
};
use glassbox_core::{Blame, Category, Decide, ModelError, Problem, Retry, sentence};
use glassbox_instrument::HttpError;
use http::{HeaderMap, StatusCode};
use std::{
    error::Error,
    time::{Duration, SystemTime},
};

/// Makes errors that name the endpoint, the model and the settings to check.
#[derive(Clone, Debug)]
pub(super) struct Failures {
    url: String,
    model: String,
    key_setting: &'static str,
    url_setting: &'static str,
    conceal: Conceal,
}

impl Failures {
    pub(super) fn new(url: &str, config: &ProviderConfig, conceal: Conceal) -> Self {
        Self {
            url: base_url::shown(url),
            conceal,
            model: config.identity().model.clone(),
            key_setting: config.provider.key_setting,
            url_setting: config.provider.url_setting,
        }
    }

    /// The HTTP exchange failed.
    pub(super) fn of_http(&self, error: HttpError) -> ModelError {
        let url = &self.url;
        let (code, message) = match &error {
            HttpError::Connect { .. } => (
                "model.unreachable",
                format!(
                    "the model at {url} cannot be reached{}; is it running, and is {} right?",
                    causes(&error),
                    self.url_setting
                ),
            ),
            HttpError::Timeout { limit, .. } => (
                "model.timeout",
                format!("the model at {url} sent nothing for {limit:?}"),
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
                    "the exchange with the model at {url} failed to {}",
                    sentence(other)
                ),
            ),
        };
        // A cause may quote the request.
        let message = self.conceal.within(&message);
        let problem = Problem::new(error.category(), code, message);
        decide(problem, &error).with_source(error)
    }

    /// The status of the response is an error.
    pub(super) fn of_status(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        refusal: Refusal,
    ) -> ModelError {
        let wait = retry_after(headers, SystemTime::now());
        let refusal = Refusal {
            status: Some(status.as_u16()),
            ..refusal
        };
        self.refusal(&refusal, wait)
    }

    /// The answer cannot continue.
    pub(super) fn of_broken(&self, broken: Broken) -> ModelError {
        let url = &self.url;
        match broken {
            Broken::Refused(refusal) => self.refusal(&refusal, None),
            Broken::Failed { word, is_transient } => {
                let category = match is_transient {
                    true => Category::Unavailable,
                    false => Category::Internal,
                };
                let word = self.conceal.within(&word);
                let word = crate::wire::line(&word).unwrap_or_default();
                let message = format!("the model at {url} ended its answer with '{word}'");
                peers(category, "model.failed", message)
            }
            Broken::TooLarge(what) => {
                let message = format!("the answer of the model at {url} was stopped: {what}");
                // The limit is local: one long answer must not open the breaker for all calls.
                peers(Category::Internal, "model.answer_too_large", message)
                    .with_blame(Blame::Local)
            }
            Broken::Incomplete(what) => {
                let message = format!("the answer of the model at {url} broke off: {what}");
                peers(Category::Unavailable, "model.broken_stream", message)
            }
            Broken::Unreadable(what) => {
                let message = format!(
                    "the answer of the model at {url} cannot be read: {what}; is {} right?",
                    self.url_setting
                );
                peers(Category::Internal, "model.bad_answer", message)
            }
        }
    }

    /// The answer exceeded its time limit.
    pub(super) fn of_time(&self, limit: Duration) -> ModelError {
        let url = &self.url;
        let message = format!(
            "the answer of the model at {url} did not end within {limit:?}; ask for less, or raise answer_timeout"
        );
        let problem = Problem::new(Category::Timeout, "model.answer_timeout", message);
        // Another attempt would take as long.
        ModelError::from_problem(problem.with_retryable(false)).with_blame(Blame::Peer)
    }

    /// The events ended without the last one.
    pub(super) fn of_end(&self) -> ModelError {
        self.of_broken(Broken::Incomplete("it has no end".to_owned()))
    }

    fn refusal(&self, refusal: &Refusal, wait: Option<Duration>) -> ModelError {
        let (url, model) = (&self.url, &self.model);
        let (key_setting, url_setting) = (self.key_setting, self.url_setting);
        let said = refusal.message.as_deref();
        let said = said.map(|said| format!(": {}", said.trim_end_matches('.')));
        let said = said.unwrap_or_default();
        let (category, code, message) = match (refusal.status, refusal.reason) {
            (_, Some(Reason::Quota)) | (Some(402), _) => (
                Category::BudgetExhausted,
                "model.quota_exhausted",
                format!("the quota at {url} is used up{said}"),
            ),
            (_, Some(Reason::ContextTooLong)) => (
                Category::Invalid,
                "model.context_too_long",
                format!("the conversation is too long for {model}{said}"),
            ),
            (Some(401), _) | (_, Some(Reason::Unauthenticated)) => (
                Category::Unauthenticated,
                "model.unauthenticated",
                format!("{url} does not accept the key; check {key_setting}{said}"),
            ),
            (Some(404), _) | (_, Some(Reason::NotFound)) => (
                Category::NotFound,
                "model.not_found",
                format!(
                    "there is no {model} at {url}; check GLASSBOX_MODEL and {url_setting}{said}"
                ),
            ),
            (Some(429), _) | (_, Some(Reason::RateLimited)) => (
                Category::RateLimited,
                "model.rate_limited",
                format!("{url} limits the rate of requests{said}"),
            ),
            (Some(status @ 500..), _) => (
                match status {
                    504 => Category::Timeout,
                    _ => Category::Unavailable,
                },
                "model.unavailable",
                format!("the model at {url} is unavailable (status {status}){said}"),
            ),
            (Some(status), _) => (
                Category::from_status(status),
                "model.refused",
                format!("{url} refuses the request (status {status}){said}"),
            ),
            // Errors within a stream have no status; most of them mean overload.
            (None, _) => (
                Category::Unavailable,
                "model.failed",
                format!("the model at {url} failed while it answered{said}"),
            ),
        };
        let problem = Problem::new(category, code, message);
        ModelError::from_problem(match wait {
            // If a retry does not help, waiting does not either.
            Some(wait) if problem.is_retryable() => problem.with_retry_after(wait),
            _ => problem,
        })
    }
}

/// A failure for which the provider is to blame.
fn peers(category: Category, code: &str, message: String) -> ModelError {
    ModelError::from_problem(Problem::new(category, code, message)).with_blame(Blame::Peer)
}

/// Copies the retry and blame decisions of the HTTP error, also into the problem.
fn decide(problem: Problem, error: &HttpError) -> ModelError {
    let problem = problem
        .with_retryable(error.retry() != Retry::Never)
        .with_blame(error.blame());
    ModelError::from_problem(problem)
        .with_retry(error.retry())
        .with_blame(error.blame())
}

/// The causes of the error, without the error itself.
fn causes(error: &HttpError) -> String {
    error
        .source()
        .map(|cause| format!(": {}", sentence(cause)))
        .unwrap_or_default()
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
        // A date in the past means now.
        Err(_) => {
            let date = httpdate::parse_http_date(after).ok()?;
            Some(date.duration_since(now).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ModelConfig;
    use glassbox_config::Environment;

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
        let environment = Environment::from([("OPENAI_BASE_URL", "http://m/v1")]);
        let config = ModelConfig::from_environment(&environment).unwrap();
        let url = "http://m/v1/chat/completions";
        let failures = Failures::new(url, &config.providers()[0], Conceal::default());
        let decide = |status: u16, reason: Option<Reason>| {
            let refusal = Refusal {
                status: Some(status),
                reason,
                message: None,
            };
            let error = failures.refusal(&refusal, None);
            (
                error.problem().code().to_owned(),
                error.retry(),
                error.blame(),
            )
        };
        let expected = |code: &str, retry, blame| (code.to_owned(), retry, blame);
        assert_eq!(
            decide(429, None),
            expected("model.rate_limited", Retry::Backoff, Blame::Peer)
        );
        assert_eq!(
            decide(429, Some(Reason::Quota)),
            expected("model.quota_exhausted", Retry::Never, Blame::Local)
        );
        assert_eq!(
            decide(400, Some(Reason::ContextTooLong)),
            expected("model.context_too_long", Retry::Never, Blame::Caller)
        );
        assert_eq!(
            decide(401, None),
            expected("model.unauthenticated", Retry::Never, Blame::Caller)
        );
        for status in [500, 502, 503, 529] {
            assert_eq!(
                decide(status, None),
                expected("model.unavailable", Retry::Backoff, Blame::Peer)
            );
        }
        assert_eq!(
            decide(400, None),
            expected("model.refused", Retry::Never, Blame::Caller)
        );
    }
}
