//! Registration and discovery. Services register ([`Registry`]); only agents look up ([`Discovery`]) and
//! connect.

use crate::{Capability, Cx, Problem, Tool};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// A running instance of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceInfo {
    /// Unique per process: `service.instance.id`.
    pub instance: String,
    /// Shared by all instances: `service.name`.
    pub name: String,
    /// Tool or agent.
    pub kind: ServiceKind,
    /// Its URL: `http://host:port`.
    pub endpoint: String,
    /// Its capabilities.
    pub capabilities: Vec<Capability>,
    /// The last reported health.
    pub health: Health,
}

impl ServiceInfo {
    /// Creates a ready instance.
    pub fn new(
        kind: ServiceKind,
        name: impl Into<String>,
        instance: impl Into<String>,
        endpoint: impl Into<String>,
        capabilities: Vec<Capability>,
    ) -> Self {
        Self {
            instance: instance.into(),
            name: name.into(),
            kind,
            endpoint: endpoint.into(),
            capabilities,
            health: Health::Ready,
        }
    }
}

/// Tool or agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServiceKind {
    /// Is called, but does not call others.
    Tool,
    /// Calls others and is called.
    Agent,
}

/// The health that an instance reports.
///
/// An unknown value is read as unhealthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Health {
    /// Accepts calls.
    Ready,
    /// Running, but accepts no new calls.
    Draining,
    /// Reported unhealthy, or its lease has expired.
    #[serde(other)]
    Unhealthy,
}

/// Renews a registration. After a drop, the registration expires.
#[async_trait]
pub trait Lease: Send + Sync {
    /// Reports this instance's health to the registry.
    ///
    /// # Errors
    /// If the registry is unavailable. The lease remains and keeps trying to renew.
    async fn report(&self, cx: &Cx, health: Health) -> Result<(), Problem>;
    /// Ends the registration at once and stops renewing.
    ///
    /// # Errors
    /// If the registry is unavailable. The registration then expires with its lease.
    async fn release(&self, cx: &Cx) -> Result<(), Problem>;
}

through_pointers! {
    #[async_trait]
    Lease {
        async fn report(&self, cx: &Cx, health: Health) -> Result<(), Problem> {
            (**self).report(cx, health).await
        }
        async fn release(&self, cx: &Cx) -> Result<(), Problem> {
            (**self).release(cx).await
        }
    }
}

/// A registry in which instances register.
#[async_trait]
pub trait Registry: Send + Sync {
    /// Registers under a lease that is renewed until dropped, even after the registry was unavailable.
    ///
    /// # Errors
    /// If the registry rejects the registration. An unavailable registry is not an error: the lease keeps
    /// trying.
    async fn register(
        &self,
        cx: &Cx,
        service: ServiceInfo,
        ttl: Duration,
    ) -> Result<Box<dyn Lease>, Problem>;
}

through_pointers! {
    #[async_trait]
    Registry {
        async fn register(
            &self,
            cx: &Cx,
            service: ServiceInfo,
            ttl: Duration,
        ) -> Result<Box<dyn Lease>, Problem> {
            (**self).register(cx, service, ttl).await
        }
    }
}

/// Search criteria. Every field narrows the result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Filter {
    /// By service name.
    pub name: Option<String>,
    /// By capability name.
    pub capability: Option<String>,
    /// By kind.
    pub kind: Option<ServiceKind>,
    /// Includes services that are not ready.
    pub include_unready: bool,
}

impl Filter {
    /// All ready services.
    pub fn any() -> Self {
        Self::default()
    }

    /// All ready tools.
    pub fn tools() -> Self {
        Self::any().with_kind(ServiceKind::Tool)
    }

    /// Only services with this name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Only services that have this capability.
    #[must_use]
    pub fn with_capability(mut self, capability: impl Into<String>) -> Self {
        self.capability = Some(capability.into());
        self
    }

    /// Only services of this kind.
    #[must_use]
    pub fn with_kind(mut self, kind: ServiceKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Includes services that are not ready.
    #[must_use]
    pub fn with_unready(mut self) -> Self {
        self.include_unready = true;
        self
    }

    /// Whether `service` matches.
    pub fn matches(&self, service: &ServiceInfo) -> bool {
        let is = |wanted: &Option<String>, have: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == have)
        };
        let has = |wanted: &String| service.capabilities.iter().any(|held| held.name == *wanted);
        is(&self.name, &service.name)
            && self.capability.as_ref().is_none_or(has)
            && self.kind.is_none_or(|kind| kind == service.kind)
            && (self.include_unready || service.health == Health::Ready)
    }
}

/// Finds services for agents.
#[async_trait]
pub trait Discovery: Send + Sync {
    /// Returns matching instances, ordered by name then instance, so that prompts are stable.
    ///
    /// # Errors
    /// If the registry is unavailable and no earlier result is known.
    async fn find(&self, cx: &Cx, filter: &Filter) -> Result<Vec<ServiceInfo>, Problem>;
}

through_pointers! {
    #[async_trait]
    Discovery {
        async fn find(&self, cx: &Cx, filter: &Filter) -> Result<Vec<ServiceInfo>, Problem> {
            (**self).find(cx, filter).await
        }
    }
}

/// Connects to discovered services.
pub trait Connector: Send + Sync {
    /// Returns a tool that forwards calls to `service`, without network access.
    ///
    /// # Errors
    /// If this connector does not support the endpoint.
    fn connect(&self, service: &ServiceInfo) -> Result<Arc<dyn Tool>, Problem>;
}

through_pointers! {
    Connector {
        fn connect(&self, service: &ServiceInfo) -> Result<Arc<dyn Tool>, Problem> {
            (**self).connect(service)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> ServiceInfo {
        let capability = Capability::of::<(), ()>("geocode", "Finds a city.");
        ServiceInfo::new(
            ServiceKind::Tool,
            "geocoding-tool",
            "i-1",
            "http://127.0.0.1:1",
            vec![capability],
        )
    }

    #[test]
    fn every_field_of_a_filter_narrows() {
        let service = service();
        assert!(Filter::any().matches(&service));
        assert!(Filter::tools().with_capability("geocode").matches(&service));
        assert!(!Filter::any().with_capability("weather").matches(&service));
        assert!(
            !Filter::any()
                .with_kind(ServiceKind::Agent)
                .matches(&service)
        );
        assert!(!Filter::any().with_name("other").matches(&service));
    }

    #[test]
    fn a_draining_service_is_found_only_on_request() {
        let mut service = service();
        service.health = Health::Draining;
        assert!(!Filter::any().matches(&service));
        assert!(Filter::any().with_unready().matches(&service));
    }
}
