//! `api`: compares the public API of the crates that others build on with `docs/api`.
//!
//! rustdoc writes the public items as JSON, and `public-api` lists them, one item a line. The toolchain is pinned:
//! `RUSTC_BOOTSTRAP` enables JSON output, which is unstable, and the version of `public-api` is the one that reads the
//! format of this toolchain. Upgrade both together.

use std::{collections::BTreeSet, path::PathBuf};

use crate::{
    check::Check,
    console,
    metadata::{self, Package},
    mutants,
    outcome::{CannotCheck, Report},
    policy,
    workspace::Workspace,
};

/// No public item was added, removed or changed without being blessed.
pub(crate) const API: Check = Check {
    name: "api",
    run: check,
    mutants: mutants::API_MUTANTS,
};

const FOLDER: &str = "docs/api";

/// Traits whose implementations mean nothing to a user: they are unstable, or follow from everything else.
const UNTOLD: [&str; 5] = [
    "core::marker::Freeze",
    "core::marker::StructuralPartialEq",
    "core::marker::UnsafeUnpin",
    "core::panic::unwind_safe::RefUnwindSafe",
    "core::panic::unwind_safe::UnwindSafe",
];

/// Maximum number of differences shown for one crate; the rename of a module causes hundreds.
const SHOWN: usize = 12;

fn check(workspace: &Workspace) -> Result<Report, CannotCheck> {
    let apis = read(workspace)?;
    let mut violations = orphans(workspace, &apis)?;
    let mut count = 0;
    for Api { name, items } in &apis {
        let path = golden(name);
        let items = match items {
            Ok(items) => items,
            Err(violation) => {
                violations.push(violation.clone());
                continue;
            }
        };
        let text = workspace.read(&path).map_err(|reason| {
            CannotCheck::new(format!("{reason}; `cargo xtask api --bless` writes it"))
        })?;
        // An item may begin with `#[`.
        let known: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("# "))
            .collect();
        violations.extend(differences(&path, &known, items));
        count += items.len();
    }
    let crates = console::plural(apis.len(), "crate");
    let what = format!("public items of {crates}");
    Report::new(count, &what, violations)
}

/// Rewrites the golden files.
///
/// # Errors
///
/// A crate has no documentation, or a file cannot be written.
pub(crate) fn bless(workspace: &Workspace) -> Result<Report, CannotCheck> {
    for Api { name, items } in read(workspace)? {
        let path = golden(&name);
        let items = items.map_err(CannotCheck::new)?;
        let mut text =
            format!("# The public API of `{name}`. Written by `cargo xtask api --bless`.\n");
        for item in items {
            text.push_str(&item);
            text.push('\n');
        }
        let file = workspace.root().join(&path);
        std::fs::create_dir_all(file.parent().unwrap_or(workspace.root()))
            .and_then(|()| std::fs::write(&file, text))
            .map_err(|error| CannotCheck::new(format!("{path} cannot be written: {error}")))?;
        workspace.say(&format!("wrote {path}"));
    }
    check(workspace)
}

fn golden(name: &str) -> String {
    format!("{FOLDER}/{name}.txt")
}

/// The public API of one crate.
struct Api {
    /// The name of its golden file.
    name: String,
    /// The items, one line each and grouped by type, or why there are none.
    items: Result<Vec<String>, String>,
}

fn read(workspace: &Workspace) -> Result<Vec<Api>, CannotCheck> {
    workspace.fetch()?;
    let packages = metadata::load(workspace)?;
    let held = policy::load(workspace)?.api;
    if held.is_empty() {
        return Err(CannotCheck::new("architecture.toml names no `api`"));
    }
    let mut apis = Vec::new();
    for (name, package) in held {
        // For crates with a rule, loading the policy has checked that they are members.
        let package = packages.iter().find(|member| member.name == package);
        let package = package.ok_or_else(|| {
            CannotCheck::new(format!("architecture.toml names no member as `api.{name}`"))
        })?;
        let items = items(workspace, package)?;
        apis.push(Api { name, items });
    }
    Ok(apis)
}

