//! `closure`: compares the names of a crate's transitive dependencies with a golden file that a reviewer has read.
//!
//! A count alone would not notice a bad crate that replaces a good one. Only the semver-breaking part of a version is
//! listed, so that a compatible update of the lock file changes nothing here.

use std::{collections::BTreeSet, fmt::Write};

use crate::{
    check::Check,
    mutants,
    outcome::{CannotCheck, Report},
    policy::{self, Closure, Policy, Section},
    workspace::Workspace,
};

/// The golden files of `docs/closure`, and the crates that no path may reach.
pub(crate) const CLOSURE: Check = Check {
    name: "closure",
    run: check,
    mutants: mutants::CLOSURE_MUTANTS,
};

fn check(workspace: &Workspace) -> Result<Report, CannotCheck> {
    let policy = closures(workspace)?;
    let mut violations = orphans(workspace, &policy)?;
    let mut counts = String::new();
    let mut total = 0;
    for (name, closure) in &policy.closure {
        let found = reached(workspace, &closure.package)?;
        let path = golden(name);
        let text = workspace.read(&path).map_err(|reason| {
            CannotCheck::new(format!("{reason}; `cargo xtask closure --bless` writes it"))
        })?;
        let known = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(str::to_owned);
        violations.extend(differences(&path, &known.collect(), &found));
        violations.extend(forbidden(closure, &found));
        violations.extend(direct(workspace, &policy, &closure.package)?);
        total += found.len();
        let separator = if counts.is_empty() { "" } else { ", " };
        write!(counts, "{separator}{name} {}", found.len()).expect("invariant: a string grows");
    }
    Report::new(total, &format!("crates reached ({counts})"), violations)
}

/// Rewrites the golden files, then checks whether their contents are allowed.
pub(crate) fn bless(workspace: &Workspace) -> Result<Report, CannotCheck> {
    for (name, closure) in &closures(workspace)?.closure {
        let package = &closure.package;
        let mut text =
            format!("# What `{package}` pulls in. Written by `cargo xtask closure --bless`.\n");
        for krate in reached(workspace, package)? {
            text.push_str(&krate);
            text.push('\n');
        }
        let path = golden(name);
        let file = workspace.root().join(&path);
        std::fs::create_dir_all(file.parent().unwrap_or(workspace.root()))
            .and_then(|()| std::fs::write(&file, text))
            .map_err(|error| CannotCheck::new(format!("{path} cannot be written: {error}")))?;
        workspace.say(&format!("wrote {path}"));
    }
    check(workspace)
}

fn closures(workspace: &Workspace) -> Result<Policy, CannotCheck> {
    workspace.fetch()?;
    let policy = policy::load(workspace)?;
    if policy.closure.is_empty() {
        return Err(CannotCheck::new("architecture.toml names no closure"));
    }
    Ok(policy)
}

fn golden(name: &str) -> String {
    format!("docs/closure/{name}.txt")
}

/// Golden files that belong to no closure of the policy.
fn orphans(workspace: &Workspace, policy: &Policy) -> Result<Vec<String>, CannotCheck> {
    let entries = std::fs::read_dir(workspace.root().join("docs/closure"))
        .and_then(|entries| entries.collect::<Result<Vec<_>, _>>())
        .map_err(|error| CannotCheck::new(format!("docs/closure cannot be read: {error}")))?;
    let paths = entries
        .iter()
        .map(|entry| format!("docs/closure/{}", entry.file_name().display()));
    let known: BTreeSet<String> = policy.closure.keys().map(|name| golden(name)).collect();
    Ok(paths
        .filter(|path| !known.contains(path))
        .map(|path| format!("{path}: architecture.toml names no such closure, nothing holds it"))
        .collect())
}

/// Every crate that `package` reaches on any target, without dev-dependencies.
fn reached(workspace: &Workspace, package: &str) -> Result<BTreeSet<String>, CannotCheck> {
    tree(workspace, package, "-e normal,build")
}

