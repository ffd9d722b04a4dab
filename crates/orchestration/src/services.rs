//! Finds the services that the steps of a workflow call, before anything runs.

use crate::{Fault, Graph, InvalidWorkflow, Step};
use glassbox_core::{Capability, Category, Cx, Discovery, Filter, Problem, ServiceInfo};
use serde_json::Value;
use std::collections::BTreeSet;

/// What a step calls: a capability, and the ready instances of the service that provides it.
#[derive(Clone, Debug)]
pub(crate) struct Callee {
    /// The capability as the first instance describes it.
    pub(crate) capability: Capability,
    /// The instances, at least one, in the order of discovery.
    instances: Vec<ServiceInfo>,
}

impl Callee {
    /// The name of the service.
    pub(crate) fn service(&self) -> &str {
        &self.instances[0].name
    }

    /// All instances in the order in which an attempt prefers them: each attempt begins with the next one.
    pub(crate) fn instances(&self, attempt: u32) -> Vec<ServiceInfo> {
        let mut instances = self.instances.clone();
        let first = attempt.saturating_sub(1) as usize % instances.len();
        instances.rotate_left(first);
        instances
    }
}

/// Why the services of a workflow were not found.
#[derive(Debug)]
pub(crate) enum NotFound {
    /// Discovery failed.
    Discovery(Problem),
    /// Capabilities are missing or ambiguous.
    Faults(InvalidWorkflow),
}

impl NotFound {
    /// The problem for the run's caller: nothing was called yet.
    pub(crate) fn into_problem(self) -> Problem {
        match self {
            Self::Discovery(problem) => problem.handed_on(),
            Self::Faults(invalid) => {
                Problem::new(Category::Invalid, "workflow.invalid", invalid.to_string())
            }
        }
        .with_may_have_begun(false)
    }
}

/// Finds what each step calls, in the order of declaration, with one request to discovery.
pub(crate) async fn find(
    cx: &Cx,
    graph: &Graph,
    discovery: &dyn Discovery,
) -> Result<Vec<Callee>, NotFound> {
    let services = discovery
        .find(cx, &Filter::any())
        .await
        .map_err(NotFound::Discovery)?;
    let mut faults = Vec::new();
    let mut callees = Vec::with_capacity(graph.len());
    for at in 0..graph.len() {
        let (step, node) = graph.step(at);
        match callee(step, &services) {
            Err(fault) => faults.push(fault),
            Ok(callee) => {
                let required = required(&callee.capability);
                let missing = required.filter(|name| node.input.has_member(name) == Some(false));
                faults.extend(missing.map(|member| Fault::MissingMember {
                    step: step.id.clone(),
                    capability: step.capability.clone(),
                    member: member.to_owned(),
                }));
                callees.push(callee);
            }
        }
    }
    InvalidWorkflow::unless_empty(&graph.workflow().name, faults).map_err(NotFound::Faults)?;
    Ok(callees)
}

fn callee(step: &Step, services: &[ServiceInfo]) -> Result<Callee, Fault> {
    let wanted = |service: &&ServiceInfo| {
        step.service
            .as_ref()
            .is_none_or(|name| *name == service.name)
    };
    let offered = |service: &ServiceInfo| {
        let mut all = service.capabilities.iter();
        all.find(|held| held.name == step.capability).cloned()
    };
    let found: Vec<(&ServiceInfo, Capability)> = services
        .iter()
        .filter(wanted)
        .filter_map(|service| Some((service, offered(service)?)))
        .collect();
    let names: BTreeSet<&str> = found
        .iter()
        .map(|(service, _)| service.name.as_str())
        .collect();
    match (found.first(), names.len()) {
        (Some((_, capability)), 1) => Ok(Callee {
            capability: capability.clone(),
            instances: found
                .iter()
                .map(|(service, _)| (*service).clone())
                .collect(),
        }),
        (Some(_), _) => Err(Fault::AmbiguousCapability {
            step: step.id.clone(),
            capability: step.capability.clone(),
            services: names.into_iter().map(str::to_owned).collect(),
        }),
        (None, _) => {
            let known: BTreeSet<&str> = services
                .iter()
                .filter(wanted)
                .flat_map(|service| &service.capabilities)
                .map(|capability| capability.name.as_str())
                .collect();
            Err(Fault::UnknownCapability {
                step: step.id.clone(),
                capability: step.capability.clone(),
                service: step.service.clone(),
                known: known.into_iter().map(str::to_owned).collect(),
            })
        }
    }
}

/// The members that a capability's input schema requires.
fn required(capability: &Capability) -> impl Iterator<Item = &str> {
    capability
        .input
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}
