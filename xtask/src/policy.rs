//! `architecture.toml`: the permitted crate graph.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{outcome::CannotCheck, workspace::Workspace};

/// The highest layer whose third-party dependencies are listed, each with a reason.
const LISTED_LAYERS: Layer = Layer::Number(1);

/// The whole file. Unknown keys are errors, so that a misspelt rule is noticed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    /// Crates that only applications and tests may import, each with the reason.
    pub(crate) application_only: BTreeMap<String, String>,
    /// Words that no library's source may contain, as in [`Source::never`].
    #[serde(default)]
    pub(crate) library_never: BTreeMap<String, String>,
    pub(crate) crates: BTreeMap<String, Rule>,
    #[serde(default)]
    pub(crate) closure: BTreeMap<String, Closure>,
    /// The crates whose public API is compared with a file of `docs/api`, by the name of that file.
    #[serde(default)]
    pub(crate) api: BTreeMap<String, String>,
}

/// The role of one crate, and its permitted imports.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) layer: Layer,
    pub(crate) role: Role,
    #[serde(default)]
    uses: BTreeSet<String>,
    #[serde(default)]
    optional: BTreeSet<String>,
    #[serde(default)]
    build: BTreeSet<String>,
    #[serde(default)]
    dev: BTreeSet<String>,
    external: Option<BTreeMap<String, String>>,
    external_optional: Option<BTreeMap<String, String>>,
    external_build: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) default_features: BTreeSet<String>,
    /// The exact features required of some of our crates.
    #[serde(default)]
    pub(crate) pinned_features: BTreeMap<String, BTreeSet<String>>,
    #[serde(default)]
    pub(crate) source: Source,
}

/// The layer of a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(untagged, expecting = "a layer is a number or \"T\"")]
pub(crate) enum Layer {
    Number(u8),
    Beside(Beside),
}

/// The layer of crates that test and check the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) enum Beside {
    T,
}

impl Layer {
    /// Whether a crate of this layer may import one of `other`: layers point downward, but `T` may import any layer.
    pub(crate) fn may_import(self, other: Self) -> bool {
        other < self || matches!(self, Self::Beside(_))
    }
}

/// The purpose of a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Imported by other crates, installs nothing.
    Library,
    /// Starts an application: may install telemetry, and only applications import it.
    Shell,
    /// Assembles a process; no library imports it.
    Application,
    /// Used only by tests.
    Test,
}

/// The rules for the source of a crate.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    #[serde(default)]
    pub(crate) forbid_unsafe: bool,
    /// Words, or words joined by `::`, that may not occur, each with the reason.
    #[serde(default)]
    pub(crate) never: BTreeMap<String, String>,
    /// Parts of `library_never` for which this crate is the only permitted place, each with the reason.
    #[serde(default)]
    pub(crate) except: BTreeMap<String, String>,
}

/// One golden file of `docs/closure`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Closure {
    pub(crate) package: String,
    /// Crates that no path may reach; a trailing `*` matches any ending.
    #[serde(default)]
    pub(crate) never: BTreeMap<String, String>,
}

/// The list of a rule that must contain an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    Uses,
    Optional,
    Build,
    Dev,
    External,
    ExternalOptional,
    ExternalBuild,
}

impl Section {
    /// The key of the list in the file.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Uses => "uses",
            Self::Optional => "optional",
            Self::Build => "build",
            Self::Dev => "dev",
            Self::External => "external",
            Self::ExternalOptional => "external_optional",
            Self::ExternalBuild => "external_build",
        }
    }

    fn is_external(self) -> bool {
        matches!(
            self,
            Self::External | Self::ExternalOptional | Self::ExternalBuild
        )
    }
}

impl Rule {
    /// Whether third-party dependencies of this crate are listed one by one.
    pub(crate) fn lists_external(&self) -> bool {
        self.layer <= LISTED_LAYERS || self.external.is_some()
    }

    /// Everything this rule permits.
    pub(crate) fn permissions(&self) -> BTreeSet<(Section, &str)> {
        let ours = [
            (Section::Uses, &self.uses),
            (Section::Optional, &self.optional),
            (Section::Build, &self.build),
            (Section::Dev, &self.dev),
        ];
        let external = [
            (Section::External, &self.external),
            (Section::ExternalOptional, &self.external_optional),
            (Section::ExternalBuild, &self.external_build),
        ];
        let ours = ours
            .into_iter()
            .flat_map(|(section, names)| names.iter().map(move |name| (section, name.as_str())));
        let external = external.into_iter().flat_map(|(section, names)| {
            names
                .iter()
                .flat_map(|names| names.keys())
                .map(move |name| (section, name.as_str()))
        });
        ours.chain(external).collect()
    }

    fn reasons(&self) -> impl Iterator<Item = (&String, &String)> {
        let external = [
            &self.external,
            &self.external_optional,
            &self.external_build,
        ];
        external
            .into_iter()
            .flatten()
            .flatten()
            .chain(&self.source.never)
    }
}

/// Loads the policy.
///
/// # Errors
///
/// The file is missing, cannot be parsed, permits nothing, names a crate without a rule, or lacks a required
/// reason. None of these is a violation, because no tree was checked.
pub(crate) fn load(workspace: &Workspace) -> Result<Policy, CannotCheck> {
    let text = workspace.read("architecture.toml")?;
    let policy = toml::from_str(&text).map_err(|error| {
        CannotCheck::new(format!("architecture.toml is not understood: {error}"))
    })?;
    validate(&policy).map_err(|reason| CannotCheck::new(format!("architecture.toml {reason}")))?;
    Ok(policy)
}

fn validate(policy: &Policy) -> Result<(), String> {
    if policy.crates.is_empty() {
        return Err("has no crates".into());
    }
    if policy.application_only.is_empty() {
        return Err("lost `application_only`, the rule that keeps libraries silent".into());
    }
    for (name, rule) in &policy.crates {
        for (section, imported) in rule.permissions() {
            if section.is_external() == policy.crates.contains_key(imported) {
                let key = section.key();
                return Err(format!(
                    "has `{imported}` in the wrong list, `{name}.{key}`"
                ));
            }
        }
    }
    let guarded = policy
        .application_only
        .keys()
        .map(|name| (name, "application_only"));
    let closed = policy
        .closure
        .values()
        .map(|closure| (&closure.package, "closure"));
    let held = policy.api.values().map(|package| (package, "api"));
    for (name, table) in guarded.chain(closed).chain(held) {
        if !policy.crates.contains_key(name) {
            return Err(format!("names `{name}` in `{table}`, which has no rule"));
        }
    }
    let argued = policy.crates.values().flat_map(Rule::reasons);
    let argued = argued.chain(policy.closure.values().flat_map(|closure| &closure.never));
    for (name, reason) in argued
        .chain(&policy.application_only)
        .chain(&policy.library_never)
    {
        if reason.trim().is_empty() {
            return Err(format!("gives no reason for `{name}`"));
        }
    }
    Ok(())
}
