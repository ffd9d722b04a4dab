//! Services in memory, whose capabilities are closures.

use glassbox_core::{
    Capability, Category, Connector, Cx, Discovery, Filter, Health, Outcome, Problem, ServiceInfo,
    ServiceKind, Tool, ToolError, async_trait,
};
use serde_json::Value;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

type Answer = Pin<Box<dyn Future<Output = Result<Outcome, ToolError>> + Send>>;
type Act = Box<dyn Fn(Cx, Value) -> Answer + Send + Sync>;

/// Services that are discovered and called without a network. Cheap to clone; clones share the call
/// counts.
///
/// ```
/// use glassbox_core::{Capability, Connector, Discovery, Filter, Outcome};
/// use glassbox_testkit::Services;
///
/// let look = Capability::of::<(), ()>("look", "Looks.");
/// let services = Services::default()
///     .with("eye", look.clone(), async |_, input| Ok(Outcome::done(input)))
///     .with("eye", look, async |_, _| Ok(Outcome::done("the other instance")));
/// assert_eq!(services.all()[1].instance, "eye-2");
/// assert_eq!(services.calls("eye-1"), 0);
/// ```
#[derive(Clone, Default)]
pub struct Services(Vec<(ServiceInfo, Arc<Scripted>)>);

struct Scripted {
    name: String,
    capabilities: Vec<Capability>,
    act: Act,
    calls: AtomicUsize,
}

impl Services {
    /// Adds an instance of the service `name`, with one capability. Its id is the name and a number, from
    /// one: `eye-1`.
    #[must_use]
    pub fn with<F>(
        mut self,
        name: &str,
        capability: Capability,
        act: impl Fn(Cx, Value) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Outcome, ToolError>> + Send + 'static,
    {
        let number = self.0.iter().filter(|(info, _)| info.name == name).count() + 1;
        let info = ServiceInfo::new(
            ServiceKind::Tool,
            name,
            format!("{name}-{number}"),
            "memory:",
            vec![capability.clone()],
        );
        let scripted = Scripted {
            name: name.to_owned(),
            capabilities: vec![capability],
            act: Box::new(move |cx, input| Box::pin(act(cx, input))),
            calls: AtomicUsize::new(0),
        };
        self.0.push((info, Arc::new(scripted)));
        self
    }

    /// Sets the health of the last added instance.
    ///
    /// # Panics
    /// If no instance was added.
    #[must_use]
    pub fn with_health(mut self, health: Health) -> Self {
        let last = self.0.last_mut();
        last.expect("a health needs an instance").0.health = health;
        self
    }

    /// All instances, in the order in which they were added.
    pub fn all(&self) -> Vec<ServiceInfo> {
        self.0.iter().map(|(info, _)| info.clone()).collect()
    }

    /// The number of calls of an instance.
    ///
    /// # Panics
    /// If there is no such instance.
    pub fn calls(&self, instance: &str) -> usize {
        let found = self.0.iter().find(|(info, _)| info.instance == instance);
        let (_, scripted) = found.expect("the instance exists");
        scripted.calls.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instances = self.0.iter().map(|(info, _)| &info.instance);
        f.debug_list().entries(instances).finish()
    }
}

#[async_trait]
impl Tool for Scripted {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> &[Capability] {
        &self.capabilities
    }

    async fn call(&self, cx: &Cx, capability: &str, input: Value) -> Result<Outcome, ToolError> {
        if capability != self.capabilities[0].name {
            return Err(ToolError::unknown_capability(&self.name, capability));
        }
        self.calls.fetch_add(1, Ordering::SeqCst);
        (self.act)(cx.clone(), input).await
    }
}

#[async_trait]
impl Discovery for Services {
    async fn find(&self, _cx: &Cx, filter: &Filter) -> Result<Vec<ServiceInfo>, Problem> {
        let all = self.0.iter().map(|(info, _)| info);
        Ok(all.filter(|info| filter.matches(info)).cloned().collect())
    }
}

impl Connector for Services {
    fn connect(&self, service: &ServiceInfo) -> Result<Arc<dyn Tool>, Problem> {
        let mut all = self.0.iter();
        let found = all.find(|(info, _)| info.instance == service.instance);
        let Some((_, scripted)) = found else {
            let message = format!("there is no instance '{}'", service.instance);
            let code = "service.unreachable";
            return Err(Problem::new(Category::Unavailable, code, message));
        };
        Ok(scripted.clone())
    }
}
