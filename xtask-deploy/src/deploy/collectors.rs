//! Checks collectors' configs with a real collector: the files of `deploy/collector`, and the data of config maps.

use std::{collections::BTreeMap, path::Path, process::Command, time::Duration};

use k8s_openapi::api::core::v1::Container;
use tempfile::TempDir;
use xtask::{
    cache,
    outcome::{CannotCheck, Report},
    process::{self, Voice},
    workspace::Workspace,
};

use super::{Findings, kustomize, object::Cluster, pod, pod::Pod, rules};

use crate::collector;

/// The folder of the configs.
const CONFIGS: &str = "deploy/collector";

/// Files in that folder that are not configs.
const OTHERS: &[&str] = &["builder.yaml", "kustomization.yaml"];

/// Time limit for reading a config, about ten times the usual time.
const LIMIT: Duration = Duration::from_secs(30);

/// The value of everything known only in the cluster: a secret, the pod's own name.
const PLACEHOLDER: &str = "unknown";

/// Checks every config with the collector that would run it.
pub(super) fn check(workspace: &Workspace) -> Result<Report, CannotCheck> {
    let collector = Collector(collector::program(workspace)?);
    let rendered = kustomize::render(workspace)?;
    let mut findings = Findings::from(rendered.violations);
    let files = files(workspace)?;
    let mut count = 0;
    for name in files.keys() {
        match layers(&files, name) {
            Ok(layers) => {
                if let Err(reason) = collector.validate(&layers, &[])? {
                    findings.violations.push(format!(
                        "{CONFIGS}/{name}: the collector refuses it: {reason}"
                    ));
                }
            }
            Err(fault) => findings
                .violations
                .push(format!("{CONFIGS}/{name}: {fault}")),
        }
        count += 1;
    }
    for cluster in &rendered.clusters {
        for pod in &Pod::all(cluster).0 {
            for container in pod.containers() {
                let Ok(layers) = pod::configs(cluster, pod, container) else {
                    // There is no collector, or `references` reports the fault.
                    continue;
                };
                if let Err(reason) = collector.validate(&layers, &environment(container))? {
                    let place = format!("{}, container {}", pod.object, container.name);
                    findings.add(
                        cluster,
                        &format!("{place}: the collector refuses its config: {reason}"),
                    );
                }
                count += 1;
            }
        }
        for fault in unread(cluster, &files) {
            findings.add(cluster, &fault);
        }
    }
    Report::new(count, "configs of collectors", findings.violations)
}

/// The program that checks configs.
struct Collector(std::path::PathBuf);

/// Files in the order in which a collector reads them: names and contents.
type Layers<'a> = [(String, &'a str)];

impl Collector {
    /// Checks that the collector accepts the files together. Returns its message if not.
    fn validate(
        &self,
        layers: &Layers<'_>,
        environment: &[(&str, &str)],
    ) -> Result<Result<(), String>, CannotCheck> {
        let home = TempDir::with_prefix("glassbox-deploy-")
            .map_err(|error| cache::failed(&std::env::temp_dir(), &error))?;
        let mut command = Command::new(&self.0);
        // This machine's environment must not affect the result.
        command.arg("validate").env_clear();
        command.envs(environment.iter().copied());
        for (index, (name, text)) in layers.iter().enumerate() {
            let file = home.path().join(format!("{index}-{}", file_name(name)));
            std::fs::write(&file, text).map_err(|error| cache::failed(&file, &error))?;
            command.arg("--config").arg(file);
        }
        let said = process::run_within(&mut command, Voice::Silent, LIMIT)?;
        Ok(if said.success {
            Ok(())
        } else {
            Err(said.last_words())
        })
    }
}

