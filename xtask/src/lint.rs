//! `lint`: formatting by rustfmt, lints by clippy, and rules that neither of them checks.

mod tidy;

use crate::{
    check::Check,
    metadata::{self, Package},
    mutants,
    outcome::{CannotCheck, Report},
    workspace::Workspace,
};

/// Every file is formatted by rustfmt.
pub(crate) const FORMAT: Check = Check {
    name: "format",
    run: format,
    mutants: mutants::FORMAT_MUTANTS,
};

/// No warning from rustc or clippy in any target.
pub(crate) const CLIPPY: Check = Check {
    name: "clippy",
    run: clippy,
    mutants: mutants::CLIPPY_MUTANTS,
};

/// How files are named, how long they are and how they begin.
pub(crate) const TIDY: Check = Check {
    name: "tidy",
    run: tidy::check,
    mutants: mutants::TIDY_MUTANTS,
};

fn format(workspace: &Workspace) -> Result<Report, CannotCheck> {
    workspace.component("fmt", "rustfmt")?;
    let formatted = workspace.show(&mut workspace.cargo("fmt --all --check"))?;
    let mut violations = Vec::new();
    if !formatted.success {
        violations.push(formatted.violation("`cargo fmt --all` would change files"));
    }
    Report::new(
        metadata::load(workspace)?.len(),
        "packages formatted",
        violations,
    )
}

fn clippy(workspace: &Workspace) -> Result<Report, CannotCheck> {
    workspace.component("clippy", "clippy")?;
    workspace.fetch()?;
    let packages = metadata::load(workspace)?;
    let suites: Vec<&str> = packages.iter().flat_map(Package::suite_targets).collect();
    let mut lines = vec!["--all-targets".to_owned()];
    if !suites.is_empty() {
        // `--all-targets` excludes the targets that `cargo test` excludes.
        lines.push(format!("--test {}", suites.join(" --test ")));
    }
    let mut violations = Vec::new();
    for line in lines {
        let line = format!("clippy --locked --workspace {line} --all-features --keep-going");
        let mut command = workspace.cargo(&line);
        // The flags are after `--`, so that dependencies and `cargo check` share the compiled artefacts.
        let linted = workspace
            .show(command.args(["--", "-D", "warnings"]))?
            .settled()?;
        if !linted.success {
            violations.push(linted.violation("clippy objects"));
        }
    }
    Report::new(packages.len(), "packages linted", violations)
}
