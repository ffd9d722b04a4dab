//! The one error body of every HTTP answer, tool result and journal entry.

use crate::{Blame, Category, Decide, Retry};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{error::Error, fmt, time::Duration};

/// A failure as it crosses the wire.
///
/// ```
/// use glassbox_core::{Category, Problem};
///
/// let problem = Problem::new(Category::NotFound, "geocoding.unknown_city", "no city is called 'Atlantis'")
///     .with_detail("city", "Atlantis");
/// assert_eq!(problem.category().status(), 404);
/// assert!(!problem.is_retryable());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Problem(Box<Body>);

/// Boxed, so that a `Result` with a problem in it stays small.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Body {
    code: String,
    message: String,
    category: Category,
    #[serde(default)]
    retryable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    details: Value,
    /// Whom this process blames; what a peer thinks of it does not travel.
    #[serde(skip)]
    blame: Option<Blame>,
}

impl Problem {
    /// A problem with a stable dotted code for programs and one sentence for people that says what
    /// was wrong, where, and what to do.
    pub fn new(category: Category, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Body {
            code: code.into(),
            message: message.into(),
            category,
            retryable: category.retry(None) != Retry::Never,
            retry_after: None,
            trace_id: None,
            details: Value::Null,
            blame: None,
        }))
    }

    /// Says that the same request may succeed, and how long to wait before it.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retryable = true;
        self.0.retry_after = Some(wait.as_secs_f64());
        self
    }

    /// Says whether the same request may succeed later, where the category alone does not.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Says whom to blame, where the category alone does not: an open breaker is our own doing, and
    /// a deadline that was too short is the caller's. Does not cross the wire.
    #[must_use]
    pub fn with_blame(mut self, blame: Blame) -> Self {
        self.0.blame = Some(blame);
        self
    }

    /// Names the trace to look at.
    #[must_use]
    pub fn with_trace_id(mut self, trace_id: u128) -> Self {
        self.0.trace_id = Some(format!("{trace_id:032x}"));
        self
    }

    /// Adds a machine-readable detail: the field, the limit, the value seen.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        if !self.0.details.is_object() {
            self.0.details = Value::Object(serde_json::Map::new());
        }
        if let Value::Object(map) = &mut self.0.details {
            map.insert(key.to_owned(), value.into());
        }
        self
    }

    /// Stable, dotted, for programs: `tool.unavailable`.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// One sentence for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What kind of failure it is.
    pub fn category(&self) -> Category {
        self.0.category
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// How long to wait before that, if the peer said so.
    pub fn retry_after(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.0.retry_after?).ok()
    }

    /// The trace to look at, 32 hex digits.
    pub fn trace_id(&self) -> Option<&str> {
        self.0.trace_id.as_deref()
    }

    /// Machine-readable details; `Null` where there are none.
    pub fn details(&self) -> &Value {
        &self.0.details
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.message, self.0.code)
    }
}

impl Error for Problem {}

impl Decide for Problem {
    fn retry(&self) -> Retry {
        match self.0.retryable {
            true => match self.retry_after() {
                Some(wait) => Retry::After(wait),
                None => Retry::Backoff,
            },
            false => Retry::Never,
        }
    }

    fn blame(&self) -> Blame {
        self.0.blame.unwrap_or_else(|| self.0.category.blame())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_survives_the_wire() {
        let problem = Problem::new(Category::RateLimited, "model.rate_limited", "slow down")
            .with_retry_after(Duration::from_millis(1500))
            .with_trace_id(0xabc)
            .with_detail("limit", 10);
        let wire = serde_json::to_string(&problem).unwrap();
        let back: Problem = serde_json::from_str(&wire).unwrap();
        assert_eq!(back, problem);
        assert_eq!(back.retry(), Retry::After(Duration::from_millis(1500)));
    }

    #[test]
    fn a_wait_that_is_no_duration_is_not_believed() {
        let wire = r#"{"code":"x","message":"m","category":"unavailable","retryable":true,"retry_after":-1}"#;
        let problem: Problem = serde_json::from_str(wire).unwrap();
        assert_eq!(problem.retry(), Retry::Backoff);
    }

    #[test]
    fn a_newer_peers_category_does_not_hide_the_rest() {
        let wire = r#"{"code":"tea.pot","message":"short and stout","category":"teapot","retryable":true}"#;
        let problem: Problem = serde_json::from_str(wire).unwrap();
        assert_eq!(problem.category(), Category::Internal);
        assert_eq!(problem.code(), "tea.pot");
        assert!(problem.is_retryable());
    }

    #[test]
    fn blame_is_the_categorys_until_somebody_knows_better() {
        let open = Problem::new(Category::Unavailable, "tool.circuit_open", "not now");
        assert_eq!(open.blame(), Blame::Peer);
        assert_eq!(open.with_blame(Blame::Local).blame(), Blame::Local);
    }
}
