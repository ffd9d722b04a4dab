//! `features`: checks each crate alone, because a workspace build hides missing features.

use std::{collections::BTreeSet, time::Instant};

use crate::{
    check::Check,
    console,
    metadata::{self, Package},
    mutants,
    outcome::{CannotCheck, Report},
    process::{self, Voice},
    workspace::Workspace,
};

/// Checks each crate by itself, with none, default, each and all of its features.
pub(crate) const FEATURES: Check = Check {
    name: "features",
    run: check,
    mutants: mutants::FEATURE_MUTANTS,
};

fn check(workspace: &Workspace) -> Result<Report, CannotCheck> {
    workspace.fetch()?;
    let packages = metadata::load(workspace)?;
    let all: Vec<(&Package, Vec<String>)> = packages
        .iter()
        .flat_map(|package| {
            selections(package)
                .into_iter()
                .map(move |set| (package, set))
        })
        .collect();
    let mut violations = Vec::new();
    for (index, (package, features)) in all.iter().enumerate() {
        let started = Instant::now();
        let what = describe(&package.name, features);
        let features = features.join(",");
        let line = format!("check --locked -p {} --no-default-features", package.name);
        let mut command = workspace.cargo(&line);
        let checked =
            process::run(command.args(["--features", &features]), Voice::Silent)?.settled()?;
        let warns = checked.stderr.lines().any(is_warning);
        if !checked.success {
            violations.push(checked.violation(&format!("{what} does not compile")));
        } else if warns {
            let first = checked
                .stderr
                .lines()
                .find(|line| line.starts_with("warning: "));
            violations.push(format!("{what}: {}", first.unwrap_or("it warns")));
        }
        let verdict = if checked.success && !warns {
            "ok"
        } else {
            "violation"
        };
        let (count, time) = (all.len(), console::duration(started.elapsed()));
        workspace.say(&format!(
            "features [{}/{count}] {what}: {verdict}, {time}",
            index + 1
        ));
    }
    Report::new(all.len(), "selections of features", violations)
}

/// Whether a line is cargo's final count of a package's warnings.
fn is_warning(line: &str) -> bool {
    line.starts_with("warning: `") && line.contains(" generated ")
}

fn describe(package: &str, features: &[String]) -> String {
    if features.is_empty() {
        format!("{package} without features")
    } else {
        format!("{package} with {}", features.join(", "))
    }
}

/// None, default, each and all features; every set once.
fn selections(package: &Package) -> BTreeSet<Vec<String>> {
    let named = || package.features.keys().filter(|name| *name != "default");
    let mut selections: BTreeSet<Vec<String>> = named().map(|name| vec![name.clone()]).collect();
    selections.insert(Vec::new());
    selections.insert(named().cloned().collect());
    let default = package.features.get("default").into_iter().flatten();
    selections.insert(
        default
            .cloned()
            .collect::<BTreeSet<String>>()
            .into_iter()
            .collect(),
    );
    selections
}
