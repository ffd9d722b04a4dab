//! `deploy`: checks the manifests below `deploy/k8s` against the Kubernetes API and the code they deploy, and
//! their collectors' configs against a real collector. No cluster is needed or contacted.

mod collectors;
mod kustomize;
mod object;
mod pod;
mod program;
mod rules;
mod schema;
mod source;

use std::collections::BTreeSet;

use xtask::{
    check::Check,
    outcome::{CannotCheck, Report},
    workspace::Workspace,
};

use crate::mutants;

use object::Cluster;
use program::Programs;

pub(crate) use kustomize::{FOLDER as KUSTOMIZE_FOLDER, find as find_kustomize};

/// Whether the Kubernetes API accepts every object with all its fields.
pub(crate) const OBJECTS: Check = Check {
    name: "objects",
    run: objects,
    mutants: mutants::OBJECT_MUTANTS,
};

/// Whether everything that a manifest names exists: in the code, in an image, in another manifest.
pub(crate) const REFERENCES: Check = Check {
    name: "references",
    run: references,
    mutants: mutants::REFERENCE_MUTANTS,
};

/// Whether the collector accepts every config that is written for it.
pub(crate) const COLLECTORS: Check = Check {
    name: "collectors",
    run: collectors::check,
    mutants: mutants::COLLECTOR_MUTANTS,
};

fn objects(workspace: &Workspace) -> Result<Report, CannotCheck> {
    let rendered = kustomize::render(workspace)?;
    let mut findings = Findings::from(rendered.violations);
    let mut count = 0;
    for cluster in &rendered.clusters {
        for object in &cluster.objects {
            for fault in schema::faults(object) {
                findings.add(cluster, &format!("{object}: {fault}"));
            }
            count += 1;
        }
    }
    let what = format!("objects in {}", kustomizations(&rendered.clusters));
    Report::new(count, &what, findings.violations)
}

fn references(workspace: &Workspace) -> Result<Report, CannotCheck> {
    let rendered = kustomize::render(workspace)?;
    let mut programs = Programs::read(workspace)?;
    let guide = workspace.read(rules::GUIDE)?;
    let mut findings = Findings::from(rendered.violations);
    findings.violations.extend(programs.faults());
    let mut count = 0;
    for cluster in &rendered.clusters {
        let (looked_at, faults) = rules::faults(cluster, &mut programs, &guide)?;
        for fault in faults {
            findings.add(cluster, &fault);
        }
        count += looked_at;
    }
    let what = format!("names in {}", kustomizations(&rendered.clusters));
    Report::new(count, &what, findings.violations)
}

fn kustomizations(clusters: &[Cluster]) -> String {
    xtask::console::plural(clusters.len(), "kustomization")
}

/// Faults without duplicates, because a fault in a base is repeated in every overlay.
#[derive(Default)]
struct Findings {
    seen: BTreeSet<String>,
    violations: Vec<String>,
}

impl Findings {
    fn add(&mut self, cluster: &Cluster, fault: &str) {
        if self.seen.insert(fault.to_owned()) {
            self.violations.push(format!("{}: {fault}", cluster.folder));
        }
    }
}

impl From<Vec<String>> for Findings {
    fn from(violations: Vec<String>) -> Self {
        Self {
            violations,
            ..Self::default()
        }
    }
}
