//! Pods and their containers, from any object that creates them.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Container, PodSpec, PodTemplateSpec, Volume},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::object::{Cluster, Object};

/// The pod that an object creates.
pub(super) struct Pod<'a> {
    pub(super) object: &'a Object,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) spec: PodSpec,
}

impl<'a> Pod<'a> {
    /// The pods of a cluster, and a fault for each that is invalid.
    pub(super) fn all(cluster: &'a Cluster) -> (Vec<Self>, Vec<String>) {
        let (mut pods, mut faults) = (Vec::new(), Vec::new());
        for object in &cluster.objects {
            match Self::of(object) {
                Some(Ok(pod)) => pods.push(pod),
                Some(Err(error)) => {
                    faults.push(format!("{object}: its pod is not understood: {error}"));
                }
                None => {}
            }
        }
        (pods, faults)
    }

    fn of(object: &'a Object) -> Option<Result<Self, String>> {
        let pointer = match object.kind.as_str() {
            "DaemonSet" | "Deployment" | "Job" | "StatefulSet" => "/spec/template",
            "CronJob" => "/spec/jobTemplate/spec/template",
            "Pod" => "",
            _ => return None,
        };
        let template = object.value.pointer(pointer).cloned().unwrap_or_default();
        let template: PodTemplateSpec = match serde_json::from_value(template) {
            Ok(template) => template,
            Err(error) => return Some(Err(error.to_string())),
        };
        let (metadata, spec) = (template.metadata.unwrap_or_default(), template.spec);
        Some(Ok(Self {
            object,
            labels: metadata.labels.unwrap_or_default(),
            spec: spec.unwrap_or_default(),
        }))
    }

    /// The init containers and the containers.
    pub(super) fn containers(&self) -> impl Iterator<Item = &Container> {
        let early = self.spec.init_containers.iter().flatten();
        early.chain(&self.spec.containers)
    }

    /// The containers that run as long as the pod, including sidecars: init containers that stay running.
    pub(super) fn lasting(&self) -> impl Iterator<Item = &Container> {
        let early = self.spec.init_containers.iter().flatten();
        early
            .filter(|container| container.restart_policy.as_deref() == Some("Always"))
            .chain(&self.spec.containers)
    }

    pub(super) fn volumes(&self) -> impl Iterator<Item = &Volume> {
        self.spec.volumes.iter().flatten()
    }

    /// Whether a selector matches this pod.
    pub(super) fn has(&self, labels: &BTreeMap<&str, &str>) -> bool {
        labels
            .iter()
            .all(|(key, value)| self.labels.get(*key).is_some_and(|own| own == value))
    }

    /// Whether one of its containers has the port.
    pub(super) fn has_port(&self, port: &IntOrString) -> bool {
        self.containers()
            .any(|container| number(container, port).is_some())
    }
}

/// The number of a container's port, by its number or its name.
pub(super) fn number(container: &Container, port: &IntOrString) -> Option<i32> {
    let ports = container.ports.iter().flatten();
    let found = ports.into_iter().find(|own| match port {
        IntOrString::Int(number) => own.container_port == *number,
        IntOrString::String(name) => own.name.as_deref() == Some(name),
    });
    found.map(|port| port.container_port)
}

/// The text of a port in messages.
pub(super) fn shown(port: &IntOrString) -> String {
    match port {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(name) => format!("`{name}`"),
    }
}

/// The files that a collector's command line names, in order, each with its contents; or an error for a missing one.
pub(super) fn configs<'a>(
    cluster: &'a Cluster,
    pod: &Pod<'_>,
    container: &Container,
) -> Result<Vec<(String, &'a str)>, String> {
    let arguments: Vec<&str> = container
        .command
        .iter()
        .chain(&container.args)
        .flatten()
        .map(String::as_str)
        .collect();
    let mut found = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        let path = match argument.strip_prefix("--config=") {
            Some(path) => path,
            None if *argument == "--config" => arguments.get(index + 1).copied().unwrap_or(""),
            None => continue,
        };
        found.push(file(cluster, pod, container, path)?);
    }
    if found.is_empty() {
        return Err("its command line names no --config".to_owned());
    }
    Ok(found)
}

/// The file of a config map that is mounted in a container at `path`.
fn file<'a>(
    cluster: &'a Cluster,
    pod: &Pod<'_>,
    container: &Container,
    path: &str,
) -> Result<(String, &'a str), String> {
    let path = path.strip_prefix("file:").unwrap_or(path);
    let mounts = container.volume_mounts.iter().flatten();
    let (mount, inside) = mounts
        .filter_map(|mount| Some((mount, path.strip_prefix(&mount.mount_path)?)))
        .max_by_key(|(mount, _)| mount.mount_path.len())
        .ok_or_else(|| format!("nothing is mounted where {path} is read"))?;
    let key = match &mount.sub_path {
        Some(key) if inside.is_empty() => key.as_str(),
        _ => inside.trim_start_matches('/'),
    };
    let map = pod
        .volumes()
        .find(|volume| volume.name == mount.name)
        .and_then(|volume| volume.config_map.as_ref())
        .ok_or_else(|| format!("{path} is in no config map"))?;
    let item = map.items.iter().flatten().find(|item| item.path == key);
    let key = item.map_or(key, |item| item.key.as_str());
    let text = cluster
        .find("ConfigMap", &pod.object.namespace, &map.name)
        .and_then(|map| map.pairs("/data").remove(key));
    let text = text.ok_or_else(|| format!("the config map {} has no {key}", map.name))?;
    Ok((key.to_owned(), text))
}
