//! Makes what was found callable.

use super::RemoteTool;
use glassbox_core::{Category, Clock, Connector, Problem, ServiceInfo, Tool};
use glassbox_instrument::{HttpClient, SystemClock};
use glassbox_resilience::{Breaker, BreakerConfig};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// The most breakers kept: those of endpoints that nobody holds a tool of go first.
const ENDPOINTS: usize = 1024;

/// Connects to services over HTTP; every tool of one endpoint shares one circuit breaker. Cheap to
/// clone; clones share the breakers.
#[derive(Clone)]
pub struct HttpConnector(Arc<Inner>);

struct Inner {
    client: HttpClient,
    clock: Arc<dyn Clock>,
    breakers: Mutex<HashMap<String, Arc<Breaker>>>,
}

impl HttpConnector {
    /// A connector that calls through this client.
    pub fn new(client: HttpClient) -> Self {
        Self(Arc::new(Inner {
            client,
            clock: Arc::new(SystemClock),
            breakers: Mutex::default(),
        }))
    }

    fn breaker(&self, endpoint: &str) -> Arc<Breaker> {
        let mut breakers = self
            .0
            .breakers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(breaker) = breakers.get(endpoint) {
            return Arc::clone(breaker);
        }
        if breakers.len() >= ENDPOINTS {
            breakers.retain(|_, breaker| Arc::strong_count(breaker) > 1);
        }
        let breaker = Breaker::try_new(BreakerConfig::default(), Arc::clone(&self.0.clock))
            .expect("invariant: the default configuration of a breaker is valid");
        let breaker = Arc::new(breaker);
        breakers.insert(endpoint.to_owned(), Arc::clone(&breaker));
        breaker
    }
}

impl Connector for HttpConnector {
    fn connect(&self, service: &ServiceInfo) -> Result<Arc<dyn Tool>, Problem> {
        let endpoint = service.endpoint.trim_end_matches('/');
        if !(endpoint.starts_with("http://") || endpoint.starts_with("https://")) {
            let message = format!(
                "{} is at '{}', which is not reached over HTTP",
                service.name, service.endpoint
            );
            return Err(Problem::new(
                Category::Unavailable,
                "service.unreachable",
                message,
            ));
        }
        Ok(Arc::new(RemoteTool::new(
            service.clone(),
            self.0.client.clone(),
            self.breaker(endpoint),
            Arc::clone(&self.0.clock),
        )))
    }
}

impl fmt::Debug for HttpConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnector").finish_non_exhaustive()
    }
}
