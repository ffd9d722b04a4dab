//! Tools: passive. They are called and register themselves; they cannot discover or call others.

use crate::{Capability, CostClass, Cx, Effect, Outcome, ToolError};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::time::Duration;

/// A tool as everybody else sees it: JSON in, JSON out.
///
/// A tool sees a [`Cx`] and its input, nothing else: what only an [`Agent`](crate::Agent) may do
/// needs a [`World`](crate::World), which no tool is given. A tool that asks for one does not compile,
/// and the same tool without it does:
///
/// ```compile_fail,E0050
/// use glassbox_core::{Capability, Cx, Outcome, Tool, ToolError, World};
///
/// struct Curious;
///
/// #[glassbox_core::async_trait]
/// impl Tool for Curious {
///     fn name(&self) -> &str { "curious" }
///     fn capabilities(&self) -> &[Capability] { &[] }
///     async fn call(&self, cx: &Cx, world: &World<'_>, capability: &str, input: serde_json::Value)
///         -> Result<Outcome, ToolError> { unreachable!() }
/// }
/// ```
///
/// ```
/// # use glassbox_core::{Capability, Cx, Outcome, Tool, ToolError, World};
/// # struct Curious;
/// # #[glassbox_core::async_trait]
/// # impl Tool for Curious {
/// #     fn name(&self) -> &str { "curious" }
/// #     fn capabilities(&self) -> &[Capability] { &[] }
///     async fn call(&self, cx: &Cx, capability: &str, input: serde_json::Value)
///         -> Result<Outcome, ToolError> { unreachable!() }
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
    async fn call(&self, cx: &Cx, capability: &str, input: Value) -> Result<Outcome, ToolError>;
}

through_pointers! {
    #[async_trait]
    Tool {
        fn name(&self) -> &str {
            (**self).name()
        }
        fn capabilities(&self) -> &[Capability] {
            (**self).capabilities()
        }
        async fn call(
            &self,
            cx: &Cx,
            capability: &str,
            input: Value,
        ) -> Result<Outcome, ToolError> {
            (**self).call(cx, capability, input).await
        }
    }
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
    /// The name for people, if it is not the capability's.
    const TITLE: Option<&'static str> = None;
    /// See [`Capability::open_world`].
    const OPEN_WORLD: bool = true;
    /// See [`Capability::honours_idempotency_key`].
    const HONOURS_IDEMPOTENCY_KEY: bool = false;
    /// Words to find it by.
    const TAGS: &'static [&'static str] = &[];
    /// Whether an unknown input field is refused. A model repairs only what is named, so it is on;
    /// turn it off while callers of several versions are about, as in a rolling upgrade.
    const STRICT: bool = true;

    /// Inputs that show how it is called.
    fn examples() -> Vec<Value>
    where
        Self: Sized,
    {
        Vec::new()
    }

    /// Does it.
    ///
    /// # Errors
    /// A [`ToolError`] that says what was wrong, where, and what to do.
    async fn call(&self, cx: &Cx, input: Self::Input) -> Result<Self::Output, ToolError>;
}
