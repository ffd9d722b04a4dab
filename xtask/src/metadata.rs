//! What the manifests declare, by `cargo metadata --no-deps`.
//!
//! Declarations do not depend on features, on the target or on the other members; the resolved graph depends on all
//! three, so nothing here reads it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{outcome::CannotCheck, workspace::Workspace};

/// One member of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
    /// Every feature, those included that cargo makes of an optional dependency's name.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    manifest_path: PathBuf,
}

/// One edge, as it stands in a manifest.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The package's own name, whatever it is renamed to.
    pub(crate) name: String,
    pub(crate) rename: Option<String>,
    #[serde(default)]
    kind: Option<Kind>,
    pub(crate) optional: bool,
    pub(crate) features: Vec<String>,
    pub(crate) target: Option<String>,
    pub(crate) path: Option<PathBuf>,
}

/// When an edge counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Normal,
    Build,
    Dev,
}

impl Package {
    /// The folder that holds the manifest.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new(""))
    }

    pub(crate) fn manifest(&self) -> &Path {
        &self.manifest_path
    }
}

impl Dependency {
    pub(crate) fn kind(&self) -> Kind {
        self.kind.unwrap_or(Kind::Normal)
    }

    /// The edge in words, with everything that could hide it.
    pub(crate) fn describe(&self) -> String {
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

/// The members of `workspace`.
///
/// # Errors
///
/// Cargo cannot read the manifests, or there is no member.
pub(crate) fn load(workspace: &Workspace) -> Result<Vec<Package>, CannotCheck> {
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
