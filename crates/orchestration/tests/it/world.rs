//! A world in memory: services whose capabilities are closures, on tokio's clock.

use futures_util::future::BoxFuture;
use glassbox_core::{
    Call, Called, Caller, Capability, Category, Clock, Connector, Cx, Discovery, Effect, Event,
    Events, Filter, Outcome, Output, Problem, ServiceInfo, ServiceKind, Spent, Tool, ToolError,
    World, async_trait,
};
use glassbox_invoke::Invoker;
use glassbox_orchestration::Runner;
use glassbox_testkit::Nobody;
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use tokio::time::Instant;

type Answer = BoxFuture<'static, Result<Value, ToolError>>;
type Act = Arc<dyn Fn(Cx, Value) -> Answer + Send + Sync>;

/// Tokio's clock, which a test can pause.
pub(crate) struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap()
    }
}

/// A runner and everything it needs.
pub(crate) struct Fixture {
    pub(crate) clock: Arc<TokioClock>,
    services: Vec<(ServiceInfo, Arc<Service>)>,
    published: Mutex<Vec<Event>>,
}

struct Service {
    name: String,
    capabilities: Vec<Capability>,
    act: Act,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self {
            clock: Arc::new(TokioClock(Instant::now())),
            services: Vec::new(),
            published: Mutex::default(),
        }
    }

    /// Adds the service `name-tool` with one read-only capability called `name`.
    pub(crate) fn with<F>(
        self,
        name: &str,
        act: impl Fn(Cx, Value) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Value, ToolError>> + Send + 'static,
    {
        self.with_capability(&format!("{name}-tool"), capability(name), act)
    }

    /// Adds a service with one capability.
    pub(crate) fn with_capability<F>(
        mut self,
        service: &str,
        capability: Capability,
        act: impl Fn(Cx, Value) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Value, ToolError>> + Send + 'static,
    {
        let instance = format!("i-{}", self.services.len());
        let info = ServiceInfo::new(
            ServiceKind::Tool,
            service,
            instance,
            "memory:",
            vec![capability.clone()],
        );
        let service = Service {
            name: service.to_owned(),
            capabilities: vec![capability],
            act: Arc::new(move |cx, input| Box::pin(act(cx, input))),
        };
        self.services.push((info, Arc::new(service)));
        self
    }

    pub(crate) fn runner(&self) -> Runner {
        let clock = self.clock.clone();
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        Runner::new(self.clock.clone())
            .with_wall_clock(move || start + Duration::from_nanos(clock.now()))
    }

    pub(crate) fn world(&self) -> World<'_> {
        World::new(self, self, self, &Nobody, &Nobody, self)
    }

    /// The kinds of the events published, with their step.
    pub(crate) fn told(&self) -> Vec<String> {
        let published = self.published.lock().unwrap();
        published
            .iter()
            .map(|event| match event.payload["step"].as_str() {
                Some(step) => format!("{} {step}", event.kind),
                None => event.kind.clone().into_owned(),
            })
            .collect()
    }
}

pub(crate) fn capability(name: &str) -> Capability {
    let any = || schemars_any();
    Capability::from_schemas(name, "For a test.", any(), any())
        .with_effect(Effect::ReadOnly)
        .with_timeout(Duration::from_secs(30))
}

fn schemars_any<T: for<'de> serde::Deserialize<'de>>() -> T {
    serde_json::from_value(json!({})).unwrap()
}

pub(crate) fn failure(category: Category) -> ToolError {
    ToolError::new(category, "test.failed", "the tool said no")
}

#[async_trait]
impl Tool for Service {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> &[Capability] {
        &self.capabilities
    }

    async fn call(&self, cx: &Cx, _capability: &str, input: Value) -> Result<Outcome, ToolError> {
        let value = (self.act)(cx.clone(), input).await?;
        // A capability reports the tokens that it used in its output.
        let spent = Spent::tokens(value["tokens"].as_u64().unwrap_or(0));
        cx.charge(spent);
        Ok(Output::new(value).with_spent(spent).into())
    }
}

/// Makes calls as a host does, with closed breakers.
#[async_trait]
impl Caller for Fixture {
    async fn call(&self, cx: &Cx, call: Call) -> Called {
        let invoker = Invoker::new(self, self, self.clock.clone(), tokio::time::sleep);
        invoker.call(cx, call).await
    }
}

#[async_trait]
impl Discovery for Fixture {
    async fn find(&self, _cx: &Cx, filter: &Filter) -> Result<Vec<ServiceInfo>, Problem> {
        let all = self.services.iter().map(|(info, _)| info);
        Ok(all.filter(|info| filter.matches(info)).cloned().collect())
    }
}

impl Connector for Fixture {
    fn connect(&self, service: &ServiceInfo) -> Result<Arc<dyn Tool>, Problem> {
        let mut all = self.services.iter();
        let found = all.find(|(info, _)| info.instance == service.instance);
        Ok(found.unwrap().1.clone())
    }
}

impl Events for Fixture {
    fn publish(&self, event: Event) {
        self.published.lock().unwrap().push(event);
    }
}
