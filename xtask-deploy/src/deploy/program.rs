//! The program in a container, and the ports, paths and variables that it supports.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Container;
use serde_json::Value;
use xtask::{metadata, outcome::CannotCheck, workspace::Workspace};

use super::{
    object::Cluster,
    pod::{self, Pod},
    source::{Source, is_variable},
};

use crate::{
    collector,
    images::{self, Image},
};

/// A third-party program that our manifests run.
struct Foreign {
    image: &'static str,
    ports: &'static [i32],
    variables: &'static [&'static str],
}

const FOREIGN: &[Foreign] = &[Foreign {
    image: "redis",
    ports: &[6379],
    // A variable of redis-cli.
    variables: &["REDISCLI_AUTH"],
}];

/// The images that contain a collector.
const COLLECTORS: &[&str] = &["otel/opentelemetry-collector-contrib", "glassbox/otelcol"];

/// The variables of every program written in Go.
const GO_VARIABLES: &[&str] = &["GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT"];

/// The program in one container.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) ports: BTreeSet<i32>,
    /// The paths it serves over HTTP; `None` if it does not use HTTP.
    pub(super) paths: Option<BTreeSet<String>>,
    pub(super) variables: BTreeSet<String>,
    /// The sections and the keys of its settings file, and more; `None` if it reads no settings file of ours.
    pub(super) keys: Option<BTreeSet<String>>,
    pub(super) is_collector: bool,
}

/// Every program that may run in a container.
pub(super) struct Programs {
    images: Vec<Image>,
    recipe: String,
    collector: String,
    source: Source,
}

impl Programs {
    /// Reads all programs.
    ///
    /// # Errors
    ///
    /// The description of the images or of the collector is missing.
    pub(super) fn read(workspace: &Workspace) -> Result<Self, CannotCheck> {
        Ok(Self {
            images: images::list(workspace)?,
            recipe: workspace.read(images::DOCKERFILE)?,
            collector: collector::version(workspace)?,
            source: Source::new(metadata::load(workspace)?),
        })
    }

    /// Ports that an image exposes but nothing in it listens on, according to its Dockerfile.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut stages: Vec<&str> = self
            .images
            .iter()
            .map(|image| image.stage.as_str())
            .collect();
        stages.sort_unstable();
        stages.dedup();
        let mut faults = Vec::new();
        for stage in stages {
            let lines = stage_lines(&self.recipe, stage);
            for port in exposed(&lines) {
                let address = format!(":{port}");
                let listens = |line: &&str| !line.starts_with("EXPOSE") && line.contains(&address);
                if !lines.iter().any(listens) {
                    faults.push(format!(
                        "{}: the stage `{stage}` opens {port}, and sets nothing to listen there",
                        images::DOCKERFILE
                    ));
                }
            }
        }
        faults
    }

    /// The program in a container, or why it is unknown.
    pub(super) fn of(
        &mut self,
        cluster: &Cluster,
        pod: &Pod<'_>,
        container: &Container,
    ) -> Result<Result<Program, String>, CannotCheck> {
        let reference = container.image.as_deref().unwrap_or_default();
        let (name, tag) = match reference.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (reference, ""),
        };
        if !tag.starts_with(|char: char| char.is_ascii_digit()) {
            return Ok(Err(format!(
                "the image {reference} names no version: what runs would change by itself"
            )));
        }
        if COLLECTORS.contains(&name) {
            return Ok(if tag == self.collector {
                of_collector(cluster, pod, container)
            } else {
                Err(format!(
                    "the image {reference} is not the collector {} that deploy/collector describes",
                    self.collector
                ))
            });
        }
        if let Some(foreign) = FOREIGN.iter().find(|foreign| foreign.image == name) {
            return Ok(Ok(Program {
                ports: foreign.ports.iter().copied().collect(),
                variables: owned(foreign.variables),
                ..Program::default()
            }));
        }
        self.of_ours(reference)
    }

    fn of_ours(&mut self, reference: &str) -> Result<Result<Program, String>, CannotCheck> {
        let Some(image) = self
            .images
            .iter()
            .find(|image| image.reference() == reference)
        else {
            let known: Vec<String> = self.images.iter().map(Image::reference).collect();
            return Ok(Err(format!(
                "there is no image {reference}: ours are {}",
                known.join(", ")
            )));
        };
        let known = self.source.known(&image.package)?;
        let (paths, others): (BTreeSet<_>, BTreeSet<_>) = known
            .texts
            .into_iter()
            .partition(|text| text.starts_with('/'));
        Ok(Ok(Program {
            ports: exposed(&stage_lines(&self.recipe, &image.stage)),
            paths: Some(paths),
            variables: others
                .into_iter()
                .filter(|text| is_variable(text))
                .collect(),
            keys: Some(known.words),
            is_collector: false,
        }))
    }
}

