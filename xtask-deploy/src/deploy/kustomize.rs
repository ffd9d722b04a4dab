//! The rendered output of Kustomize for `deploy/k8s`.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde::Deserialize;
use xtask::{
    cache,
    outcome::CannotCheck,
    process::{self, Voice},
    workspace::Workspace,
};

use super::object::{Cluster, Object};

/// The folder of the manifests.
const MANIFESTS: &str = "deploy/k8s";

/// The folder in the cache where `setup` installs kustomize.
pub(crate) const FOLDER: &str = "kustomize";

/// The oldest kubectl with Kustomize version 5.
const OLDEST_KUBECTL: u32 = 27;

/// Time limit of rendering, which fetches nothing.
const LIMIT: Duration = Duration::from_secs(60);

/// Everything that was rendered, and why the rest was not.
pub(super) struct Rendered {
    pub(super) clusters: Vec<Cluster>,
    pub(super) violations: Vec<String>,
}

/// The relevant parts of a kustomization file.
#[derive(Debug, Deserialize)]
struct Kustomization {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    components: Vec<String>,
}

/// Returns the words of a command that renders the folder appended to them.
///
/// # Errors
///
/// Neither kubectl nor kustomize is installed, or they are too old.
pub(crate) fn find() -> Result<Vec<String>, CannotCheck> {
    if kubectl_minor().is_some_and(|minor| minor >= OLDEST_KUBECTL) {
        return Ok(vec!["kubectl".into(), "kustomize".into()]);
    }
    let installed = cache::folder(FOLDER)?.join("bin/kustomize");
    for program in [PathBuf::from("kustomize"), installed] {
        let asked = process::run(Command::new(&program).arg("version"), Voice::Silent);
        if asked.is_ok_and(|asked| asked.success && is_five(&asked.stdout)) {
            return Ok(vec![program.display().to_string(), "build".into()]);
        }
    }
    Err(CannotCheck::new(format!(
        "neither kubectl 1.{OLDEST_KUBECTL} or newer nor kustomize 5 is installed: `cargo xtask setup` installs one"
    )))
}

/// Whether a version is `v5.…`, or the `(devel)` of one that Go built from its module.
fn is_five(version: &str) -> bool {
    let version = version.trim();
    version.starts_with("v5.") || version == "(devel)"
}

fn kubectl_minor() -> Option<u32> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        client_version: Version,
    }
    #[derive(Deserialize)]
    struct Version {
        minor: String,
    }
    let mut kubectl = Command::new("kubectl");
    kubectl.args(["version", "--client", "--output", "json"]);
    let asked = process::run_within(&mut kubectl, Voice::Silent, LIMIT).ok()?;
    let answer: Answer = serde_json::from_str(&asked.stdout).ok()?;
    let minor = answer.client_version.minor;
    // Some builds report `27+`.
    minor
        .trim_end_matches(|char: char| !char.is_ascii_digit())
        .parse()
        .ok()
}

/// Renders every kustomization. A component is rendered only as part of others, at least one of which must use it.
///
/// # Errors
///
/// There is no Kustomize, or no kustomization.
pub(super) fn render(workspace: &Workspace) -> Result<Rendered, CannotCheck> {
    let kustomize = find()?;
    let (roots, components) = sort(workspace, &folders(workspace)?)?;
    let mut rendered = Rendered {
        clusters: Vec::new(),
        violations: components,
    };
    for folder in roots {
        let mut command = Command::new(&kustomize[0]);
        command
            .current_dir(workspace.root())
            .args(&kustomize[1..])
            .arg(&folder);
        let made = process::run_within(&mut command, Voice::Silent, LIMIT)?;
        if !made.success {
            let reason = made.last_words();
            rendered
                .violations
                .push(format!("{folder} does not render: {reason}"));
            continue;
        }
        match objects(&made.stdout) {
            Ok(objects) if objects.is_empty() => {
                rendered
                    .violations
                    .push(format!("{folder} renders to nothing"));
            }
            Ok(objects) => rendered.clusters.push(Cluster {
                own: own(&workspace.root().join(&folder))?,
                folder,
                objects,
            }),
            Err(fault) => rendered.violations.push(format!("{folder}: {fault}")),
        }
    }
    Ok(rendered)
}

