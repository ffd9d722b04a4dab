//! Makes discovered services callable.

use super::{Credentials, RemoteTool};
use crate::endpoint::Endpoint;
use glassbox_core::{Category, Connector, Problem, ServiceInfo, Tool};
use glassbox_instrument::HttpClient;
use std::{fmt, sync::Arc};

/// Connects to services over HTTP. Cheap to clone.
#[derive(Clone)]
pub struct HttpConnector {
    client: HttpClient,
    credentials: Credentials,
}

impl HttpConnector {
    /// Creates a connector that uses this client, without keys.
    pub fn new(client: HttpClient) -> Self {
        Self {
            client,
            credentials: Credentials::none(),
        }
    }

    /// Sets the keys for services that require one.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }
}

impl Connector for HttpConnector {
    fn connect(&self, service: &ServiceInfo) -> Result<Arc<dyn Tool>, Problem> {
        let endpoint = service.endpoint.as_str();
        if let Err(must) = Endpoint::parse(endpoint) {
            let message = format!(
                "{} is at {endpoint:?}, which cannot be called over HTTP: the endpoint {must}",
                service.name
            );
            let code = "service.unreachable";
            return Err(Problem::new(Category::Unavailable, code, message));
        }
        Ok(Arc::new(RemoteTool::new(
            service.clone(),
            self.client.clone(),
            self.credentials.clone(),
        )))
    }
}

impl fmt::Debug for HttpConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnector").finish_non_exhaustive()
    }
}
