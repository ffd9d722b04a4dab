//! The Python environment of the suites: OpenTelemetry's SDK, and what drives a browser. `cargo xtask setup` makes it.

use std::path::{Path, PathBuf};

use crate::{cache, outcome::CannotCheck};

/// What is installed, pinned.
pub const PACKAGES: &[&str] = &[
    "opentelemetry-sdk==1.45.2",
    "opentelemetry-exporter-otlp-proto-http==1.45.2",
    "opentelemetry-exporter-otlp-proto-grpc==1.45.2",
    "aiohttp==3.14.5",
    "playwright==1.65.2",
    "axe-playwright-python==0.1.8",
];

/// Says inside an environment what was installed, so that a change of the pins is noticed.
pub const STAMP: &str = "glassbox-packages.txt";

/// The interpreter that has OpenTelemetry's Python SDK.
///
/// # Errors
///
/// It is missing, or was made for other versions.
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

/// Whether an environment holds these packages.
pub fn is_whole(folder: &Path, packages: &[&str]) -> bool {
    let stamp = std::fs::read_to_string(folder.join(STAMP)).unwrap_or_default();
    stamp == packages.join("\n")
}

/// Where the environment is.
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
