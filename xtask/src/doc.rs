//! `doc`: builds the documentation of every package without warnings.

use crate::{
    check::Check,
    metadata, mutants,
    outcome::{CannotCheck, Report},
    workspace::Workspace,
};

/// Links resolve, and rustdoc prints no warning.
pub(crate) const DOCUMENTATION: Check = Check {
    name: "documentation",
    run: check,
    mutants: mutants::DOCUMENTATION_MUTANTS,
};

fn check(workspace: &Workspace) -> Result<Report, CannotCheck> {
    workspace.fetch()?;
    let line = "doc --locked --workspace --no-deps --all-features";
    let mut command = workspace.cargo(line);
    let documented = workspace
        .show(command.env("RUSTDOCFLAGS", "-D warnings"))?
        .settled()?;
    let mut violations = Vec::new();
    if !documented.success {
        violations.push(documented.violation("rustdoc objects"));
    }
    Report::new(
        metadata::load(workspace)?.len(),
        "packages documented",
        violations,
    )
}
