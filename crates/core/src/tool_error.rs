//! Errors of tools and agents.

use crate::{Blame, Category, Decide, Problem, Retry};
use serde_json::Value;
use std::{error::Error, fmt, time::Duration};

/// Why a call of a tool or an agent failed.
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
    /// Creates an error with a stable dotted code (`weather.unknown_city`) and one sentence for people and
    /// models that states what was wrong, where, and what to do.
    pub fn new(category: Category, code: impl Into<String>, message: impl Into<String>) -> Self {
        Problem::new(category, code, message).into()
    }

    /// The input violates a rule beyond its schema.
    pub fn invalid(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::Invalid, code, message)
    }

    /// The credentials are missing or wrong.
    pub fn unauthenticated(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::Unauthenticated, code, message)
    }

    /// The caller is authenticated but not permitted.
    pub fn forbidden(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::Forbidden, code, message)
    }

    /// Something that the input names does not exist.
    pub fn not_found(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::NotFound, code, message)
    }

    /// The current state does not allow it.
    pub fn conflict(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::Conflict, code, message)
    }

    /// A limit on rate or concurrency is reached.
    pub fn rate_limited(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::RateLimited, code, message)
    }

    /// A dependency is unavailable. The call can be retried.
    pub fn unavailable(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::Unavailable, code, message)
    }

    /// A dependency took too long. The call can be retried.
    pub fn timeout(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::Timeout, code, message)
    }

    /// An internal error that the caller cannot fix.
    pub fn internal(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Category::Internal, code, message)
    }

    /// The service does not have the capability.
    pub fn unknown_capability(service: &str, capability: &str) -> Self {
        let message = format!("{service} has no capability '{capability}'");
        Self::new(Category::NotFound, "capability.unknown", message)
    }

    /// The input does not match the capability's schema at `path`, such as `document.paragraphs[1]`. An
    /// empty path means the whole input.
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

    /// Adds the cause for logs. It is not sent to the caller.
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

    /// Marks the error as retryable after this delay.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.problem = self.problem.with_retry_after(wait);
        self
    }

    /// Sets whether the call may have taken effect, at least partly. `false` is a guarantee: the call can be
    /// retried, whatever its effect.
    #[must_use]
    pub fn with_may_have_begun(mut self, may_have_begun: bool) -> Self {
        self.problem = self.problem.with_may_have_begun(may_have_begun);
        self
    }

    /// The stable dotted code.
    pub fn code(&self) -> &str {
        self.problem.code()
    }

    /// The sentence for people and models.
    pub fn message(&self) -> &str {
        self.problem.message()
    }

    /// The category.
    pub fn category(&self) -> Category {
        self.problem.category()
    }

    /// The problem in its serialised form.
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

/// Converts an error of a dependency to a [`ToolError`] with that error as its cause.
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
    /// Returns the value, or a tool error of this category with the original error as its cause.
    ///
    /// # Errors
    /// If there is no value.
    fn or_tool_error(
        self,
        category: Category,
        code: &'static str,
        message: impl Into<String>,
    ) -> Result<T, ToolError>;

    /// Like [`ToolError::invalid`].
    ///
    /// # Errors
    /// If there is no value.
    fn or_invalid(self, code: &'static str, message: impl Into<String>) -> Result<T, ToolError> {
        self.or_tool_error(Category::Invalid, code, message)
    }

    /// Like [`ToolError::not_found`].
    ///
    /// # Errors
    /// If there is no value.
    fn or_not_found(self, code: &'static str, message: impl Into<String>) -> Result<T, ToolError> {
        self.or_tool_error(Category::NotFound, code, message)
    }

    /// Like [`ToolError::unavailable`].
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

    /// Like [`ToolError::internal`].
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
