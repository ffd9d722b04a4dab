//! Why a tool or an agent did not answer.

use crate::{Blame, Category, Decide, Problem, Retry};
use serde_json::Value;
use std::{error::Error, fmt, time::Duration};

/// Why a tool or an agent did not answer.
///
/// ```
/// use glassbox_core::{Category, ToolError};
///
/// let error = ToolError::new(Category::NotFound, "geocoding.unknown_city", "no city is called 'Atlantis'");
/// assert_eq!(error.to_string(), "no city is called 'Atlantis'");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{}", problem.message())]
pub struct ToolError {
    problem: Problem,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ToolError {
    /// A failure with a stable dotted code (`weather.unknown_city`) and one sentence for people and
    /// models: what was wrong, where, what to do.
    pub fn new(category: Category, code: impl Into<String>, message: impl Into<String>) -> Self {
        Problem::new(category, code, message).into()
    }

    /// The input breaks a rule that the schema cannot state.
    pub fn invalid(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::Invalid, code, message)
    }

    /// The credentials are missing or wrong.
    pub fn unauthenticated(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::Unauthenticated, code, message)
    }

    /// The caller is known, and is not allowed to do this.
    pub fn forbidden(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::Forbidden, code, message)
    }

    /// What the input names does not exist.
    pub fn not_found(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::NotFound, code, message)
    }

    /// The present state does not allow it.
    pub fn conflict(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::Conflict, code, message)
    }

    /// A limit on rate or concurrency is reached.
    pub fn rate_limited(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::RateLimited, code, message)
    }

    /// A dependency does not answer; the call may be repeated.
    pub fn unavailable(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::Unavailable, code, message)
    }

    /// A dependency took too long; the call may be repeated.
    pub fn timeout(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::Timeout, code, message)
    }

    /// A defect: nothing that the caller could mend.
    pub fn internal(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::Internal, code, message)
    }

    /// The capability is not among those that the service has.
    pub fn unknown_capability(service: &str, capability: &str) -> Self {
        let message = format!("{service} has no capability '{capability}'");
        Self::new(Category::NotFound, "capability.unknown", message)
    }

    /// The input does not fit the capability's schema at `path`, as in `document.paragraphs[1]`; an empty
    /// path is the input as a whole.
    pub fn invalid_input(capability: &str, path: &str, reason: impl fmt::Display) -> Self {
        let place = match path {
            "" => String::new(),
            path => format!("{path}: "),
        };
        let message = format!("the input of {capability} does not fit its schema: {place}{reason}");
        let error = Self::new(Category::Invalid, "input.invalid", message);
        let error = error.with_may_have_begun(false);
        match path {
            "" => error,
            path => error.with_detail("path", path),
        }
    }

    /// Adds the cause, for logs; it does not cross the wire.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds a machine-readable detail: the field, the limit, the value seen.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.problem = self.problem.with_detail(key, value);
        self
    }

    /// Says that the same call may succeed, and how long to wait before it.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.problem = self.problem.with_retry_after(wait);
        self
    }

    /// Says whether the call may have taken effect, at least in part. `false` is a promise: the call can be
    /// repeated, whatever its effect.
    #[must_use]
    pub fn with_may_have_begun(mut self, may_have_begun: bool) -> Self {
        self.problem = self.problem.with_may_have_begun(may_have_begun);
        self
    }

    /// Stable, dotted.
    pub fn code(&self) -> &str {
        self.problem.code()
    }

    /// One sentence for people and models.
    pub fn message(&self) -> &str {
        self.problem.message()
    }

    /// What kind of failure it is.
    pub fn category(&self) -> Category {
        self.problem.category()
    }

    /// The same as it crosses the wire.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl From<Problem> for ToolError {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            source: None,
        }
    }
}

impl Decide for ToolError {
    fn retry(&self) -> Retry {
        self.problem.retry()
    }

    fn blame(&self) -> Blame {
        self.problem.blame()
    }

    fn may_have_begun(&self) -> bool {
        self.problem.may_have_begun()
    }
}

/// Turns the failure of a dependency into a [`ToolError`] that keeps it as its cause.
///
/// ```
/// use glassbox_core::{OrToolError, ToolError};
///
/// fn read(text: &str) -> Result<i64, ToolError> {
///     text.parse().or_invalid("sum.not_a_number", "write a whole number, such as 7")
/// }
///
/// fn first(words: &[&'static str]) -> Result<&'static str, ToolError> {
///     words.first().copied().or_not_found("words.none", "the text has no words")
/// }
///
/// assert_eq!(read("seven").unwrap_err().code(), "sum.not_a_number");
/// assert_eq!(first(&[]).unwrap_err().code(), "words.none");
/// ```
pub trait OrToolError<T>: Sized {
    /// The value, or a tool error of this category with the failure as its cause.
    ///
    /// # Errors
    /// If there is no value.
    fn or_tool_error(
        self,
        category: Category,
        code: &'static str,
        message: impl Into<String>,
    ) -> Result<T, ToolError>;

    /// As [`ToolError::invalid`].
    ///
    /// # Errors
    /// If there is no value.
    fn or_invalid(self, code: &'static str, message: impl Into<String>) -> Result<T, ToolError> {
        self.or_tool_error(Category::Invalid, code, message)
    }

    /// As [`ToolError::not_found`].
    ///
    /// # Errors
    /// If there is no value.
    fn or_not_found(self, code: &'static str, message: impl Into<String>) -> Result<T, ToolError> {
        self.or_tool_error(Category::NotFound, code, message)
    }

    /// As [`ToolError::unavailable`].
    ///
    /// # Errors
    /// If there is no value.
    fn or_unavailable(
        self,
        code: &'static str,
        message: impl Into<String>,
    ) -> Result<T, ToolError> {
        self.or_tool_error(Category::Unavailable, code, message)
    }

    /// As [`ToolError::internal`].
    ///
    /// # Errors
    /// If there is no value.
    fn or_internal(self, code: &'static str, message: impl Into<String>) -> Result<T, ToolError> {
        self.or_tool_error(Category::Internal, code, message)
    }
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> OrToolError<T> for Result<T, E> {
    fn or_tool_error(
        self,
        category: Category,
        code: &'static str,
        message: impl Into<String>,
    ) -> Result<T, ToolError> {
        self.map_err(|error| ToolError::new(category, code, message).with_source(error))
    }
}

impl<T> OrToolError<T> for Option<T> {
    fn or_tool_error(
        self,
        category: Category,
        code: &'static str,
        message: impl Into<String>,
    ) -> Result<T, ToolError> {
        self.ok_or_else(|| ToolError::new(category, code, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_stays_as_the_cause() {
        let failed: Result<u8, _> = "x".parse::<u8>();
        let error = failed
            .or_unavailable("a.b", "the peer is down")
            .unwrap_err();
        assert_eq!(error.category(), Category::Unavailable);
        assert_eq!(error.to_string(), "the peer is down");
        assert!(
            error
                .source()
                .unwrap()
                .to_string()
                .contains("invalid digit")
        );
    }

    #[test]
    fn what_is_refused_before_it_began_says_so() {
        let error = ToolError::invalid_input("add", "pairs[1].a", "missing field `b`");
        assert!(!error.may_have_begun());
        assert_eq!(error.problem().details()["path"], "pairs[1].a");
        assert_eq!(
            error.message(),
            "the input of add does not fit its schema: pairs[1].a: missing field `b`"
        );
    }
}
