//! The declarations of the manifests, from `cargo metadata --no-deps`.
//!
//! Declarations do not depend on features, on the target or on the other members; the resolved graph depends on all
//! three, so nothing here reads it.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{outcome::CannotCheck, workspace::Workspace};

/// One member of the workspace.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// A one-sentence description.
    pub description: Option<String>,
    /// All dependencies that the manifest declares, of every kind and for every target.
    pub dependencies: Vec<Dependency>,
    /// Every feature, including those that cargo derives from the names of optional dependencies.
    pub features: BTreeMap<String, Vec<String>>,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    /// The settings of tools, below `package.metadata`.
    metadata: Option<serde_json::Value>,
}

/// One library, program or test.
#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    test: bool,
    src_path: PathBuf,
}

/// One dependency as declared in a manifest.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The package's real name, even if it is renamed.
    pub name: String,
    /// The name in the manifest, if it is renamed.
    pub rename: Option<String>,
    #[serde(default)]
    kind: Option<Kind>,
    /// Whether it is optional.
    pub optional: bool,
    /// The requested features.
    pub features: Vec<String>,
    /// The platforms that it applies to; `None` for all.
    pub target: Option<String>,
    /// Its folder; `None` if it comes from a registry.
    pub path: Option<PathBuf>,
}

/// The kind of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Of the package itself.
    Normal,
    /// Of its build script.
    Build,
    /// Of its tests.
    Dev,
}

impl Package {
    /// The folder that contains the manifest.
    pub fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new(""))
    }

    /// Every `.rs` file of the package, except those of a package inside it.
    pub fn rust_files(&self) -> Result<Vec<PathBuf>, CannotCheck> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder().to_owned()];
        while let Some(folder) = folders.pop() {
            let entries =
                std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))?;
            for entry in entries {
                let path = entry.map_err(|error| unreadable(&folder, &error))?.path();
                if path.is_dir() {
                    if !path.join("Cargo.toml").exists() && !path.ends_with("target") {
                        folders.push(path);
                    }
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    files.push(path);
                }
            }
        }
        files.sort();
        Ok(files)
    }

    /// The test targets that need real parts. `cargo test` runs them only if they are named.
    pub fn suite_targets(&self) -> impl Iterator<Item = &str> {
        let targets = self.targets.iter();
        targets
            .filter(|target| target.kind == ["test"] && !target.test)
            .map(|target| target.name.as_str())
    }

    /// The root files of the library and of the programs.
    pub fn roots(&self) -> impl Iterator<Item = &Path> {
        let ships =
            |kind: &String| !["test", "bench", "example", "custom-build"].contains(&kind.as_str());
        let targets = self.targets.iter();
        targets
            .filter(move |target| target.kind.iter().all(ships))
            .map(|target| target.src_path.as_path())
    }

    /// The settings of the tool with this name.
    pub fn metadata(&self, tool: &str) -> Option<&serde_json::Value> {
        self.metadata.as_ref()?.get(tool)
    }

    /// The path of the manifest.
    pub fn manifest(&self) -> &Path {
        &self.manifest_path
    }
}

impl Dependency {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind.unwrap_or(Kind::Normal)
    }

    /// Its name in Rust code.
    pub fn ident(&self) -> String {
        let name = self.rename.as_ref().unwrap_or(&self.name);
        name.replace('-', "_")
    }

    /// A description of the dependency, with everything that could hide it.
    pub fn describe(&self) -> String {
        let mut text = format!("`{}`", self.name);
        if let Some(rename) = &self.rename {
            text += &format!(" under the name `{rename}`");
        }
        match self.kind() {
            Kind::Normal => {}
            Kind::Build => text += " at build time",
            Kind::Dev => text += " in its tests",
        }
        if let Some(target) = &self.target {
            text += &format!(" on `{target}`");
        }
        text
    }
}

/// Loads the members of `workspace`.
///
/// # Errors
///
/// Cargo cannot read the manifests, or there is no member.
pub fn load(workspace: &Workspace) -> Result<Vec<Package>, CannotCheck> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let asked = workspace.ask("metadata --no-deps --format-version 1")?;
    if !asked.success {
        let reason = asked.last_words();
        return Err(CannotCheck::new(format!(
            "cargo cannot read the manifests: {reason}"
        )));
    }
    let Metadata { packages } = serde_json::from_str(&asked.stdout)
        .map_err(|error| CannotCheck::new(format!("cargo metadata is not understood: {error}")))?;
    if packages.is_empty() {
        return Err(CannotCheck::new("the workspace has no members"));
    }
    Ok(packages)
}

/// Reads the text of a file.
pub fn read(path: &Path) -> Result<String, CannotCheck> {
    std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> CannotCheck {
    CannotCheck::new(format!("{} cannot be read: {error}", path.display()))
}
