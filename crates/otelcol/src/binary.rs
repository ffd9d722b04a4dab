//! Finds the program of a collector: from the setting, on `PATH`, or in the cache folder.

use std::cmp::Reverse;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use glassbox_config::Environment;
use serde::Serialize;
use thiserror::Error;
use tokio::process::Command;
use tokio::time::timeout;

use crate::components::{Components, ComponentsError};
use crate::settings::Otelcol;

/// The names of collectors on `PATH`, ours first.
const NAMES: [&str; 3] = ["glassbox-otelcol", "otelcol-contrib", "otelcol"];

/// Timeout for asking a program for its version or its components.
const ASKING: Duration = Duration::from_secs(10);

/// A program that is a collector.
#[derive(Debug, Clone)]
pub struct Binary {
    pub(crate) path: PathBuf,
    pub(crate) found_by: FoundBy,
    pub(crate) components: Components,
}

/// How the program of a collector was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FoundBy {
    /// By the setting.
    Setting,
    /// On `PATH`.
    Path,
    /// In the cache folder, where `cargo xtask collector build` puts it.
    Cache,
}

/// Why a program cannot be used as a collector.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BinaryError {
    /// The program does not exist.
    #[error("the program {} does not exist", .0.display())]
    Missing(PathBuf),
    /// It cannot be executed.
    #[error("{} cannot be executed", path.display())]
    NotExecutable {
        /// The program.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It does not answer like a collector.
    #[error("{} is not an OpenTelemetry Collector: {answer}", path.display())]
    NotCollector {
        /// The program.
        path: PathBuf,
        /// What it answered.
        answer: String,
    },
}

impl Binary {
    /// Returns how the program was found.
    #[must_use]
    pub fn found_by(&self) -> FoundBy {
        self.found_by
    }
}

/// No collector was found, and why.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct NotFound(String);

/// Finds a collector according to `choice`.
///
/// # Errors
/// Fails if `choice` is a path and that program is not a collector. Under `auto` such a program is
/// logged and skipped.
pub async fn find(
    choice: &Otelcol,
    environment: &Environment,
) -> Result<Result<Binary, NotFound>, BinaryError> {
    let named = match choice {
        Otelcol::Off => {
            let reason = "the setting collector.otelcol is off";
            return Ok(Err(NotFound(reason.to_owned())));
        }
        Otelcol::At(path) => Some(path),
        Otelcol::Auto => None,
    };
    if let Some(named) = named {
        let path = resolve(named, environment);
        let path = path.ok_or_else(|| BinaryError::Missing(named.clone()))?;
        let components = ask(&path, environment).await?;
        return Ok(Ok(Binary {
            path,
            found_by: FoundBy::Setting,
            components,
        }));
    }
    let mut passed_over = Vec::new();
    let on_path = on_path(environment).into_iter();
    let on_path = on_path.map(|path| (path, FoundBy::Path));
    let cached = cached(environment).into_iter();
    for (path, found_by) in on_path.chain(cached.map(|path| (path, FoundBy::Cache))) {
        match ask(&path, environment).await {
            Ok(components) => {
                return Ok(Ok(Binary {
                    path,
                    found_by,
                    components,
                }));
            }
            Err(error) => {
                tracing::warn!(
                    exception.message = &error as &dyn std::error::Error,
                    "a program cannot be used as a collector and is skipped"
                );
                passed_over.push(error.to_string());
            }
        }
    }
    Ok(Err(NotFound(if passed_over.is_empty() {
        format!(
            "no collector was found: none of {} is on PATH, and the cache folder has none",
            NAMES.join(", ")
        )
    } else {
        format!("no usable collector was found: {}", passed_over.join("; "))
    })))
}

/// Resolves a program as a shell does: a bare name is looked up on `PATH`.
fn resolve(named: &Path, environment: &Environment) -> Option<PathBuf> {
    // `./otelcol` is not a bare name, although `Path` drops the dot.
    let bare = !named.as_os_str().as_encoded_bytes().contains(&b'/');
    if !bare {
        let there = named.exists();
        return there.then(|| std::path::absolute(named).ok()).flatten();
    }
    folders(environment)
        .map(|folder| folder.join(named))
        .find(|path| path.is_file())
}

