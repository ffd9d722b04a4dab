//! The two roles of a service: only an agent is given a world.

use crate::{
    LocalTools, MemoryStore,
    callable::{Callable, ServedAgent, ServedTool},
    wiring::Wiring,
};
use glassbox_core::{
    Agent, Caller, Category, ChatModel, ChatRequest, ChatStream, Clock, Connector, Cx, Discovery,
    Events, Memory, ModelError, NoEvents, Problem, Tool, async_trait,
};
use glassbox_invoke::Invoker;
use std::sync::Arc;

/// What a host serves.
pub(crate) trait Role {
    /// Fills unset parts from the settings, or with implementations that do nothing.
    fn into_callable(self, wiring: &Wiring, clock: &Arc<dyn Clock>) -> Arc<dyn Callable>;
}

/// The role of a tool, which is only called.
pub struct Passive {
    tool: Arc<dyn Tool>,
}

impl Passive {
    pub(crate) fn new(tool: Arc<dyn Tool>) -> Self {
        Self { tool }
    }
}

impl Role for Passive {
    fn into_callable(self, _wiring: &Wiring, _clock: &Arc<dyn Clock>) -> Arc<dyn Callable> {
        Arc::new(ServedTool(self.tool))
    }
}

/// The role of an agent, which is called, and discovers and calls others.
pub struct Active {
    agent: Arc<dyn Agent>,
    pub(crate) discovery: Option<Arc<dyn Discovery>>,
    pub(crate) connector: Option<Arc<dyn Connector>>,
    pub(crate) caller: Option<Arc<dyn Caller>>,
    pub(crate) model: Option<Arc<dyn ChatModel>>,
    pub(crate) memory: Option<Arc<dyn Memory>>,
    pub(crate) events: Option<Arc<dyn Events>>,
}

impl Active {
    pub(crate) fn new(agent: Arc<dyn Agent>) -> Self {
        Self {
            agent,
            discovery: None,
            connector: None,
            caller: None,
            model: None,
            memory: None,
            events: None,
        }
    }
}

impl Role for Active {
    fn into_callable(self, wiring: &Wiring, clock: &Arc<dyn Clock>) -> Arc<dyn Callable> {
        let nobody = Arc::new(LocalTools::new());
        let discovery = (self.discovery)
            .or_else(|| wiring.discovery.clone())
            .unwrap_or_else(|| nobody.clone());
        let connector = (self.connector)
            .or_else(|| wiring.connector.clone())
            .unwrap_or(nobody);
        let caller = self.caller.unwrap_or_else(|| {
            let (discovery, connector) = (discovery.clone(), connector.clone());
            let invoker = Invoker::new(discovery, connector, clock.clone(), tokio::time::sleep);
            Arc::new(invoker)
        });
        Arc::new(ServedAgent {
            agent: self.agent,
            caller,
            discovery,
            connector,
            model: self.model.unwrap_or_else(|| Arc::new(NoModel)),
            memory: self.memory.unwrap_or_else(|| Arc::new(MemoryStore::new())),
            events: self.events.unwrap_or_else(|| Arc::new(NoEvents)),
        })
    }
}

/// The model of an agent without one: every use fails.
struct NoModel;

#[async_trait]
impl ChatModel for NoModel {
    fn id(&self) -> &str {
        "none/none"
    }

    async fn stream(&self, _cx: &Cx, _request: &ChatRequest) -> Result<ChatStream, ModelError> {
        let message = "the agent was given no model; give it one with Host::agent(…).model(…)";
        Err(ModelError::from_problem(Problem::new(
            Category::Internal,
            "model.none",
            message,
        )))
    }
}
