//! The Python environment of the suites: OpenTelemetry's SDK and a browser driver. `cargo xtask setup` creates it.

use std::path::{Path, PathBuf};

use crate::{cache, outcome::CannotCheck};

/// The installed packages, pinned.
pub const PACKAGES: &[&str] = &[
    "opentelemetry-sdk==1.45.2",
    "opentelemetry-exporter-otlp-proto-http==1.45.2",
    "opentelemetry-exporter-otlp-proto-grpc==1.45.2",
    "aiohttp==3.14.5",
    "playwright==1.65.2",
    "axe-playwright-python==0.1.8",
];

/// The file that lists the packages of an environment, so that a change of the pins is noticed.
pub const STAMP: &str = "glassbox-packages.txt";

/// Returns the interpreter that has OpenTelemetry's Python SDK.
///
/// # Errors
///
/// The environment is missing, or was created for other versions.
pub fn interpreter() -> Result<PathBuf, CannotCheck> {
    let folder = folder()?;
    if is_whole(&folder, PACKAGES) {
        Ok(folder.join("bin/python3"))
    } else {
        Err(CannotCheck::new(
            "OpenTelemetry's Python SDK is not installed: `cargo xtask setup` installs it",
        ))
    }
}

/// Whether an environment contains these packages.
pub fn is_whole(folder: &Path, packages: &[&str]) -> bool {
    let stamp = std::fs::read_to_string(folder.join(STAMP)).unwrap_or_default();
    stamp == packages.join("\n")
}

/// Returns the folder of the environment.
///
/// # Errors
///
/// There is no cache folder.
pub fn folder() -> Result<PathBuf, CannotCheck> {
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
