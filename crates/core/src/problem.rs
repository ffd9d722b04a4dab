//! The common error body of HTTP responses, tool results and journal entries.

use crate::{Blame, Category, Decide, Retry};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{error::Error, fmt, time::Duration};

/// A failure in its serialised form.
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

/// Boxed, so that a `Result` with a problem is small.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Body {
    code: String,
    message: String,
    category: Category,
    #[serde(default, deserialize_with = "lenient")]
    retryable: bool,
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    retry_after: Option<f64>,
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    trace_id: Option<String>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    details: Value,
    /// Absent if the category decides.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    blame: Option<Blame>,
    /// Absent if unknown.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    may_have_begun: Option<bool>,
    /// Whether it came from another process.
    #[serde(skip)]
    is_received: bool,
}

/// Reads a field, or skips it if a peer wrote another type.
fn lenient<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: DeserializeOwned + Default,
    D: Deserializer<'de>,
{
    let value = Value::deserialize(from)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

impl Problem {
    /// Creates a problem with a stable dotted code for programs and one sentence for people that states
    /// what was wrong, where, and what to do.
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
            may_have_begun: None,
            is_received: false,
        }))
    }

    /// Replaces the code and the message, and keeps category, blame, delay, details and trace.
    #[must_use]
    pub fn rephrased(mut self, code: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.code = code.into();
        self.0.message = message.into();
        self
    }

    /// Replaces the message and keeps everything else.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    /// Marks the problem as retryable after this delay.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retryable = true;
        self.0.retry_after = Some(wait.as_secs_f64());
        self
    }

    /// Overrides whether the same request may succeed later.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Overrides the blame of the category: an open breaker is local, a deadline that was too short is
    /// the caller's.
    #[must_use]
    pub fn with_blame(mut self, blame: Blame) -> Self {
        self.0.blame = Some(blame);
        self
    }

    /// Sets whether the failed call may have taken effect, at least partly.
    ///
    /// `false` is a guarantee that nothing was begun, so any call can be retried, whatever its effect.
    #[must_use]
    pub fn with_may_have_begun(mut self, may_have_begun: bool) -> Self {
        self.0.may_have_begun = Some(may_have_begun);
        self
    }

    /// Converts a problem that a peer sent to the view of this process.
    ///
    /// A fault that the peer blames on itself counts against the peer. The peer may blame this process
    /// only for a timeout or a cancellation, because only those can be caused by the deadline.
    #[must_use]
    pub fn from_peer(mut self) -> Self {
        let by_caller = matches!(self.0.category, Category::Timeout | Category::Cancelled);
        self.0.blame = match self.0.blame {
            Some(Blame::Caller) if by_caller => Some(Blame::Caller),
            Some(Blame::Peer | Blame::Local) if self.0.category.blame() == Blame::Local => None,
            Some(Blame::Peer | Blame::Local) => Some(Blame::Peer),
            _ => None,
        };
        self.0.is_received = true;
        self
    }

    /// Converts the problem for the caller of this process.
    ///
    /// If it came [from a peer](Self::from_peer), the peer's guarantee that nothing was begun is dropped,
    /// because it covers only the call to the peer.
    #[must_use]
    pub fn handed_on(mut self) -> Self {
        if self.0.is_received {
            self.0.may_have_begun = None;
        }
        self
    }

    /// Sets the trace id.
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

    /// The stable dotted code for programs, such as `tool.unavailable`.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The category.
    pub fn category(&self) -> Category {
        self.0.category
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The delay before a retry, if known.
    pub fn retry_after(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.0.retry_after?).ok()
    }

    /// Whether the failed call may have taken effect. `true` unless the callee guarantees otherwise.
    pub fn may_have_begun(&self) -> bool {
        self.0.may_have_begun.unwrap_or(true)
    }

    /// The trace id, 32 hex digits.
    pub fn trace_id(&self) -> Option<&str> {
        self.0.trace_id.as_deref()
    }

    /// Machine-readable details; `Null` if there are none.
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

    fn may_have_begun(&self) -> bool {
        self.0.may_have_begun.unwrap_or(true)
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
    fn an_odd_field_costs_no_answer() {
        let wire = r#"{"code":"x","message":"m","category":"unavailable","retryable":"yes","retry_after":"1","trace_id":7,"blame":[],"may_have_begun":0}"#;
        let problem: Problem = serde_json::from_str(wire).unwrap();
        assert_eq!(problem.code(), "x");
        assert!(!problem.is_retryable() && problem.may_have_begun());
        assert_eq!((problem.trace_id(), problem.blame()), (None, Blame::Peer));
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
    fn rephrasing_keeps_everything_but_the_words() {
        let problem = Problem::new(Category::Unavailable, "a.b", "one")
            .with_blame(Blame::Local)
            .with_retry_after(Duration::from_secs(3))
            .with_trace_id(0xabc)
            .with_may_have_begun(false)
            .with_detail("limit", 10);
        let other = problem.clone().rephrased("c.d", "two");
        assert_eq!((other.code(), other.message()), ("c.d", "two"));
        assert_eq!(other.rephrased("a.b", "one"), problem);
    }

    #[test]
    fn an_effect_may_have_begun_unless_somebody_promised_the_opposite() {
        let problem = Problem::new(Category::Unavailable, "a.b", "one");
        assert!(problem.may_have_begun());
        let wire = serde_json::to_value(problem.with_may_have_begun(false)).unwrap();
        assert_eq!(wire["may_have_begun"], false);
        let back: Problem = serde_json::from_value(wire).unwrap();
        assert!(!back.may_have_begun());
    }

    #[test]
    fn a_promise_about_a_call_further_down_is_not_handed_on() {
        let promise = Problem::new(Category::Unavailable, "a.b", "one").with_may_have_begun(false);
        assert!(!promise.clone().handed_on().may_have_begun());
        let received = promise.from_peer();
        assert!(!received.may_have_begun());
        assert!(received.handed_on().may_have_begun());
    }

    #[test]
    fn a_peer_may_blame_its_caller_for_time_alone() {
        let of = |category, blame| {
            let sent = Problem::new(category, "a.b", "one").with_blame(blame);
            sent.from_peer().blame()
        };
        assert_eq!(of(Category::Timeout, Blame::Caller), Blame::Caller);
        assert_eq!(of(Category::Internal, Blame::Caller), Blame::Peer);
        assert_eq!(of(Category::Unavailable, Blame::Local), Blame::Peer);
        assert_eq!(of(Category::Invalid, Blame::Local), Blame::Peer);
        assert_eq!(of(Category::BudgetExhausted, Blame::Peer), Blame::Local);
    }

    #[test]
    fn blame_is_the_categorys_until_somebody_knows_better() {
        let open = Problem::new(Category::Unavailable, "tool.circuit_open", "not now");
        assert_eq!(open.blame(), Blame::Peer);
        assert_eq!(open.with_blame(Blame::Local).blame(), Blame::Local);
    }
}
