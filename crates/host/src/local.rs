//! Tools in the agent's own process, found and called without a network.

use glassbox_core::{
    Category, Connector, Cx, Discovery, Filter, Problem, ServiceInfo, ServiceKind, Tool,
    async_trait,
};
use std::{fmt, sync::Arc};

/// The prefix of the endpoint of a tool in this process.
const SCHEME: &str = "local:";

/// Provides tools that are linked into the program. Cheap to clone.
///
/// ```
/// use glassbox_core::{Skillset, Toolbox};
/// use glassbox_host::{Host, LocalTools};
/// use std::sync::Arc;
///
/// let tools = Arc::new(LocalTools::new().with(Toolbox::new("clock")));
/// let host = Host::agent(Skillset::new("assistant"))
///     .discovery(tools.clone())
///     .connector(tools);
/// # drop(host);
/// ```
#[derive(Clone, Default)]
pub struct LocalTools(Vec<Arc<dyn Tool>>);

impl LocalTools {
    /// Creates an empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tool. If two have the same name, the first is used.
    #[must_use]
    pub fn with(mut self, tool: impl Tool + 'static) -> Self {
        self.0.push(Arc::new(tool));
        self
    }
}

impl fmt::Debug for LocalTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|tool| tool.name());
        f.debug_list().entries(names).finish()
    }
}

#[async_trait]
impl Discovery for LocalTools {
    async fn find(&self, _cx: &Cx, filter: &Filter) -> Result<Vec<ServiceInfo>, Problem> {
        let mut found: Vec<_> = self
            .0
            .iter()
            .map(|tool| {
                let endpoint = format!("{SCHEME}{}", tool.name());
                let capabilities = tool.capabilities().to_vec();
                ServiceInfo::new(
                    ServiceKind::Tool,
                    tool.name(),
                    tool.name(),
                    endpoint,
                    capabilities,
                )
            })
            .filter(|service| filter.matches(service))
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }
}

impl Connector for LocalTools {
    fn connect(&self, service: &ServiceInfo) -> Result<Arc<dyn Tool>, Problem> {
        let name = service.endpoint.strip_prefix(SCHEME);
        let tool = name.and_then(|name| self.0.iter().find(|tool| tool.name() == name));
        tool.cloned().ok_or_else(|| {
            let message = format!(
                "'{}' at '{}' is not in this process",
                service.name, service.endpoint
            );
            Problem::new(Category::Unavailable, "service.unreachable", message)
        })
    }
}