fn objects(yaml: &str) -> Result<Vec<Object>, String> {
    let values: Vec<serde_json::Value> = serde_saphyr::from_multiple(yaml)
        .map_err(|error| format!("what it renders to is no YAML: {error}"))?;
    values.into_iter().map(Object::try_from).collect()
}

/// The objects in the files below a folder. Files without objects, such as some patches and settings, are skipped.
fn own(folder: &Path) -> Result<Vec<Object>, CannotCheck> {
    let mut found = Vec::new();
    for path in files(folder)? {
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            found.extend(objects(&xtask::metadata::read(&path)?).unwrap_or_default());
        }
    }
    Ok(found)
}

/// Every folder with a kustomization, relative to the workspace, sorted by name.
fn folders(workspace: &Workspace) -> Result<Vec<String>, CannotCheck> {
    let mut found: Vec<String> = files(&workspace.root().join(MANIFESTS))?
        .iter()
        .filter(|path| path.ends_with("kustomization.yaml"))
        .filter_map(|path| Some(relative(path.parent()?, workspace.root())))
        .collect();
    if found.is_empty() {
        return Err(CannotCheck::new(format!(
            "there is no kustomization below {MANIFESTS}"
        )));
    }
    found.sort();
    Ok(found)
}

/// Every file below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, CannotCheck> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let unreadable = |error: std::io::Error| {
            CannotCheck::new(format!("{} cannot be read: {error}", folder.display()))
        };
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    Ok(found)
}

fn relative(folder: &Path, root: &Path) -> String {
    let folder = folder.strip_prefix(root).unwrap_or(folder);
    folder.display().to_string()
}

/// The folders to render, and a violation for every component that none of them uses. A folder that exists only as a
/// part of another one, such as the parts of the base, is rendered there.
fn sort(
    workspace: &Workspace,
    folders: &[String],
) -> Result<(Vec<String>, Vec<String>), CannotCheck> {
    let (mut roots, mut components, mut used) = (Vec::new(), Vec::new(), BTreeSet::new());
    for folder in folders {
        let file = format!("{folder}/kustomization.yaml");
        let read: Kustomization = serde_saphyr::from_str(&workspace.read(&file)?)
            .map_err(|error| CannotCheck::new(format!("{file} is not understood: {error}")))?;
        let parts = read.components.iter().chain(&read.resources);
        used.extend(parts.map(|part| resolve(folder, part)));
        if read.kind == "Component" {
            components.push(folder.clone());
        } else {
            roots.push(folder.clone());
        }
    }
    let is_part = |folder: &String| {
        let parent = Path::new(folder).parent().map(relative_name);
        used.contains(folder) && parent.is_some_and(|parent| folders.contains(&parent))
    };
    roots.retain(|folder| !is_part(folder));
    let idle = components.into_iter().filter(|name| !used.contains(name));
    let idle = idle.map(|name| format!("{name}: no kustomization uses this component"));
    Ok((roots, idle.collect()))
}

fn relative_name(path: &Path) -> String {
    path.display().to_string()
}

/// Resolves `part` relative to `folder`: `deploy/k8s/overlays/a` and `../../base` are `deploy/k8s/base`.
fn resolve(folder: &str, part: &str) -> String {
    let mut names: Vec<&str> = folder.split('/').collect();
    for name in part.split('/') {
        match name {
            "." | "" => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_from_the_folder_that_names_it() {
        assert_eq!(
            resolve("deploy/k8s/overlays/a", "../../base"),
            "deploy/k8s/base"
        );
        assert_eq!(
            resolve("deploy/k8s/base", "./services"),
            "deploy/k8s/base/services"
        );
    }

    #[test]
    fn only_the_fifth_kustomize_is_one() {
        assert!(is_five("v5.8.1\n") && is_five("(devel)\n"));
        assert!(!is_five("v4.5.7") && !is_five("{Version:kustomize/v4.5.7}"));
    }

    #[test]
    fn what_is_no_object_is_said_to_be_none() {
        assert!(objects("- a\n").unwrap_err().contains("no object"));
        assert_eq!(objects("").unwrap().len(), 0);
    }
}
