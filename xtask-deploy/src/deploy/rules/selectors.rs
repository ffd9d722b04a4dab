//! Selectors: each must match a pod, and the intended one.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString};
use serde_json::Value;

use super::Audit;
use crate::deploy::{
    object::{Cluster, Object},
    pod::{Pod, shown},
};

/// The label that the cluster itself adds to every namespace.
const NAME_OF_NAMESPACE: &str = "kubernetes.io/metadata.name";

/// Checks the selectors in a pod's own object.
pub(super) fn check_pod(audit: &mut Audit, pod: &Pod<'_>) {
    let object = pod.object;
    if ["DaemonSet", "Deployment", "StatefulSet"].contains(&object.kind.as_str()) {
        let selector = object
            .value
            .pointer("/spec/selector")
            .unwrap_or(&Value::Null);
        audit.must(finds(selector, &pod.labels), || {
            format!("{object}: its selector does not find the pods of its own template")
        });
    }
    for constraint in pod.spec.topology_spread_constraints.iter().flatten() {
        let selector = constraint.label_selector.as_ref();
        let selector = selector.and_then(|selector| serde_json::to_value(selector).ok());
        let own = selector.is_some_and(|selector| finds(&selector, &pod.labels));
        audit.must(own, || {
            format!("{object}: it spreads other pods than its own")
        });
    }
}

/// Checks the selectors in the other objects of a cluster.
pub(super) fn check(audit: &mut Audit, cluster: &Cluster, pods: &[Pod<'_>]) {
    for service in cluster.kind("Service") {
        check_service(audit, service, pods);
    }
    for budget in cluster.kind("PodDisruptionBudget") {
        let selector = budget
            .value
            .pointer("/spec/selector")
            .unwrap_or(&Value::Null);
        audit.must(is_found(selector, &budget.namespace, pods), || {
            format!("{budget}: its selector finds no pod")
        });
    }
    for policy in cluster.kind("NetworkPolicy") {
        check_policy(audit, cluster, policy, pods);
    }
}

fn check_service(audit: &mut Audit, service: &Object, pods: &[Pod<'_>]) {
    let selector = service.pairs("/spec/selector");
    let found: Vec<&Pod<'_>> = pods
        .iter()
        .filter(|pod| pod.object.namespace == service.namespace && pod.has(&selector))
        .collect();
    audit.must(!selector.is_empty() && !found.is_empty(), || {
        format!("{service}: its selector finds no pod")
    });
    let ports = service
        .value
        .pointer("/spec/ports")
        .and_then(Value::as_array);
    for port in ports.into_iter().flatten() {
        let target = port.get("targetPort").unwrap_or(&port["port"]);
        let Ok(target) = serde_json::from_value::<IntOrString>(target.clone()) else {
            continue;
        };
        for pod in &found {
            audit.must(pod.has_port(&target), || {
                format!("{service}: {} has no port {}", pod.object, shown(&target))
            });
        }
    }
}

fn check_policy(audit: &mut Audit, cluster: &Cluster, policy: &Object, pods: &[Pod<'_>]) {
    let empty = Value::Null;
    let selector = policy.value.pointer("/spec/podSelector").unwrap_or(&empty);
    let chosen: Vec<&Pod<'_>> = pods
        .iter()
        .filter(|pod| pod.object.namespace == policy.namespace && finds(selector, &pod.labels))
        .collect();
    audit.must(!chosen.is_empty(), || {
        format!("{policy}: its selector finds no pod")
    });
    for (rules, peers) in [("/spec/ingress", "from"), ("/spec/egress", "to")] {
        let rules = policy.value.pointer(rules).and_then(Value::as_array);
        for rule in rules.into_iter().flatten() {
            for peer in rule[peers].as_array().into_iter().flatten() {
                audit.must(is_somebody(cluster, policy, peer, pods), || {
                    format!("{policy}: nobody is what it lets through: {peer}")
                });
            }
            for port in rule["ports"].as_array().into_iter().flatten() {
                let Ok(port) = serde_json::from_value::<IntOrString>(port["port"].clone()) else {
                    continue;
                };
                // Outgoing traffic goes to ports of other pods.
                let has = peers == "to" || chosen.iter().any(|pod| pod.has_port(&port));
                audit.must(has, || {
                    format!(
                        "{policy}: no pod that it is about has the port {}",
                        shown(&port)
                    )
                });
            }
        }
    }
}

/// Whether a peer of a policy is an existing pod or namespace.
fn is_somebody(cluster: &Cluster, policy: &Object, peer: &Value, pods: &[Pod<'_>]) -> bool {
    let namespaces: Vec<&str> = match peer.get("namespaceSelector") {
        None => vec![policy.namespace.as_str()],
        Some(selector) => cluster
            .kind("Namespace")
            .filter(|namespace| finds(selector, &labels_of(namespace)))
            .map(|namespace| namespace.name.as_str())
            .collect(),
    };
    match peer.get("podSelector") {
        None => !namespaces.is_empty() || peer.get("ipBlock").is_some(),
        Some(selector) => namespaces
            .iter()
            .any(|namespace| is_found(selector, namespace, pods)),
    }
}

fn labels_of(namespace: &Object) -> BTreeMap<String, String> {
    let labels = namespace.pairs("/metadata/labels");
    let own = (NAME_OF_NAMESPACE.to_owned(), namespace.name.clone());
    labels
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .chain([own])
        .collect()
}

fn is_found(selector: &Value, namespace: &str, pods: &[Pod<'_>]) -> bool {
    pods.iter()
        .any(|pod| pod.object.namespace == namespace && finds(selector, &pod.labels))
}

/// Whether a label selector matches these labels. An empty selector matches everything; an invalid one
/// matches nothing.
fn finds(selector: &Value, labels: &BTreeMap<String, String>) -> bool {
    let Ok(selector) = serde_json::from_value::<LabelSelector>(selector.clone()) else {
        return false;
    };
    let matches = selector.match_labels.unwrap_or_default();
    matches
        .iter()
        .all(|(key, value)| labels.get(key) == Some(value))
        && selector.match_expressions.iter().flatten().all(|wanted| {
            let value = labels.get(&wanted.key);
            let is_among = || {
                let values = wanted.values.iter().flatten();
                value.is_some_and(|value| values.into_iter().any(|wanted| wanted == value))
            };
            match wanted.operator.as_str() {
                "In" => is_among(),
                "NotIn" => !is_among(),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_selector_finds_by_labels_and_by_expressions() {
        let labels = BTreeMap::from([("kind".to_owned(), "tool".to_owned())]);
        let with = |operator: &str, values: &[&str]| {
            let wanted = json!({"key": "kind", "operator": operator, "values": values});
            finds(&json!({"matchExpressions": [wanted]}), &labels)
        };
        assert!(finds(&json!({}), &labels));
        assert!(finds(&json!({"matchLabels": {"kind": "tool"}}), &labels));
        assert!(!finds(&json!({"matchLabels": {"kind": "agent"}}), &labels));
        assert!(with("In", &["agent", "tool"]) && !with("In", &["agent"]));
        assert!(with("NotIn", &["agent"]) && !with("NotIn", &["tool"]));
        assert!(with("Exists", &[]) && !with("DoesNotExist", &[]));
        assert!(!with("Resembles", &["tool"]));
    }
}
