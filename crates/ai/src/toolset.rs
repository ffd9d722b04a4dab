//! The tools offered to a model, with unique names.

use glassbox_core::{Capability, Cx, Discovery, Effect, Filter, Problem, ServiceInfo};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The maximum length of a function name that providers accept.
const MAX_NAME: usize = 64;

/// The discovered capabilities, in the form offered to a model, ordered by service and capability.
///
/// A capability keeps its name if only one service has it; otherwise each is called
/// `service__capability`. The instances of a service are one tool. Capabilities that cannot be undone
/// ([`Effect::Destructive`]) are left out, because they need an approval, which nobody can give here.
#[derive(Clone, Debug, Default)]
pub struct Toolset {
    offered: Vec<Offered>,
}

/// One tool of a [`Toolset`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Offered {
    /// The capability, under the name offered to the model.
    pub shown: Arc<Capability>,
    /// The capability's own name.
    pub capability: String,
    /// The instances that have it; at least one.
    pub instances: Arc<[ServiceInfo]>,
}

impl Toolset {
    /// The tools that discovery finds now.
    ///
    /// # Errors
    /// If discovery fails.
    pub async fn discover(
        cx: &Cx,
        discovery: &dyn Discovery,
        filter: &Filter,
    ) -> Result<Self, Problem> {
        Ok(Self::of(&discovery.find(cx, filter).await?))
    }

    /// The tools of these services.
    pub fn of(services: &[ServiceInfo]) -> Self {
        // Sorted maps, so that the order does not depend on discovery.
        let mut found: BTreeMap<(&str, &str), Vec<&ServiceInfo>> = BTreeMap::new();
        let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for service in services {
            for capability in &service.capabilities {
                if capability.effect != Effect::Destructive {
                    let key = (service.name.as_str(), capability.name.as_str());
                    found.entry(key).or_default().push(service);
                    owners.entry(key.1).or_default().insert(key.0);
                }
            }
        }
        let mut taken = BTreeSet::new();
        let offered = found
            .into_iter()
            .filter_map(|((service, name), instances)| {
                let own = instances
                    .first()?
                    .capabilities
                    .iter()
                    .find(|one| one.name == name)?;
                let called = match owners.get(name).map_or(0, BTreeSet::len) {
                    0 | 1 => name.to_owned(),
                    _ => format!("{service}__{name}"),
                };
                let mut shown = own.clone();
                shown.name = unique(&called, &mut taken);
                Some(Offered {
                    shown: Arc::new(shown),
                    capability: name.to_owned(),
                    instances: instances.into_iter().cloned().collect(),
                })
            });
        Self {
            offered: offered.collect(),
        }
    }

    /// The tools, in order.
    pub fn offered(&self) -> &[Offered] {
        &self.offered
    }

    /// The capabilities offered to a model, in order.
    pub fn capabilities(&self) -> Vec<Arc<Capability>> {
        self.offered.iter().map(|tool| tool.shown.clone()).collect()
    }

    /// The tool with this name.
    pub fn get(&self, name: &str) -> Option<&Offered> {
        self.offered.iter().find(|tool| tool.shown.name == name)
    }
}

/// An unused name of letters, digits, `_` and `-` within the limit.
fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' => letter,
        _ => '_',
    };
    let whole: String = name.chars().map(plain).take(MAX_NAME).collect();
    let mut free = whole.clone();
    let mut number = 2;
    while taken.contains(&free) {
        let suffix = format!("_{number}");
        free = format!(
            "{}{suffix}",
            &whole[..whole.len().min(MAX_NAME - suffix.len())]
        );
        number += 1;
    }
    taken.insert(free.clone());
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_core::ServiceKind;

    fn service(name: &str, instance: &str, capabilities: &[&str]) -> ServiceInfo {
        let capabilities = capabilities.iter().map(|name| {
            let effect = match *name {
                "erase" => Effect::Destructive,
                _ => Effect::ReadOnly,
            };
            Capability::of::<(), ()>(*name, "").with_effect(effect)
        });
        let endpoint = format!("http://{instance}");
        ServiceInfo::new(
            ServiceKind::Tool,
            name,
            instance,
            endpoint,
            capabilities.collect(),
        )
    }

    fn names(toolset: &Toolset) -> Vec<&str> {
        let all = toolset.offered().iter();
        all.map(|tool| tool.shown.name.as_str()).collect()
    }

    #[test]
    fn names_that_collide_carry_their_service() {
        let toolset = Toolset::of(&[
            service("b-tool", "1", &["search", "zip"]),
            service("a-tool", "1", &["search"]),
        ]);
        assert_eq!(names(&toolset), ["a-tool__search", "b-tool__search", "zip"]);
        let found = toolset.get("b-tool__search").unwrap();
        assert_eq!(found.capability, "search");
        assert_eq!(found.instances[0].name, "b-tool");
        assert!(toolset.get("search").is_none());
    }

    #[test]
    fn instances_of_one_service_are_one_tool() {
        let toolset = Toolset::of(&[
            service("a-tool", "1", &["search"]),
            service("a-tool", "2", &["search"]),
        ]);
        assert_eq!(names(&toolset), ["search"]);
        assert_eq!(toolset.offered()[0].instances.len(), 2);
    }

    #[test]
    fn what_cannot_be_undone_is_not_offered() {
        let toolset = Toolset::of(&[service("a-tool", "1", &["erase", "search"])]);
        assert_eq!(names(&toolset), ["search"]);
    }

    #[test]
    fn names_fit_the_provider() {
        let long = "x".repeat(80);
        let toolset = Toolset::of(&[service(
            "a",
            "1",
            &[&long, &format!("{long}y"), "größe.von"],
        )]);
        let names = names(&toolset);
        assert_eq!(names[0], "gr__e_von");
        assert_eq!(names[1].len(), 64);
        assert_eq!(names[2].len(), 64);
        assert!(names[2].ends_with("_2"));
    }
}
