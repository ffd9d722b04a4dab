//! Environment variables: each must be used by the program or by another variable.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, EnvVar};

use super::Audit;
use crate::deploy::{
    object::Cluster,
    pod::{self, Pod},
    program::Program,
};

pub(super) fn check(
    audit: &mut Audit,
    place: &str,
    cluster: &Cluster,
    pod: &Pod<'_>,
    container: &Container,
    program: &Program,
) {
    let variables: Vec<&EnvVar> = container.env.iter().flatten().collect();
    let mut set = BTreeSet::new();
    for variable in &variables {
        let name = variable.name.as_str();
        for used in mentioned(variable.value.as_deref().unwrap_or_default()) {
            audit.must(set.contains(used), || {
                format!("{place}: {name} is made of $({used}), which is not set before it")
            });
        }
        audit.must(set.insert(name), || format!("{place}: {name} is set twice"));
    }
    let arguments = container.command.iter().chain(&container.args).flatten();
    let mut used: BTreeSet<&str> = arguments.flat_map(|text| mentioned(text)).collect();
    for name in &used {
        audit.must(set.contains(name), || {
            format!("{place}: the command line has $({name}), which is not set")
        });
    }
    used.extend(
        variables
            .iter()
            .filter_map(|variable| variable.value.as_deref())
            .flat_map(mentioned),
    );
    let from_maps = from_maps(cluster, pod, container);
    for name in set
        .iter()
        .copied()
        .chain(from_maps.iter().map(String::as_str))
    {
        let is_known = program.variables.contains(name) || used.contains(name);
        audit.must(is_known, || {
            format!("{place}: nothing that runs there reads {name}")
        });
    }
    if program.is_collector {
        check_config(audit, place, cluster, pod, container, &set);
    }
}

/// Checks that a variable without a default in a config is set.
fn check_config(
    audit: &mut Audit,
    place: &str,
    cluster: &Cluster,
    pod: &Pod<'_>,
    container: &Container,
    set: &BTreeSet<&str>,
) {
    for (file, text) in pod::configs(cluster, pod, container).unwrap_or_default() {
        for rest in text.split("${env:").skip(1) {
            let expression = rest.split('}').next().unwrap_or_default();
            let has_default = expression.contains(":-");
            audit.must(has_default || set.contains(expression), || {
                format!("{place}: {file} reads {expression}, which is not set and has no default")
            });
        }
    }
}

/// The keys of config maps that become environment variables.
fn from_maps(cluster: &Cluster, pod: &Pod<'_>, container: &Container) -> Vec<String> {
    let mut names = Vec::new();
    for source in container.env_from.iter().flatten() {
        let prefix = source.prefix.as_deref().unwrap_or_default();
        let map = source
            .config_map_ref
            .as_ref()
            .and_then(|map| cluster.find("ConfigMap", &pod.object.namespace, &map.name));
        let keys = map.map(|map| map.pairs("/data")).unwrap_or_default();
        names.extend(keys.keys().map(|key| format!("{prefix}{key}")));
    }
    names
}

/// The variables in a text: `$(NAME)`, but not `$$(NAME)`.
fn mentioned(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("$(") {
        let is_escaped = rest[..start].ends_with('$');
        rest = &rest[start + 2..];
        if let Some(end) = rest.find(')')
            && !is_escaped
        {
            names.push(&rest[..end]);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_mentioned_in_brackets_and_not_behind_two_dollars() {
        assert_eq!(mentioned("redis://:$(A)@$(B):1"), ["A", "B"]);
        assert!(mentioned("$$(A) $A ${A} $(").is_empty());
    }
}
