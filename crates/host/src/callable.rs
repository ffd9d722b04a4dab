//! A tool or an agent, as used by the routes.

use glassbox_core::{
    Agent, Caller, Capability, ChatModel, Connector, Cx, Discovery, Events, Memory, Outcome,
    ServiceKind, Tool, ToolError, World, async_trait,
};
use serde_json::Value;
use std::sync::Arc;

/// What is served.
#[async_trait]
pub(crate) trait Callable: Send + Sync {
    fn kind(&self) -> ServiceKind;
    fn name(&self) -> &str;
    fn capabilities(&self) -> &[Capability];
    async fn call(&self, cx: &Cx, capability: &str, input: Value) -> Result<Outcome, ToolError>;
}

/// A tool, which gets the call and nothing else.
pub(crate) struct ServedTool(pub(crate) Arc<dyn Tool>);

#[async_trait]
impl Callable for ServedTool {
    fn kind(&self) -> ServiceKind {
        ServiceKind::Tool
    }

    fn name(&self) -> &str {
        self.0.name()
    }

    fn capabilities(&self) -> &[Capability] {
        self.0.capabilities()
    }

    async fn call(&self, cx: &Cx, capability: &str, input: Value) -> Result<Outcome, ToolError> {
        self.0.call(cx, capability, input).await
    }
}

/// An agent, with the parts of the `World` for each call.
pub(crate) struct ServedAgent {
    pub(crate) agent: Arc<dyn Agent>,
    pub(crate) discovery: Arc<dyn Discovery>,
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) caller: Arc<dyn Caller>,
    pub(crate) model: Arc<dyn ChatModel>,
    pub(crate) memory: Arc<dyn Memory>,
    pub(crate) events: Arc<dyn Events>,
}

#[async_trait]
impl Callable for ServedAgent {
    fn kind(&self) -> ServiceKind {
        ServiceKind::Agent
    }

    fn name(&self) -> &str {
        self.agent.name()
    }

    fn capabilities(&self) -> &[Capability] {
        self.agent.capabilities()
    }

    async fn call(&self, cx: &Cx, capability: &str, input: Value) -> Result<Outcome, ToolError> {
        let world = World::new(
            &*self.discovery,
            &*self.connector,
            &*self.caller,
            &*self.model,
            &*self.memory,
            &*self.events,
        );
        let result = self.agent.invoke(cx, &world, capability, input).await;
        // An error may come from one of several calls that the agent made. Whether that call was begun
        // does not apply to the others.
        result.map_err(|error| match error.code() {
            "input.invalid" | "capability.unknown" => error,
            _ => error.with_may_have_begun(true),
        })
    }
}
