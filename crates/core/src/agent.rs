//! Agents: active. An agent gets a [`World`], which a tool never sees: that is the asymmetry.

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

/// What an agent may reach. Lent for one invocation, so nothing outlives its span and budget.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct World<'a> {
    /// Finds tools and other agents.
    pub discovery: &'a dyn Discovery,
    /// Makes what was found callable.
    pub connector: &'a dyn Connector,
    /// Calls capabilities: finds an instance, fails over, repeats what may be repeated.
    pub caller: &'a dyn Caller,
    /// Thinks.
    pub model: &'a dyn ChatModel,
    /// Remembers across invocations.
    pub memory: &'a dyn Memory,
    /// Tells what happens.
    pub events: &'a dyn Events,
}

impl<'a> World<'a> {
    /// Everything an agent may reach.
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

/// Discovers, plans and calls; is itself callable.
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an agent",
    note = "put typed agents into a `Skillset`; a `Tool` is hosted with `Host::tool`"
)]
pub trait Agent: Send + Sync {
    /// The service name it registers under.
    fn name(&self) -> &str;

    /// What it can be asked to do.
    fn capabilities(&self) -> &[Capability];

    /// Does it, with the world's help.
    ///
    /// # Errors
    /// A [`ToolError`] that says what was wrong, where, and what to do.
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

/// An agent's skill as its author writes it: one capability with its types.
#[async_trait]
pub trait TypedAgent: Send + Sync {
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
    const COST: CostClass = CostClass::Expensive;
    /// How long a call may take when its caller says nothing.
    const TIMEOUT: Duration = Duration::from_secs(120);
    /// The name for people, if it is not the capability's.
    const TITLE: Option<&'static str> = None;
    /// See [`Capability::honours_idempotency_key`].
    const HONOURS_IDEMPOTENCY_KEY: bool = false;
    /// Words to find it by.
    const TAGS: &'static [&'static str] = &[];
    /// Whether an unknown input field is refused; see [`TypedTool::STRICT`](crate::TypedTool::STRICT).
    const STRICT: bool = true;

    /// Inputs that show how it is called.
    fn examples() -> Vec<Value>
    where
        Self: Sized,
    {
        Vec::new()
    }

    /// Does it, with the world's help.
    ///
    /// # Errors
    /// A [`ToolError`] that says what was wrong, where, and what to do.
    async fn invoke(
        &self,
        cx: &Cx,
        world: &World<'_>,
        input: Self::Input,
    ) -> Result<Self::Output, ToolError>;
}

/// An [`Agent`] made of [`TypedAgent`]s.
pub struct Skillset(Catalogue<dyn Erased>);

impl Skillset {
    /// An agent without skills that registers as `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self(Catalogue::new(name.into()))
    }

    /// Adds a skill.
    ///
    /// # Panics
    /// If the capability's name is in the set already or is malformed, or if its input is no object:
    /// mistakes of the program, not of its input.
    #[must_use]
    pub fn with<A: TypedAgent + 'static>(mut self, skill: A) -> Self {
        let capability = Capability::of::<A::Input, A::Output>(A::NAME, A::DESCRIPTION)
            .with_effect(A::EFFECT)
            .with_cost(A::COST)
            .with_timeout(A::TIMEOUT)
            .with_honours_idempotency_key(A::HONOURS_IDEMPOTENCY_KEY)
            .with_tags(A::TAGS.iter().copied())
            .with_examples(A::examples());
        let capability = match A::TITLE {
            Some(title) => capability.with_title(title),
            None => capability,
        };
        let capability = match A::STRICT {
            true => capability.with_closed_input(),
            false => capability,
        };
        self.0.add(capability, Box::new(skill));
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

/// A typed skill behind JSON.
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
