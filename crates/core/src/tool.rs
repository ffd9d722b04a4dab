//! Tools: passive. They are called and register themselves; they cannot discover or call others.

use crate::{Blame, Capability, Category, CostClass, Cx, Decide, Effect, Problem, Retry};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{error::Error, time::Duration};

/// What a tool or an agent answered.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Output {
    /// Satisfies the capability's output schema.
    pub value: Value,
}

impl Output {
    /// An answer.
    pub fn new(value: Value) -> Self {
        Self { value }
    }
}

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

    /// The capability is not among those that the service has.
    pub fn unknown_capability(service: &str, capability: &str) -> Self {
        let message = format!("{service} has no capability '{capability}'");
        Self::new(Category::NotFound, "capability.unknown", message)
    }

    /// The input does not fit the capability's schema.
    pub fn invalid_input(capability: &str, error: &serde_json::Error) -> Self {
        let message = format!("the input of {capability} does not fit its schema: {error}");
        Self::new(Category::Invalid, "input.invalid", message)
    }

    /// Adds the cause, for logs; it does not cross the wire.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
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
}

/// A tool as everybody else sees it: JSON in, JSON out.
///
/// A tool sees a [`Cx`] and its input, nothing else: what only an [`Agent`](crate::Agent) may do
/// needs a [`World`](crate::World), which no tool is given. A tool that asks for one does not compile,
/// and the same tool without it does:
///
/// ```compile_fail,E0050
/// use glassbox_core::{Capability, Cx, Output, Tool, ToolError, World};
///
/// struct Curious;
///
/// #[glassbox_core::async_trait]
/// impl Tool for Curious {
///     fn name(&self) -> &str { "curious" }
///     fn capabilities(&self) -> &[Capability] { &[] }
///     async fn call(&self, cx: &Cx, world: &World<'_>, capability: &str, input: serde_json::Value)
///         -> Result<Output, ToolError> { unreachable!() }
/// }
/// ```
///
/// ```
/// # use glassbox_core::{Capability, Cx, Output, Tool, ToolError, World};
/// # struct Curious;
/// # #[glassbox_core::async_trait]
/// # impl Tool for Curious {
/// #     fn name(&self) -> &str { "curious" }
/// #     fn capabilities(&self) -> &[Capability] { &[] }
///     async fn call(&self, cx: &Cx, capability: &str, input: serde_json::Value)
///         -> Result<Output, ToolError> { unreachable!() }
/// # }
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool",
    note = "put typed tools into a `Toolbox`; an `Agent` is hosted with `Host::agent`"
)]
pub trait Tool: Send + Sync {
    /// The service name it registers under.
    fn name(&self) -> &str;

    /// What it can do. Constant over the tool's life.
    fn capabilities(&self) -> &[Capability];

    /// Does it. `input` has not been checked: typed tools in a [`Toolbox`](crate::Toolbox) are
    /// checked by reading it into their type, others check for themselves.
    ///
    /// # Errors
    /// A [`ToolError`] that says what was wrong, where, and what to do.
    ///
    /// # Cancel safety
    /// Dropping the future must leave nothing half done that a retry could not repair.
    async fn call(&self, cx: &Cx, capability: &str, input: Value) -> Result<Output, ToolError>;
}

/// A tool as its author writes it: one capability with its types; the schemas come from them.
///
/// ```
/// use glassbox_core::{Cx, Effect, ToolError, Toolbox, TypedTool};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Words {
///     /// The text to count.
///     text: String,
/// }
///
/// struct CountWords;
///
/// #[glassbox_core::async_trait]
/// impl TypedTool for CountWords {
///     type Input = Words;
///     type Output = usize;
///     const NAME: &'static str = "count_words";
///     const DESCRIPTION: &'static str = "Counts the words of a text.";
///     const EFFECT: Effect = Effect::ReadOnly;
///
///     async fn call(&self, _cx: &Cx, input: Words) -> Result<usize, ToolError> {
///         Ok(input.text.split_whitespace().count())
///     }
/// }
///
/// let tool = Toolbox::new("word-tool").with(CountWords);
/// ```
#[async_trait]
pub trait TypedTool: Send + Sync {
    /// What it takes.
    type Input: DeserializeOwned + JsonSchema + Send;
    /// What it gives.
    type Output: Serialize + JsonSchema;
    /// The capability's name: lower-case words joined by `_`.
    const NAME: &'static str;
    /// One or two sentences for people and models.
    const DESCRIPTION: &'static str;
    /// What it does to the world; an author who says nothing gets no repetition.
    const EFFECT: Effect = Effect::Mutating;
    /// See [`CostClass`].
    const COST: CostClass = CostClass::Free;
    /// How long a call may take when its caller says nothing.
    const TIMEOUT: Duration = Duration::from_secs(30);

    /// Does it.
    ///
    /// # Errors
    /// A [`ToolError`] that says what was wrong, where, and what to do.
    async fn call(&self, cx: &Cx, input: Self::Input) -> Result<Self::Output, ToolError>;
}