fn file_name(name: &str) -> String {
    let name = Path::new(name).file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Every config, by the name of its file.
fn files(workspace: &Workspace) -> Result<BTreeMap<String, String>, CannotCheck> {
    let folder = workspace.root().join(CONFIGS);
    let unreadable = |error| CannotCheck::new(format!("{CONFIGS} cannot be read: {error}"));
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        let name = file_name(&entry.map_err(unreadable)?.path().to_string_lossy());
        if name.ends_with(".yaml") && !OTHERS.contains(&name.as_str()) {
            let text = workspace.read(&format!("{CONFIGS}/{name}"))?;
            files.insert(name, text);
        }
    }
    if files.is_empty() {
        return Err(CannotCheck::new(format!("{CONFIGS} has no config")));
    }
    Ok(files)
}

/// The files that a config is read with: itself, or those of the command line in its comment if it is a layer
/// over others.
fn layers<'a>(
    files: &'a BTreeMap<String, String>,
    name: &str,
) -> Result<Vec<(String, &'a str)>, String> {
    let text = &files[name];
    if text.lines().any(|line| line.starts_with("receivers:")) {
        return Ok(vec![(name.to_owned(), text)]);
    }
    let line = text
        .lines()
        .find(|line| line.starts_with('#') && line.contains("otelcol --config"))
        .ok_or("it has no receivers, and no comment with the command line it is read with")?;
    line.split_whitespace()
        .filter(|word| word.ends_with(".yaml"))
        .map(|layer| {
            let text = files.get(layer);
            let text =
                text.ok_or_else(|| format!("it is read with {layer}, which is not there"))?;
            Ok((layer.to_owned(), text.as_str()))
        })
        .collect()
}

/// The environment of a container, as far as a manifest states it.
fn environment(container: &Container) -> Vec<(&str, &str)> {
    let variables = container.env.iter().flatten();
    variables
        .map(|variable| {
            let value = variable.value.as_deref().unwrap_or(PLACEHOLDER);
            (variable.name.as_str(), value)
        })
        .collect()
}

/// The data of config maps that was not checked, neither as the config of a container nor as a file.
fn unread(cluster: &Cluster, files: &BTreeMap<String, String>) -> Vec<String> {
    let read: Vec<&str> = Pod::all(cluster)
        .0
        .iter()
        .flat_map(|pod| {
            let containers = pod.containers();
            containers
                .flat_map(|container| pod::configs(cluster, pod, container).unwrap_or_default())
                .map(|(_, text)| text)
                .collect::<Vec<_>>()
        })
        .collect();
    let mut faults = Vec::new();
    for map in cluster.kind("ConfigMap") {
        for (key, text) in map.pairs("/data") {
            // `references` checks what our own programs read.
            let is_settings = key.ends_with(rules::SETTINGS);
            if !is_settings && !read.contains(&text) && !files.values().any(|file| file == text) {
                faults.push(format!("{map}: nothing checks what {key} says"));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> BTreeMap<String, String> {
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        BTreeMap::from([
            file("whole.yaml", "receivers:\n"),
            file(
                "layer.yaml",
                "# otelcol --config whole.yaml --config layer.yaml\nexporters:\n",
            ),
            file(
                "lost.yaml",
                "# otelcol --config gone.yaml --config lost.yaml\n",
            ),
            file("silent.yaml", "exporters:\n"),
        ])
    }

    #[test]
    fn a_layer_is_read_over_the_files_that_its_comment_names() {
        let names = |name| {
            let layers = layers(&files(), name).map(|layers| {
                let names = layers.into_iter().map(|(name, _)| name);
                names.collect::<Vec<_>>()
            });
            layers.map_err(|fault| fault.to_string())
        };
        assert_eq!(names("whole.yaml").unwrap(), ["whole.yaml"]);
        assert_eq!(names("layer.yaml").unwrap(), ["whole.yaml", "layer.yaml"]);
        assert!(names("lost.yaml").unwrap_err().contains("gone.yaml"));
        assert!(names("silent.yaml").unwrap_err().contains("no receivers"));
    }
}
