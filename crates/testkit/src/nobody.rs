//! A world that contains nothing.

use glassbox_core::{
    Call, Called, Caller, Category, ChatModel, ChatRequest, ChatStream, Connector, Cx, Discovery,
    Event, Events, Filter, Memory, MemoryKey, MemoryPage, ModelError, Problem, ServiceInfo, Tool,
    Versioned, async_trait,
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// Stands in for every part of a [`World`](glassbox_core::World) that a test does not use.
///
/// Discovery finds nothing and events are dropped. Every other call panics, because the test uses a part that
/// it did not mean to use.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

#[async_trait]
impl Discovery for Nobody {
    async fn find(&self, _cx: &Cx, _filter: &Filter) -> Result<Vec<ServiceInfo>, Problem> {
        Ok(Vec::new())
    }
}

impl Connector for Nobody {
    fn connect(&self, service: &ServiceInfo) -> Result<Arc<dyn Tool>, Problem> {
        panic!("no test connects to '{}' here", service.name)
    }
}

#[async_trait]
impl Caller for Nobody {
    async fn call(&self, _cx: &Cx, call: Call) -> Called {
        let message = format!("no service has the capability '{}'", call.capability);
        let problem = Problem::new(Category::NotFound, "capability.unknown", message);
        Called::refused(problem.into())
    }
}

#[async_trait]
impl ChatModel for Nobody {
    fn id(&self) -> &str {
        "none/none"
    }

    async fn stream(&self, _cx: &Cx, _request: &ChatRequest) -> Result<ChatStream, ModelError> {
        panic!("no test asks a model here")
    }
}

#[async_trait]
impl Memory for Nobody {
    async fn get(&self, _cx: &Cx, key: &MemoryKey) -> Result<Option<Versioned>, Problem> {
        panic!("no test reads {key:?} here")
    }

    async fn put(
        &self,
        _cx: &Cx,
        key: &MemoryKey,
        _value: Value,
        _expected: Option<u64>,
        _ttl: Option<Duration>,
    ) -> Result<u64, Problem> {
        panic!("no test writes {key:?} here")
    }

    async fn remove(&self, _cx: &Cx, key: &MemoryKey) -> Result<(), Problem> {
        panic!("no test removes {key:?} here")
    }

    async fn list(
        &self,
        _cx: &Cx,
        namespace: &str,
        _page: &MemoryPage,
    ) -> Result<Vec<MemoryKey>, Problem> {
        panic!("no test lists '{namespace}' here")
    }
}

impl Events for Nobody {
    fn publish(&self, _event: Event) {}
}
