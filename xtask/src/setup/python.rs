//! OpenTelemetry's Python SDK in an environment of its own, for the tests that hold us against it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::must;
use crate::{cache, outcome::CannotCheck, workspace::Workspace};

/// What is installed, pinned.
const PACKAGES: &[&str] = &[
    "opentelemetry-sdk==1.45.2",
    "opentelemetry-exporter-otlp-proto-http==1.45.2",
    "opentelemetry-exporter-otlp-proto-grpc==1.45.2",
];

/// Says inside an environment what was installed, so that a change of the pins is noticed.
const STAMP: &str = "glassbox-packages.txt";

/// The interpreter that has OpenTelemetry's Python SDK.
///
/// # Errors
///
/// It is missing, or was made for other versions.
pub(crate) fn interpreter() -> Result<PathBuf, CannotCheck> {
    let folder = folder()?;
    if is_whole(&folder, PACKAGES) {
        Ok(folder.join("bin/python3"))
    } else {
        Err(CannotCheck::new(
            "OpenTelemetry's Python SDK is not installed: `cargo xtask setup` installs it",
        ))
    }
}

/// Installs it unless it is there, and returns how many parts that is.
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

/// Makes a virtual environment anew; only one that is whole has its stamp.
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
    // Written last: an installation that was cut short is made anew.
    std::fs::write(folder.join(STAMP), packages.join("\n")).map_err(failed)
}

/// Whether an environment holds these packages.
fn is_whole(folder: &Path, packages: &[&str]) -> bool {
    let stamp = std::fs::read_to_string(folder.join(STAMP)).unwrap_or_default();
    stamp == packages.join("\n")
}

fn folder() -> Result<PathBuf, CannotCheck> {
    cache::folder("python-otel")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_whole_only_with_the_packages_that_are_asked_for() {
        let home = tempfile::tempdir().unwrap();
        assert!(!is_whole(home.path(), &["a==1", "b==2"]));
        std::fs::write(home.path().join(STAMP), "a==1\nb==2").unwrap();
        assert!(is_whole(home.path(), &["a==1", "b==2"]));
        assert!(!is_whole(home.path(), &["a==1", "b==3"]));
    }
}
