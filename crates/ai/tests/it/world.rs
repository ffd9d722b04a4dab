//! A world in memory: tools that are closures.

use glassbox_core::{
    Capability, ChatModel, Connector, Cx, Discovery, Events, Filter, Memory, NoEvents, Output,
    Problem, ServiceInfo, ServiceKind, Tool, ToolError, World, async_trait,
};
use serde_json::Value;
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

type Answer = Pin<Box<dyn Future<Output = Result<Value, ToolError>> + Send>>;

#[derive(Default)]
pub(crate) struct Tools(Vec<(ServiceInfo, Arc<Service>)>);

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
        World::new(self, self, model, self, &NoEvents as &dyn Events)
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

    async fn call(&self, cx: &Cx, capability: &str, input: Value) -> Result<Output, ToolError> {
        assert_eq!(
            capability, self.capabilities[0].name,
            "called by its own name"
        );
        (self.act)(cx.clone(), input).await.map(Output::new)
    }
}

#[async_trait]
impl Discovery for Tools {
    async fn find(&self, filter: &Filter) -> Result<Vec<ServiceInfo>, Problem> {
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

#[async_trait]
impl Memory for Tools {
    async fn get(&self, _key: &str) -> Result<Option<(Value, u64)>, Problem> {
        panic!("nothing here remembers")
    }

    async fn put(
        &self,
        _key: &str,
        _value: Value,
        _expected: Option<u64>,
        _ttl: Option<Duration>,
    ) -> Result<u64, Problem> {
        panic!("nothing here remembers")
    }

    async fn remove(&self, _key: &str) -> Result<(), Problem> {
        panic!("nothing here remembers")
    }
}