/// The public items of a package with all of its features, or the compile errors of its code.
fn items(
    workspace: &Workspace,
    package: &Package,
) -> Result<Result<Vec<String>, String>, CannotCheck> {
    let name = &package.name;
    // In a separate folder, because the variable below makes cargo recompile every dependency.
    let target = workspace.target_folder().join("api");
    let line = format!("rustdoc --locked -p {name} --lib --all-features --target-dir");
    let mut command = workspace.cargo(&line);
    command
        .arg(&target)
        .args(["--", "-Z", "unstable-options", "--output-format", "json"]);
    // The step `doc` checks the warnings of our own crates; those of other crates are ignored.
    command.args(["--cap-lints", "allow"]);
    let documented = workspace
        .show(command.env("RUSTC_BOOTSTRAP", "1"))?
        .settled()?;
    if !documented.success {
        let violation = documented.violation(&format!("rustdoc cannot read `{name}`"));
        return Ok(Err(violation));
    }
    let file: PathBuf = target.join(format!("doc/{}.json", name.replace('-', "_")));
    let api = public_api::Builder::from_rustdoc_json(&file)
        .omit_blanket_impls(true)
        .build()
        .map_err(|error| {
            let file = file.display();
            CannotCheck::new(format!(
                "{file} is not understood: {error}; `public-api` has to be the version for this toolchain"
            ))
        })?;
    let lines = api.items().map(ToString::to_string);
    let told = lines.filter(|line| !UNTOLD.iter().any(|name| line.contains(name)));
    Ok(Ok(told.collect()))
}

/// Golden files that belong to no crate.
fn orphans(workspace: &Workspace, apis: &[Api]) -> Result<Vec<String>, CannotCheck> {
    let known: BTreeSet<String> = apis.iter().map(|api| golden(&api.name)).collect();
    let files = std::fs::read_dir(workspace.root().join(FOLDER))
        .and_then(|entries| entries.collect::<Result<Vec<_>, _>>())
        .map_err(|error| {
            CannotCheck::new(format!(
                "{FOLDER} cannot be read: {error}; `cargo xtask api --bless` writes it"
            ))
        })?;
    let paths = files
        .iter()
        .map(|file| format!("{FOLDER}/{}", file.file_name().display()));
    Ok(paths
        .filter(|path| !known.contains(path))
        .map(|path| format!("{path}: architecture.toml names no such `api`, nothing holds it"))
        .collect())
}

fn differences(path: &str, known: &[&str], found: &[String]) -> Vec<String> {
    let before: BTreeSet<&str> = known.iter().copied().collect();
    let now: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let gone = before.difference(&now).map(|item| {
        format!("{path}: - {item} is gone: if users may lose it, `cargo xtask api --bless`")
    });
    let new = now.difference(&before).map(|item| {
        format!("{path}: + {item} is new: if it is to stay, `cargo xtask api --bless`")
    });
    let mut all: Vec<String> = gone.chain(new).collect();
    if let Some(more) = all.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        all.truncate(SHOWN);
        all.push(format!("{path}: and {more} more differences"));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_signature_is_a_loss_and_a_gain() {
        let found = ["pub fn a::b(u8)".to_owned()];
        let all = differences("docs/api/a.txt", &["pub fn a::b()"], &found);
        assert_eq!(all.len(), 2);
        assert!(all[0].contains("- pub fn a::b() is gone"), "{all:?}");
        assert!(all[1].contains("+ pub fn a::b(u8) is new"), "{all:?}");
    }

    #[test]
    fn of_many_differences_the_first_are_shown_and_the_others_counted() {
        let found: Vec<String> = (0..20)
            .map(|index| format!("pub fn a::f{index}()"))
            .collect();
        let all = differences("docs/api/a.txt", &[], &found);
        assert_eq!(all.len(), SHOWN + 1);
        assert_eq!(all[SHOWN], "docs/api/a.txt: and 8 more differences");
    }
}