/// The lines of one stage of a Dockerfile.
fn stage_lines<'a>(recipe: &'a str, stage: &str) -> Vec<&'a str> {
    let begins = format!(" AS {stage}");
    recipe
        .lines()
        .skip_while(|line| !(line.starts_with("FROM ") && line.ends_with(&begins)))
        .skip(1)
        .take_while(|line| !line.starts_with("FROM "))
        .collect()
}

fn exposed(lines: &[&str]) -> BTreeSet<i32> {
    lines
        .iter()
        .filter_map(|line| line.strip_prefix("EXPOSE "))
        .flat_map(str::split_whitespace)
        .filter_map(|port| port.parse().ok())
        .collect()
}

/// A collector's ports and variables depend on its config.
fn of_collector(
    cluster: &Cluster,
    pod: &Pod<'_>,
    container: &Container,
) -> Result<Program, String> {
    let mut program = Program {
        variables: owned(GO_VARIABLES),
        is_collector: true,
        ..Program::default()
    };
    let mut paths = owned(&["/metrics"]);
    for (name, text) in pod::configs(cluster, pod, container)? {
        let config: Value = serde_saphyr::from_str(text)
            .map_err(|error| format!("{name} of its config map is no YAML: {error}"))?;
        listened(&config, &mut program.ports);
        let health = config.pointer("/extensions/health_check");
        if let Some(health) = health {
            let path = health.get("path").and_then(Value::as_str);
            paths.insert(path.unwrap_or("/").to_owned());
        }
        program.variables.extend(variables(text));
    }
    program.paths = Some(paths);
    Ok(program)
}

/// The ports of every `endpoint` that is reachable from other machines.
fn listened(config: &Value, ports: &mut BTreeSet<i32>) {
    match config {
        Value::Object(map) => {
            for (key, value) in map {
                let port: Option<i32> = value
                    .as_str()
                    .filter(|_| key == "endpoint")
                    .and_then(|text| text.strip_prefix("0.0.0.0:").or(text.strip_prefix("[::]:")))
                    .and_then(|port| port.parse().ok());
                ports.extend(port);
                listened(value, ports);
            }
        }
        Value::Array(values) => {
            for value in values {
                listened(value, ports);
            }
        }
        _ => {}
    }
}

/// The variables that a config reads: `${env:NAME}`, or `${env:NAME:-default}`.
fn variables(text: &str) -> BTreeSet<String> {
    text.split("${env:")
        .skip(1)
        .filter_map(|rest| {
            let name = rest.split(['}', ':']).next()?;
            Some(name.to_owned())
        })
        .collect()
}

fn owned(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_ends_where_the_next_begins() {
        let recipe = "FROM scratch AS base\nEXPOSE 1\nFROM base AS a\nEXPOSE 2 3\nCMD [\"0.0.0.0:2\"]\nFROM base AS b\nEXPOSE 4\n";
        assert_eq!(exposed(&stage_lines(recipe, "a")), BTreeSet::from([2, 3]));
        assert_eq!(exposed(&stage_lines(recipe, "b")), BTreeSet::from([4]));
        assert!(stage_lines(recipe, "c").is_empty());
    }

    #[test]
    fn a_collector_listens_where_others_can_reach_it() {
        let config: Value = serde_saphyr::from_str(
            "receivers:\n  otlp:\n    protocols:\n      grpc:\n        endpoint: 0.0.0.0:4317\n      http:\n        endpoint: 127.0.0.1:4318\nexporters:\n  otlp_grpc:\n    endpoint: tempo:4317\n",
        )
        .unwrap();
        let mut ports = BTreeSet::new();
        listened(&config, &mut ports);
        assert_eq!(ports, BTreeSet::from([4317]));
    }

    #[test]
    fn a_config_reads_its_variables_with_a_default_or_without() {
        let text = "a: ${env:ONE}\nb: ${env:TWO:-http://x:1/otlp}\n# ${FOUR}\n";
        assert_eq!(variables(text), owned(&["ONE", "TWO"]));
    }

    #[test]
    fn every_image_of_this_repository_listens_where_it_says() {
        let programs = Programs::read(&Workspace::discover().unwrap()).unwrap();
        assert_eq!(programs.faults(), [""; 0]);
    }
}
