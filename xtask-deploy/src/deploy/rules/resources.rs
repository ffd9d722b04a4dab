//! The resource requests and limits of containers.

use k8s_openapi::{
    api::core::v1::{Container, ResourceRequirements},
    apimachinery::pkg::api::resource::Quantity,
};

use super::Audit;
use crate::deploy::{object::Cluster, pod::Pod};

/// The resources that must have both.
const RESOURCES: [&str; 2] = ["cpu", "memory"];

/// The suffixes of a number, with their factors.
const SUFFIXES: [(&str, f64); 11] = [
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("m", 0.001),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("", 1.0),
];

/// Checks the rules for any container, including init containers.
pub(super) fn check(audit: &mut Audit, place: &str, container: &Container) {
    let resources = container.resources.clone().unwrap_or_default();
    for resource in RESOURCES {
        let request = amount(audit, place, "requests", resource, &resources);
        let limit = amount(audit, place, "limits", resource, &resources);
        if let (Some(request), Some(limit)) = (request, limit) {
            audit.must(request <= limit, || {
                format!("{place}: it is given more {resource} than it may take")
            });
        }
    }
}

/// Reads one required amount of a container, and reports it if missing or invalid.
fn amount(
    audit: &mut Audit,
    place: &str,
    what: &str,
    resource: &str,
    resources: &ResourceRequirements,
) -> Option<f64> {
    let amounts = match what {
        "requests" => &resources.requests,
        _ => &resources.limits,
    };
    let quantity = amounts.as_ref().and_then(|amounts| amounts.get(resource));
    audit.must(quantity.is_some(), || {
        format!("{place}: resources.{what} has no {resource}")
    });
    let Quantity(text) = quantity?;
    let amount = parse(text).filter(|_| !(resource == "memory" && text.ends_with('m')));
    audit.must(amount.is_some(), || {
        format!("{place}: resources.{what}: {text} is no amount of {resource}")
    });
    amount
}

/// Parses `100m`, `1.5` or `64Mi`.
fn parse(text: &str) -> Option<f64> {
    let (digits, factor) = SUFFIXES
        .iter()
        .find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, factor)))?;
    let is_plain = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = digits.parse().ok().filter(|_| is_plain)?;
    Some(number * factor)
}

/// Checks that a workload gets the amounts in its own file, because a patch overrides the file silently.
pub(super) fn check_own(audit: &mut Audit, cluster: &Cluster, pod: &Pod<'_>) {
    let object = pod.object;
    let own = cluster
        .own
        .iter()
        .filter(|own| own.kind == object.kind && own.name == object.name);
    for own in own {
        let Some(containers) = own.value.pointer("/spec/template/spec/containers") else {
            continue;
        };
        for said in containers.as_array().into_iter().flatten() {
            let (Some(name), Some(resources)) = (said["name"].as_str(), said.get("resources"))
            else {
                continue;
            };
            let mut containers = pod.spec.containers.iter();
            let rendered = containers.find(|container| container.name == name);
            let rendered = rendered.and_then(|container| container.resources.as_ref());
            let said: Option<ResourceRequirements> = serde_json::from_value(resources.clone()).ok();
            audit.must(rendered == said.as_ref(), || {
                format!("{object}, container {name}: a patch replaces the resources that its own file says")
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_with_their_letters_and_nothing_else_is_one() {
        for (smaller, larger) in [
            ("100m", "0.2"),
            ("64Mi", "128Mi"),
            ("1M", "1Mi"),
            ("900Mi", "1Gi"),
            ("999m", "1"),
        ] {
            assert!(parse(smaller) < parse(larger), "{smaller} {larger}");
        }
        for text in ["", "m", "64MB", "64 Mi", "-1", "inf", "1e"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
