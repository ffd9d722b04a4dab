//! Makes what was found callable.

use super::RemoteTool;
use glassbox_core::{Category, Connector, Problem, ServiceInfo, Tool};
use glassbox_instrument::HttpClient;
use std::{fmt, sync::Arc};

/// Connects to services over HTTP. Cheap to clone.
#[derive(Clone)]
pub struct HttpConnector {
    client: HttpClient,
}

impl HttpConnector {
    /// A connector that calls through this client.
    pub fn new(client: HttpClient) -> Self {
        Self { client }
    }
}

impl Connector for HttpConnector {
    fn connect(&self, service: &ServiceInfo) -> Result<Arc<dyn Tool>, Problem> {
        let endpoint = service.endpoint.as_str();
        if !(endpoint.starts_with("http://") || endpoint.starts_with("https://")) {
            let message = format!(
                "{} is at '{endpoint}', which is not reached over HTTP",
                service.name
            );
            let code = "service.unreachable";
            return Err(Problem::new(Category::Unavailable, code, message));
        }
        Ok(Arc::new(RemoteTool::new(
            service.clone(),
            self.client.clone(),
        )))
    }
}

impl fmt::Debug for HttpConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnector").finish_non_exhaustive()
    }
}
