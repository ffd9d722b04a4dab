//! Compares declared edges and features with the policy, in both directions.

use std::collections::{BTreeMap, BTreeSet};

use super::violation::{Fault, Violation};
use crate::{
    metadata::{Dependency, Kind, Package},
    outcome::CannotCheck,
    policy::{Policy, Role, Rule, Section},
};

/// Returns every disagreement: imports that are not permitted, and permissions that are not used.
pub(crate) fn check(packages: &[Package], policy: &Policy) -> Result<Vec<Violation>, CannotCheck> {
    let members: BTreeMap<&str, &Package> = packages
        .iter()
        .map(|package| (package.name.as_str(), package))
        .collect();
    let mut violations = Vec::new();
    for name in policy
        .crates
        .keys()
        .filter(|name| !members.contains_key(name.as_str()))
    {
        violations.push(Violation {
            krate: name.clone(),
            fault: Fault::StaleRule,
        });
    }
    for package in packages {
        let mut inspection = Inspection {
            package,
            policy,
            members: &members,
            faults: Vec::new(),
        };
        match policy.crates.get(&package.name) {
            None => inspection.faults.push(Fault::Unclassified),
            Some(rule) => {
                inspection.edges(rule);
                inspection.stale_pins(rule);
                inspection.default_features(rule);
                inspection.implicit_features()?;
            }
        }
        let krate = &package.name;
        let found = inspection.faults.into_iter();
        violations.extend(found.map(|fault| Violation {
            krate: krate.clone(),
            fault,
        }));
    }
    Ok(violations)
}

/// The inspection of one package.
struct Inspection<'a> {
    package: &'a Package,
    policy: &'a Policy,
    members: &'a BTreeMap<&'a str, &'a Package>,
    faults: Vec<Fault>,
}

impl Inspection<'_> {
    fn edges(&mut self, rule: &Rule) {
        let permitted = rule.permissions();
        let mut unused = permitted.clone();
        for dependency in &self.package.dependencies {
            let member = self.members.get(dependency.name.as_str());
            let folder = member.map(|member| member.folder());
            if dependency.path.as_deref() != folder {
                self.faults.push(Fault::ForeignCopy {
                    edge: dependency.describe(),
                });
                continue;
            }
            if let Some(target) = self.policy.crates.get(&dependency.name) {
                self.direction(rule, target, dependency);
            }
            let Some(section) = section(dependency, member.is_some(), rule) else {
                continue;
            };
            let edge = (section, dependency.name.as_str());
            unused.remove(&edge);
            if !permitted.contains(&edge) {
                self.faults.push(Fault::Forbidden {
                    section,
                    edge: dependency.describe(),
                });
            }
        }
        self.faults.extend(
            unused
                .into_iter()
                .map(|(section, name)| Fault::StalePermission {
                    section,
                    name: name.to_owned(),
                }),
        );
    }

    /// The rules that hold regardless of the lists, so that editing a list cannot disable them.
    fn direction(&mut self, rule: &Rule, target: &Rule, dependency: &Dependency) {
        let edge = dependency.describe();
        let ships = dependency.kind() != Kind::Dev;
        if let Some(reason) = self.policy.application_only.get(&dependency.name)
            && rule.role == Role::Library
        {
            let reason = reason.clone();
            self.faults.push(Fault::ApplicationOnly {
                edge: edge.clone(),
                reason,
            });
        }
        if matches!(rule.role, Role::Library | Role::Shell) {
            match target.role {
                Role::Application => self
                    .faults
                    .push(Fault::ImportsApplication { edge: edge.clone() }),
                Role::Shell => self.faults.push(Fault::ImportsShell { edge: edge.clone() }),
                Role::Library | Role::Test => {}
            }
        }
        if ships && target.role == Role::Test && rule.role != Role::Test {
            self.faults.push(Fault::TestOnly { edge: edge.clone() });
        }
        if ships && !rule.layer.may_import(target.layer) {
            self.faults.push(Fault::Upward { edge: edge.clone() });
        }
        if let Some(pinned) = rule.pinned_features.get(&dependency.name) {
            let found: BTreeSet<String> = dependency.features.iter().cloned().collect();
            if found != *pinned {
                self.faults.push(Fault::PinnedFeatures {
                    edge,
                    found,
                    pinned: pinned.clone(),
                });
            }
        }
    }

    /// Pins of crates that are no longer imported.
    fn stale_pins(&mut self, rule: &Rule) {
        let dependencies = self.package.dependencies.iter();
        let imported: BTreeSet<&str> = dependencies.map(|it| it.name.as_str()).collect();
        let pinned = rule.pinned_features.keys();
        let stale = pinned.filter(|name| !imported.contains(name.as_str()));
        self.faults
            .extend(stale.map(|name| Fault::StalePin { name: name.clone() }));
    }

    fn default_features(&mut self, rule: &Rule) {
        let found = self.package.features.get("default").into_iter().flatten();
        let found: BTreeSet<String> = found.cloned().collect();
        if found != rule.default_features {
            let allowed = rule.default_features.clone();
            self.faults.push(Fault::DefaultFeatures { found, allowed });
        }
    }

    /// Features that are not in the manifest: cargo creates them from the names of optional dependencies.
    fn implicit_features(&mut self) -> Result<(), CannotCheck> {
        let path = self.package.manifest();
        let unreadable = |error: &dyn std::fmt::Display| {
            CannotCheck::new(format!("{} cannot be read: {error}", path.display()))
        };
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
        let manifest: toml::Table = toml::from_str(&text).map_err(|error| unreadable(&error))?;
        let written = manifest.get("features").and_then(toml::Value::as_table);
        let implicit = self
            .package
            .features
            .keys()
            .filter(|feature| written.is_none_or(|written| !written.contains_key(*feature)));
        self.faults
            .extend(implicit.map(|feature| Fault::ImplicitFeature {
                feature: feature.clone(),
            }));
        Ok(())
    }
}

/// The list that must contain an edge; `None` if only `deny.toml` decides.
fn section(dependency: &Dependency, member: bool, rule: &Rule) -> Option<Section> {
    if !member && !rule.lists_external() {
        return None;
    }
    match (dependency.kind(), member, dependency.optional) {
        (Kind::Normal, true, false) => Some(Section::Uses),
        (Kind::Normal, true, true) => Some(Section::Optional),
        (Kind::Normal, false, false) => Some(Section::External),
        (Kind::Normal, false, true) => Some(Section::ExternalOptional),
        (Kind::Build, true, _) => Some(Section::Build),
        (Kind::Build, false, _) => Some(Section::ExternalBuild),
        (Kind::Dev, true, _) => Some(Section::Dev),
        (Kind::Dev, false, _) => None,
    }
}
