//! Who is there. Tools write ([`Registry`]); only agents read ([`Discovery`]) and connect.

use crate::{Capability, Cx, Problem, Tool};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// One running instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceInfo {
    /// Unique per process: `service.instance.id`.
    pub instance: String,
    /// Shared by all instances: `service.name`.
    pub name: String,
    /// Tool or agent.
    pub kind: ServiceKind,
    /// Where it listens: `http://host:port`.
    pub endpoint: String,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// As last heard.
    pub health: Health,
}

impl ServiceInfo {
    /// An instance that takes work.
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

/// Passive or active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServiceKind {
    /// Called, never calls.
    Tool,
    /// Calls and is called.
    Agent,
}

/// As last reported by the instance itself.
///
/// A word that this version does not know is read as unhealthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Health {
    /// Takes work.
    Ready,
    /// Lives, takes no new work.
    Draining,
    /// Said so, or was not heard of for longer than its lease.
    #[serde(other)]
    Unhealthy,
}

/// Keeps a registration alive; dropping it lets the registration lapse.
#[async_trait]
pub trait Lease: Send + Sync {
    /// Reports this instance's health to the registry.
    ///
    /// # Errors
    /// If the registry does not answer; the lease stays, and goes on trying to renew itself.
    async fn report(&self, cx: &Cx, health: Health) -> Result<(), Problem>;
    /// Ends the registration at once. A lease that was released renews nothing any more.
    ///
    /// # Errors
    /// If the registry does not answer; the registration then lapses with its lease.
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

/// Where an instance registers.
#[async_trait]
pub trait Registry: Send + Sync {
    /// Registers under a lease that is renewed until dropped, also after the registry was unreachable.
    ///
    /// # Errors
    /// If the registry refuses the registration. One that does not answer is no error: the lease
    /// goes on trying.
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

/// What a caller is looking for; every field narrows.
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
    /// Also those that are not ready.
    pub include_unready: bool,
}

impl Filter {
    /// Everything that is ready.
    pub fn any() -> Self {
        Self::default()
    }

    /// All ready tools.
    pub fn tools() -> Self {
        Self::any().with_kind(ServiceKind::Tool)
    }

    /// Only services of this name.
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

    /// Also services that are not ready.
    #[must_use]
    pub fn with_unready(mut self) -> Self {
        self.include_unready = true;
        self
    }

    /// Whether `service` is looked for.
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

/// Where an agent looks.
#[async_trait]
pub trait Discovery: Send + Sync {
    /// Matching instances, ordered by name then instance: the order a prompt may rely on.
    ///
    /// # Errors
    /// If the registry does not answer and nothing is known from before.
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

/// Makes a discovered service callable; only agents have one.
pub trait Connector: Send + Sync {
    /// A tool that forwards calls to `service`. Connecting itself does no work on the network.
    ///
    /// # Errors
    /// If the endpoint is not one that this connector can reach.
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
