//! OpenTelemetry's Python SDK in its own environment.

use std::{path::Path, process::Command};

use xtask::{
    cache,
    outcome::CannotCheck,
    python::{PACKAGES, STAMP, folder, is_whole},
    workspace::Workspace,
};

use crate::machine::must;

/// Installs it unless it exists, and returns the number of parts.
pub(super) fn install(workspace: &Workspace) -> Result<usize, CannotCheck> {
    let folder = folder()?;
    if !is_whole(&folder, PACKAGES) {
        workspace.say(&format!(
            "setup: installing OpenTelemetry's Python SDK in {}",
            folder.display()
        ));
        environment(workspace, &folder, PACKAGES)?;
    }
    Ok(1)
}

/// Recreates a virtual environment. Only a complete one has its stamp.
pub(super) fn environment(
    workspace: &Workspace,
    folder: &Path,
    packages: &[&str],
) -> Result<(), CannotCheck> {
    let failed = |error: std::io::Error| cache::failed(folder, &error);
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(failed)?;
    }
    std::fs::create_dir_all(folder).map_err(failed)?;
    must(
        workspace,
        Command::new("python3").args(["-m", "venv"]).arg(folder),
    )?;
    let mut pip = Command::new(folder.join("bin/python3"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    must(workspace, pip.args(packages))?;
    // Written last, so that an interrupted installation is repeated.
    std::fs::write(folder.join(STAMP), packages.join("\n")).map_err(failed)
}
