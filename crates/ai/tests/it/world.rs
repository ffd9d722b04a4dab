//! A world in memory: tools that are closures.

use glassbox_core::{
    Call, Called, Caller, Capability, ChatModel, Clock, Connector, Cx, Discovery, Filter, Outcome,
    Problem, ServiceInfo, ServiceKind, Tool, ToolError, World, async_trait,
};
use glassbox_invoke::Invoker;
use glassbox_testkit::Nobody;
use serde_json::Value;
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};
use tokio::time::Instant;

type Answer = Pin<Box<dyn Future<Output = Result<Value, ToolError>> + Send>>;

/// Tokio's clock, which a test can pause.
#[derive(Clone, Copy)]
pub(crate) struct TokioClock(Instant);

impl TokioClock {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap()
    }
}

pub(crate) struct Tools(Vec<(ServiceInfo, Arc<Service>)>, TokioClock);

impl Default for Tools {
    fn default() -> Self {
        Self(Vec::new(), TokioClock::new())
    }
}

struct Service {
    capabilities: Vec<Capability>,
    act: Box<dyn Fn(Cx, Value) -> Answer + Send + Sync>,
}

impl Tools {
    pub(crate) fn with<F>(
        self,
        name: &str,
        act: impl Fn(Cx, Value) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Value, ToolError>> + Send + 'static,
    {
        let service = format!("{name}-tool");
        let capability = Capability::of::<(), ()>(name, format!("Does {name}."))
            .with_timeout(Duration::from_secs(30));
        self.with_service(&service, capability, act)
    }

    pub(crate) fn with_service<F>(
        mut self,
        name: &str,
        capability: Capability,
        act: impl Fn(Cx, Value) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Value, ToolError>> + Send + 'static,
    {
        let instance = format!("i-{}", self.0.len());
        let capabilities = vec![capability];
        let info = ServiceInfo::new(
            ServiceKind::Tool,
            name,
            instance,
            "memory:",
            capabilities.clone(),
        );
        let service = Service {
            capabilities,
            act: Box::new(move |cx, input| Box::pin(act(cx, input))),
        };
        self.0.push((info, Arc::new(service)));
        self
    }

    pub(crate) fn world<'a>(&'a self, model: &'a dyn ChatModel) -> World<'a> {
        World::new(self, self, self, model, &Nobody, &Nobody)
    }
}

#[async_trait]
impl Tool for Service {
    fn name(&self) -> &str {
        "service"
    }

    fn capabilities(&self) -> &[Capability] {
        &self.capabilities
    }

    async fn call(&self, cx: &Cx, capability: &str, input: Value) -> Result<Outcome, ToolError> {
        assert_eq!(
            capability, self.capabilities[0].name,
            "called by its own name"
        );
        (self.act)(cx.clone(), input).await.map(Outcome::done)
    }
}

/// Makes calls as a host does, on tokio's clock and with closed breakers.
#[async_trait]
impl Caller for Tools {
    async fn call(&self, cx: &Cx, call: Call) -> Called {
        let invoker = Invoker::new(self, self, self.1, tokio::time::sleep);
        invoker.call(cx, call).await
    }
}

#[async_trait]
impl Discovery for Tools {
    async fn find(&self, _cx: &Cx, filter: &Filter) -> Result<Vec<ServiceInfo>, Problem> {
        let all = self.0.iter().map(|(info, _)| info);
        Ok(all.filter(|info| filter.matches(info)).cloned().collect())
    }
}

impl Connector for Tools {
    fn connect(&self, service: &ServiceInfo) -> Result<Arc<dyn Tool>, Problem> {
        let mut all = self.0.iter();
        let found = all.find(|(info, _)| info.instance == service.instance);
        Ok(found.unwrap().1.clone())
    }
}
