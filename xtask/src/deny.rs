//! `deny`: checks third-party crates with cargo-deny and `deny.toml`.

use crate::{
    check::Check,
    mutants,
    outcome::{CannotCheck, Report},
    process::Finished,
    workspace::Workspace,
};

/// The version of cargo-deny that `deny.toml` is written for.
pub const VERSION: &str = "0.20.2";

/// Whether that version is installed.
///
/// # Errors
///
/// Cargo cannot be started.
pub fn is_installed(workspace: &Workspace) -> Result<bool, CannotCheck> {
    let asked = workspace.ask("deny --version")?;
    Ok(asked.success && asked.stdout.trim_end().ends_with(VERSION))
}

/// Banned crates, and versions left open.
pub(crate) const BANS: Check = Check {
    name: "bans",
    run: |workspace| ask(workspace, "bans"),
    mutants: mutants::BAN_MUTANTS,
};

/// Licences of everything that is compiled.
pub(crate) const LICENCES: Check = Check {
    name: "licences",
    run: |workspace| ask(workspace, "licenses"),
    mutants: mutants::LICENCE_MUTANTS,
};

/// The sources of dependencies.
pub(crate) const SOURCES: Check = Check {
    name: "sources",
    run: |workspace| ask(workspace, "sources"),
    mutants: mutants::SOURCES_MUTANTS,
};

/// Known vulnerabilities. Requires the network, so it is a separate command and not a step of `ci`.
pub(crate) fn advisories(workspace: &Workspace) -> Result<Report, CannotCheck> {
    ask(workspace, "advisories")
}

fn ask(workspace: &Workspace, what: &str) -> Result<Report, CannotCheck> {
    if !is_installed(workspace)? {
        return Err(CannotCheck::new(
            "cargo-deny is not installed: `cargo xtask setup` installs it",
        ));
    }
    workspace.fetch()?;
    let line = format!("deny --locked --all-features check --hide-inclusion-graph {what}");
    let checked = workspace.show(&mut workspace.cargo(&line))?;
    let mut violations = Vec::new();
    if !checked.success {
        // cargo-deny prints a summary such as `bans FAILED` only after it has checked.
        if !concludes(&checked, what) {
            let reason = checked.last_words();
            return Err(CannotCheck::new(format!(
                "cargo deny check {what} fails: {reason}"
            )));
        }
        violations.push(checked.violation(&format!("cargo deny check {what} objects")));
    }
    let lock = workspace.read("Cargo.lock")?;
    let count = lock.lines().filter(|line| *line == "[[package]]").count();
    Report::new(count, &format!("packages pass {what}"), violations)
}

fn concludes(checked: &Finished, what: &str) -> bool {
    let verdict = format!("{what} FAILED");
    checked.stdout.contains(&verdict) || checked.stderr.contains(&verdict)
}
