//! The list of our images, from `deploy/images/images.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use xtask::{
    metadata::{self, Package},
    outcome::CannotCheck,
    workspace::Workspace,
};

/// The path of the list.
const LIST: &str = "deploy/images/images.toml";

/// One image of ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// Its name, which is also that of its binary.
    pub(crate) name: String,
    /// The package of the binary.
    pub(crate) package: String,
    /// Its stage in [`DOCKERFILE`](super::DOCKERFILE).
    pub(crate) stage: String,
    version: String,
    description: String,
    trial: BTreeMap<String, String>,
}

/// The entry of one image in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    package: Option<String>,
    stage: String,
    #[serde(default)]
    trial: BTreeMap<String, String>,
}

impl Image {
    /// `glassbox/NAME:VERSION`.
    pub(crate) fn reference(&self) -> String {
        format!("glassbox/{}:{}", self.name, self.version)
    }

    /// The variables that it needs to start, as `NAME=value`.
    pub(super) fn trial(&self) -> impl Iterator<Item = String> {
        self.trial
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
    }

    /// The version of its package.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// The description of its package, in one sentence.
    pub(super) fn description(&self) -> &str {
        &self.description
    }
}

/// Reads all our images.
///
/// # Errors
///
/// The list is invalid, or names a package that is no member or has no description.
pub(crate) fn read(workspace: &Workspace) -> Result<Vec<Image>, CannotCheck> {
    arrange(&workspace.read(LIST)?, &metadata::load(workspace)?)
}

/// Reads the images with these names, or all images if there are no names.
///
/// # Errors
///
/// As for [`read`], and if a name is unknown; the message lists the known names.
pub(super) fn named(workspace: &Workspace, names: &[String]) -> Result<Vec<Image>, CannotCheck> {
    let mut images = read(workspace)?;
    if let Some(name) = names
        .iter()
        .find(|name| !images.iter().any(|image| image.name == **name))
    {
        let known: Vec<&str> = images.iter().map(|image| image.name.as_str()).collect();
        return Err(CannotCheck::new(format!(
            "there is no image `{name}`: the images are {}",
            known.join(", ")
        )));
    }
    images.retain(|image| names.is_empty() || names.contains(&image.name));
    Ok(images)
}

/// The common version of all images.
///
/// # Errors
///
/// Two images have different versions.
pub(super) fn version(images: &[Image]) -> Result<String, CannotCheck> {
    let mut versions: Vec<&str> = images.iter().map(Image::version).collect();
    versions.dedup();
    match versions.as_slice() {
        [version] => Ok((*version).to_owned()),
        _ => Err(CannotCheck::new(format!(
            "the images have no version in common: {versions:?}"
        ))),
    }
}

fn arrange(list: &str, packages: &[Package]) -> Result<Vec<Image>, CannotCheck> {
    let entries: BTreeMap<String, Entry> = toml::from_str(list)
        .map_err(|error| CannotCheck::new(format!("{LIST} is not understood: {error}")))?;
    let mut images = Vec::new();
    for (name, entry) in entries {
        let package = entry.package.unwrap_or_else(|| name.clone());
        let member = packages.iter().find(|member| member.name == package);
        let member = member.ok_or_else(|| {
            CannotCheck::new(format!(
                "{LIST}: `{name}` is made of the package {package}, which is no member"
            ))
        })?;
        let description = member.description.clone().ok_or_else(|| {
            CannotCheck::new(format!(
                "{LIST}: `{name}` would have no description, since {package} has none"
            ))
        })?;
        images.push(Image {
            name,
            package,
            stage: entry.stage,
            trial: entry.trial,
            version: member.version.clone(),
            description,
        });
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::DOCKERFILE;

    #[test]
    fn every_image_is_a_stage_that_exists() {
        let workspace = Workspace::discover().unwrap();
        let recipe = workspace.read(DOCKERFILE).unwrap();
        let images = read(&workspace).unwrap();
        assert!(!images.is_empty());
        for image in images {
            let stage = format!(" AS {}\n", image.stage);
            assert!(recipe.contains(&stage), "{image:?}");
        }
    }

    #[test]
    fn all_images_have_the_version_of_the_workspace() {
        let images = read(&Workspace::discover().unwrap()).unwrap();
        assert_eq!(version(&images).unwrap(), env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn an_image_that_is_built_by_hand_says_the_same_version() {
        let workspace = Workspace::discover().unwrap();
        let recipe = workspace.read(DOCKERFILE).unwrap();
        let version = env!("CARGO_PKG_VERSION");
        assert!(recipe.contains(&format!("ARG VERSION={version}\n")));
        assert!(recipe.contains(&format!("-t glassbox/time-tool:{version} ")));
        let guide = workspace.read("docs/guides/kubernetes.md").unwrap();
        for (at, _) in guide.match_indices("glassbox/time-tool:") {
            let tag = &guide[at + "glassbox/time-tool:".len()..];
            assert!(tag.starts_with(version), "{tag:.20}");
        }
    }

    #[test]
    fn an_image_that_does_not_exist_is_named_with_those_that_do() {
        let workspace = Workspace::discover().unwrap();
        let reason = named(&workspace, &["moon-tool".into()]).unwrap_err();
        let reason = reason.to_string();
        assert!(
            reason.contains("moon-tool") && reason.contains("time-tool"),
            "{reason}"
        );
    }

    #[test]
    fn names_choose_and_none_of_them_chooses_all() {
        let workspace = Workspace::discover().unwrap();
        let one = named(&workspace, &["glassbox".into()]).unwrap();
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].package, "glassbox-cli");
        assert!(named(&workspace, &[]).unwrap().len() > 1);
    }

    #[test]
    fn an_image_of_no_member_and_a_misspelt_key_are_not_understood() {
        for (list, what) in [
            ("[a]\nstage = \"service\"\n", "no member"),
            ("[a]\nstages = \"service\"\n", "unknown field"),
        ] {
            let reason = arrange(list, &[]).unwrap_err().to_string();
            assert!(reason.contains(what), "{reason}");
        }
    }
}