fn folders(environment: &Environment) -> impl Iterator<Item = PathBuf> {
    let path = environment.get("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(path).collect();
    // A relative folder on PATH depends on the working folder, which is unsafe for a program that is
    // started without being configured.
    folders.into_iter().filter(|folder| folder.is_absolute())
}

fn on_path(environment: &Environment) -> Vec<PathBuf> {
    let folders: Vec<_> = folders(environment).collect();
    let candidates = NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.filter(|path| path.is_file()).collect()
}

/// Returns the collectors in the cache folder, newest version first.
fn cached(environment: &Environment) -> Vec<PathBuf> {
    let cache = environment.get("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || {
        environment
            .get("HOME")
            .map(|home| Path::new(home).join(".cache"))
    };
    let Some(cache) = cache.filter(|path| path.is_absolute()).or_else(home) else {
        return Vec::new();
    };
    // The folder may not exist.
    let Ok(entries) = fs::read_dir(cache.join("glassbox").join("otelcol")) else {
        return Vec::new();
    };
    let mut versions: Vec<_> = entries
        .filter_map(|entry| {
            Some((
                version(&entry.as_ref().ok()?.file_name())?,
                entry.ok()?.path(),
            ))
        })
        .map(|(version, folder)| (version, folder.join("otelcol")))
        .filter(|(_, path)| path.is_file())
        .collect();
    versions.sort_by_key(|(version, _)| Reverse(version.clone()));
    versions.into_iter().map(|(_, path)| path).collect()
}

/// Parses `0.159.0` for a numeric comparison.
fn version(name: &OsString) -> Option<Vec<u64>> {
    name.to_str()?
        .split('.')
        .map(|part| part.parse().ok())
        .collect()
}

/// Asks a program for its version and its components.
async fn ask(path: &Path, environment: &Environment) -> Result<Components, BinaryError> {
    let not_collector = |answer: String| BinaryError::NotCollector {
        path: path.to_owned(),
        answer,
    };
    let said = run(path, &["--version"], environment).await?;
    let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    if !said.contains(" version ") {
        return Err(not_collector(format!("its version is {:?}", short(&said))));
    }
    let listed = run(path, &["components"], environment).await?;
    if !listed.status.success() {
        let words = String::from_utf8_lossy(&listed.stderr);
        return Err(not_collector(format!(
            "listing its components ended with {} ({})",
            listed.status,
            short(words.trim())
        )));
    }
    let listed = String::from_utf8_lossy(&listed.stdout);
    Components::parse(&listed).map_err(|error: ComponentsError| not_collector(error.to_string()))
}

/// Runs a program to its end.
async fn run(
    path: &Path,
    arguments: &[&str],
    environment: &Environment,
) -> Result<Output, BinaryError> {
    let mut command = Command::new(path);
    command
        .args(arguments)
        .env_clear()
        .envs(environment.iter())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    match timeout(ASKING, command.output()).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(source)) => Err(BinaryError::NotExecutable {
            path: path.to_owned(),
            source,
        }),
        Err(_) => Err(BinaryError::NotCollector {
            path: path.to_owned(),
            answer: format!("it did not answer {} within {ASKING:?}", arguments[0]),
        }),
    }
}

/// Returns the start of a program's output.
fn short(words: &str) -> String {
    const MOST: usize = 120;
    match words.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_on_path_and_not_in_the_working_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Cargo.toml");
        fs::write(&path, "").unwrap();
        let environment = Environment::from([("PATH", folder.path().to_str().unwrap())]);
        let resolved = |named: &str| resolve(Path::new(named), &environment);
        // Tests run in the crate's folder, which has a file of that name.
        let here = std::path::absolute("Cargo.toml").unwrap();
        assert!(here.is_file());
        assert_eq!(resolved("Cargo.toml"), Some(path));
        assert_eq!(resolved("./Cargo.toml"), Some(here));
        assert_eq!(resolved("src"), None);
        assert_eq!(resolved("./no_such_thing"), None);
    }
}
