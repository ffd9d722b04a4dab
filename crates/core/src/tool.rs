//! Tools. They are called and cannot discover or call others.

use crate::{Capability, CostClass, Cx, Effect, Outcome, ToolError};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::time::Duration;

/// A tool with a JSON interface.
///
/// A tool gets only a [`Cx`] and its input. Discovering and calling others requires a
/// [`World`](crate::World), which only an [`Agent`](crate::Agent) gets. A tool with a `World` parameter
/// does not compile; the same tool without it does:
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

    /// Its capabilities. They never change.
    fn capabilities(&self) -> &[Capability];

    /// Performs a capability. `input` is not validated: typed tools in a [`Toolbox`](crate::Toolbox)
    /// validate it by deserialising it, other tools must do so themselves.
    ///
    /// # Errors
    /// A [`ToolError`] that states what was wrong, where, and what to do.
    ///
    /// # Cancel safety
    /// Dropping the future must not leave partial work that a retry cannot repair.
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

/// A tool with typed input and output, which define the schemas of its one capability.
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
    /// The input type.
    type Input: DeserializeOwned + JsonSchema + Send;
    /// The output type.
    type Output: Serialize + JsonSchema;
    /// The capability's name: lower-case words joined by `_`.
    const NAME: &'static str;
    /// One or two sentences for people and models.
    const DESCRIPTION: &'static str;
    /// Its effect. The default allows no retries.
    const EFFECT: Effect = Effect::Mutating;
    /// See [`CostClass`].
    const COST: CostClass = CostClass::Free;
    /// Default timeout of a call.
    const TIMEOUT: Duration = Duration::from_secs(30);
    /// The display name, if it differs from the capability's name.
    const TITLE: Option<&'static str> = None;
    /// See [`Capability::open_world`].
    const OPEN_WORLD: bool = true;
    /// See [`Capability::honours_idempotency_key`].
    const HONOURS_IDEMPOTENCY_KEY: bool = false;
    /// Search terms.
    const TAGS: &'static [&'static str] = &[];
    /// Whether an unknown input field is rejected. On by default, because a model can repair only what an
    /// error names. Turn it off while callers have different versions, as in a rolling upgrade.
    const STRICT: bool = true;

    /// Example inputs.
    fn examples() -> Vec<Value>
    where
        Self: Sized,
    {
        Vec::new()
    }

    /// Performs the capability.
    ///
    /// # Errors
    /// A [`ToolError`] that states what was wrong, where, and what to do.
    async fn call(&self, cx: &Cx, input: Self::Input) -> Result<Self::Output, ToolError>;
}
