//! `arch`: declared edges, source rules and manifest keys against `architecture.toml`.

mod circles;
mod edges;
mod manifests;
mod modules;
mod source;
mod unused;
mod violation;

use crate::{
    check::Check,
    metadata, mutants,
    outcome::{CannotCheck, Report},
    policy,
    workspace::Workspace,
};

/// Which crate imports which.
pub(crate) const EDGES: Check = Check {
    name: "edges",
    run: edges,
    mutants: mutants::EDGE_MUTANTS,
};

/// The words and files that the source may contain.
pub(crate) const SOURCE: Check = Check {
    name: "source",
    run: source,
    mutants: mutants::SOURCE_MUTANTS,
};

/// Dependencies that no file uses.
pub(crate) const UNUSED: Check = Check {
    name: "unused",
    run: |workspace| unused::check(&metadata::load(workspace)?),
    mutants: mutants::UNUSED_MUTANTS,
};

/// Circular dependencies among the files of a crate.
pub(crate) const CIRCLES: Check = Check {
    name: "circles",
    run: circles,
    mutants: mutants::CIRCLE_MUTANTS,
};

/// Faults of manifests that cargo only warns about.
pub(crate) const MANIFESTS: Check = Check {
    name: "manifests",
    run: manifests::check,
    mutants: mutants::MANIFEST_MUTANTS,
};

fn edges(workspace: &Workspace) -> Result<Report, CannotCheck> {
    let policy = policy::load(workspace)?;
    let packages = metadata::load(workspace)?;
    let violations = edges::check(&packages, &policy)?;
    let count = packages
        .iter()
        .map(|package| package.dependencies.len())
        .sum();
    let violations = violations.iter().map(ToString::to_string).collect();
    Report::new(
        count,
        &format!("edges of {} packages", packages.len()),
        violations,
    )
}

fn source(workspace: &Workspace) -> Result<Report, CannotCheck> {
    let policy = policy::load(workspace)?;
    let packages = metadata::load(workspace)?;
    source::check(workspace.root(), &packages, &policy)
}

fn circles(workspace: &Workspace) -> Result<Report, CannotCheck> {
    let packages = metadata::load(workspace)?;
    circles::check(workspace.root(), &packages)
}
