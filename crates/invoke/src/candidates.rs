//! The instances that a call may use, and their order.

use crate::key::digest;
use glassbox_core::{
    Call, Capability, Category, Cx, Discovery, Filter, Health, Problem, ServiceInfo, ToolError,
};

/// The instances of the one service that is called, at least one.
pub(crate) struct Candidates {
    instances: Vec<ServiceInfo>,
    /// The index of the instance to call first.
    first: usize,
}

impl Candidates {
    /// The instances that the call names, or those from discovery.
    ///
    /// Instances that take no new work are left out, unless there are no others. If several services
    /// have the capability, only the first of them is called: two services are two tools.
    ///
    /// # Errors
    /// If discovery fails, or no service has the capability.
    pub(crate) async fn find(
        discovery: &dyn Discovery,
        cx: &Cx,
        call: &Call,
        round_robin: usize,
    ) -> Result<Self, ToolError> {
        let filter = Filter::any().with_capability(&*call.capability);
        let filter = match &call.service {
            Some(service) => filter.with_name(&**service),
            None => filter,
        };
        let mut instances = match &call.candidates {
            Some(known) => {
                let filter = filter.with_unready();
                let matching = known.iter().filter(|service| filter.matches(service));
                matching.cloned().collect()
            }
            None => {
                let found = discovery.find(cx, &filter).await;
                found.map_err(|problem| ToolError::from(problem.with_may_have_begun(false)))?
            }
        };
        let Some(service) = instances.first().map(|service| service.name.clone()) else {
            return Err(unknown(call));
        };
        instances.retain(|instance| instance.name == service);
        if instances.iter().any(is_ready) {
            instances.retain(is_ready);
        }
        let count = instances.len();
        let first = match (&call.id, &call.candidates) {
            // So that a replayed conversation uses the same instance.
            (Some(id), _) => (digest(id) % count as u128) as usize,
            (None, Some(_)) => 0,
            (None, None) => round_robin % count,
        };
        Ok(Self { instances, first })
    }

    /// The instance at an index.
    pub(crate) fn at(&self, index: usize) -> &ServiceInfo {
        &self.instances[index]
    }

    /// The service's name.
    pub(crate) fn service(&self) -> &str {
        &self.instances[0].name
    }

    /// The capability as the first instance declares it.
    pub(crate) fn capability(&self, name: &str) -> &Capability {
        self.capability_at(self.first, name)
    }

    /// The capability as the instance at an index declares it: versions may differ during an upgrade.
    pub(crate) fn capability_at(&self, index: usize, name: &str) -> &Capability {
        let mut declared = self.instances[index].capabilities.iter();
        declared
            .find(|capability| capability.name == name)
            .expect("invariant: a candidate has the capability")
    }

    /// The indices of all instances, starting after the one called last.
    pub(crate) fn order(&self, last: Option<usize>) -> impl Iterator<Item = usize> {
        let count = self.instances.len();
        let first = last.map_or(self.first, |last| last + 1);
        (0..count).map(move |offset| (first + offset) % count)
    }
}

fn is_ready(instance: &ServiceInfo) -> bool {
    instance.health == Health::Ready
}

fn unknown(call: &Call) -> ToolError {
    let capability = &call.capability;
    let message = match &call.service {
        Some(service) => {
            format!("no ready instance of {service} has the capability '{capability}'")
        }
        None => format!("no ready service has the capability '{capability}'"),
    };
    Problem::new(Category::NotFound, "capability.unknown", message)
        .with_may_have_begun(false)
        .into()
}