fn tree(
    workspace: &Workspace,
    package: &str,
    selection: &str,
) -> Result<BTreeSet<String>, CannotCheck> {
    let form = "--target all --prefix none --no-dedupe --format {p}";
    let asked = workspace.ask(&format!("tree --locked {form} -p {package} {selection}"))?;
    // A package without dependencies still prints itself, so empty output means that cargo selected nothing.
    if !asked.success || asked.stdout.trim().is_empty() {
        let reason = asked.last_words();
        return Err(CannotCheck::new(format!(
            "cargo tree -p {package} shows nothing: {reason}"
        )));
    }
    asked
        .stdout
        .lines()
        .filter(|line| !line.is_empty())
        .map(short)
        .collect()
}

/// Shortens `name v1.2.3 (…)` to `name 1`, and `name v0.4.2` to `name 0.4`.
fn short(line: &str) -> Result<String, CannotCheck> {
    let mut words = line.split_whitespace();
    let (Some(name), Some(version)) = (words.next(), words.next()) else {
        return Err(CannotCheck::new(format!(
            "cargo tree says `{line}`, which is not understood"
        )));
    };
    let mut numbers = version.trim_start_matches('v').splitn(3, '.');
    let (major, minor) = (numbers.next().unwrap_or("0"), numbers.next().unwrap_or("0"));
    Ok(match major {
        "0" => format!("{name} 0.{minor}"),
        major => format!("{name} {major}"),
    })
}

fn differences(path: &str, known: &BTreeSet<String>, found: &BTreeSet<String>) -> Vec<String> {
    let grown = found.difference(known).map(|krate| {
        format!("{path}: + {krate} is new: if it is wanted, `cargo xtask closure --bless`")
    });
    let gone = known.difference(found).map(|krate| {
        format!("{path}: - {krate} is not reached any more: `cargo xtask closure --bless`")
    });
    grown.chain(gone).collect()
}

fn forbidden(closure: &Closure, found: &BTreeSet<String>) -> Vec<String> {
    let mut violations = Vec::new();
    let names = found
        .iter()
        .map(|krate| krate.split(' ').next().unwrap_or(krate));
    for name in names.filter(|name| *name != closure.package) {
        for (pattern, reason) in &closure.never {
            if matches(pattern, name) {
                let package = &closure.package;
                violations.push(format!(
                    "`{package}` reaches `{name}`, which it never may: {reason}"
                ));
            }
        }
    }
    violations
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

/// Compares the direct dependencies, as cargo resolves them, with the list that `arch` uses for the manifest.
fn direct(
    workspace: &Workspace,
    policy: &Policy,
    package: &str,
) -> Result<Vec<String>, CannotCheck> {
    let rule = &policy.crates[package];
    if !rule.lists_external() {
        return Ok(Vec::new());
    }
    let permitted = rule.permissions();
    let listed = [
        Section::Uses,
        Section::Optional,
        Section::External,
        Section::ExternalOptional,
    ];
    let found = tree(workspace, package, "-e normal --depth 1")?;
    let names = found
        .iter()
        .map(|krate| krate.split(' ').next().unwrap_or(krate));
    let strangers = names.filter(|name| {
        *name != package
            && !listed
                .iter()
                .any(|section| permitted.contains(&(*section, name)))
    });
    Ok(strangers
        .map(|name| {
            format!("`{package}` depends on `{name}`, which architecture.toml does not list")
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_kept_to_the_part_that_breaks() {
        assert_eq!(short("serde v1.0.228").unwrap(), "serde 1");
        assert_eq!(short("itoa v0.4.2 (proc-macro)").unwrap(), "itoa 0.4");
        assert!(short("warning").is_err());
    }

    #[test]
    fn a_trailing_star_stands_for_any_ending() {
        assert!(matches("opentelemetry*", "opentelemetry-otlp"));
        assert!(!matches("tonic", "tonic-types"));
    }
}
