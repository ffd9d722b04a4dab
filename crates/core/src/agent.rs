//! Agents. Unlike a tool, an agent gets a [`World`] to discover and call others.

use crate::{
    Caller, Capability, ChatModel, Connector, CostClass, Cx, Discovery, Effect, Events, Memory,
    Outcome, ToolError,
    catalogue::{Catalogue, read, write},
};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::time::Duration;

/// The resources of an agent. Borrowed for one invocation, so nothing outlives its span and budget.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct World<'a> {
    /// Finds tools and other agents.
    pub discovery: &'a dyn Discovery,
    /// Connects to services that were found.
    pub connector: &'a dyn Connector,
    /// Calls capabilities: finds an instance, fails over, and retries if the effect allows it.
    pub caller: &'a dyn Caller,
    /// The chat model.
    pub model: &'a dyn ChatModel,
    /// Storage across invocations.
    pub memory: &'a dyn Memory,
    /// Publishes events.
    pub events: &'a dyn Events,
}

impl<'a> World<'a> {
    /// Creates a world.
    pub fn new(
        discovery: &'a dyn Discovery,
        connector: &'a dyn Connector,
        caller: &'a dyn Caller,
        model: &'a dyn ChatModel,
        memory: &'a dyn Memory,
        events: &'a dyn Events,
    ) -> Self {
        Self {
            discovery,
            connector,
            caller,
            model,
            memory,
            events,
        }
    }
}

/// An agent: it discovers and calls others, and can be called itself.
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an agent",
    note = "put typed agents into a `Skillset`; a `Tool` is hosted with `Host::tool`"
)]
pub trait Agent: Send + Sync {
    /// The service name it registers under.
    fn name(&self) -> &str;

    /// Its capabilities.
    fn capabilities(&self) -> &[Capability];

    /// Performs a capability with the resources of `world`.
    ///
    /// # Errors
    /// A [`ToolError`] that states what was wrong, where, and what to do.
    ///
    /// # Cancel safety
    /// Dropping the future cancels what it started.
    async fn invoke(
        &self,
        cx: &Cx,
        world: &World<'_>,
        capability: &str,
        input: Value,
    ) -> Result<Outcome, ToolError>;
}

through_pointers! {
    #[async_trait]
    Agent {
        fn name(&self) -> &str {
            (**self).name()
        }
        fn capabilities(&self) -> &[Capability] {
            (**self).capabilities()
        }
        async fn invoke(
            &self,
            cx: &Cx,
            world: &World<'_>,
            capability: &str,
            input: Value,
        ) -> Result<Outcome, ToolError> {
            (**self).invoke(cx, world, capability, input).await
        }
    }
}

/// A skill of an agent with typed input and output.
#[async_trait]
pub trait TypedAgent: Send + Sync {
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
    const COST: CostClass = CostClass::Expensive;
    /// Default timeout of a call.
    const TIMEOUT: Duration = Duration::from_secs(120);
    /// The display name, if it differs from the capability's name.
    const TITLE: Option<&'static str> = None;
    /// See [`Capability::honours_idempotency_key`].
    const HONOURS_IDEMPOTENCY_KEY: bool = false;
    /// Search terms.
    const TAGS: &'static [&'static str] = &[];
    /// Whether an unknown input field is rejected; see [`TypedTool::STRICT`](crate::TypedTool::STRICT).
    const STRICT: bool = true;

    /// Example inputs.
    fn examples() -> Vec<Value>
    where
        Self: Sized,
    {
        Vec::new()
    }

    /// Performs a capability with the resources of `world`.
    ///
    /// # Errors
    /// A [`ToolError`] that states what was wrong, where, and what to do.
    async fn invoke(
        &self,
        cx: &Cx,
        world: &World<'_>,
        input: Self::Input,
    ) -> Result<Self::Output, ToolError>;
}

/// An [`Agent`] that consists of [`TypedAgent`]s.
pub struct Skillset(Catalogue<dyn Erased>);

impl Skillset {
    /// Creates an agent without skills that registers as `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self(Catalogue::new(name.into()))
    }

    /// Adds a skill.
    ///
    /// # Panics
    /// If the capability's name is already in the set or malformed, or its input is not an object. These
    /// are programming errors.
    #[must_use]
    pub fn with<A: TypedAgent + 'static>(mut self, skill: A) -> Self {
        let capability = Capability::of::<A::Input, A::Output>(A::NAME, A::DESCRIPTION)
            .with_effect(A::EFFECT)
            .with_cost(A::COST)
            .with_timeout(A::TIMEOUT)
            .with_honours_idempotency_key(A::HONOURS_IDEMPOTENCY_KEY)
            .with_tags(A::TAGS.iter().copied())
            .with_examples(A::examples());
        self.0.add(capability, A::TITLE, A::STRICT, Box::new(skill));
        self
    }
}

#[async_trait]
impl Agent for Skillset {
    fn name(&self) -> &str {
        self.0.service()
    }

    fn capabilities(&self) -> &[Capability] {
        self.0.capabilities()
    }

    async fn invoke(
        &self,
        cx: &Cx,
        world: &World<'_>,
        capability: &str,
        input: Value,
    ) -> Result<Outcome, ToolError> {
        self.0.find(capability)?.invoke(cx, world, input).await
    }
}

/// A typed skill with a JSON interface.
#[async_trait]
trait Erased: Send + Sync {
    async fn invoke(&self, cx: &Cx, world: &World<'_>, input: Value) -> Result<Outcome, ToolError>;
}

#[async_trait]
impl<A: TypedAgent> Erased for A {
    async fn invoke(&self, cx: &Cx, world: &World<'_>, input: Value) -> Result<Outcome, ToolError> {
        let input = read(A::NAME, input, A::STRICT)?;
        write(A::NAME, &TypedAgent::invoke(self, cx, world, input).await?)
    }
}
