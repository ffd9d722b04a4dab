//! The Kubernetes API from `k8s-openapi`: the types of one version, generated from its published schema.
//!
//! The types ignore unknown fields, so `serde_ignored` reports these. Not detected: a missing required field,
//! which becomes its default, and rules of the API server beyond its schema.

use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, StatefulSet},
    autoscaling::v2::HorizontalPodAutoscaler,
    batch::v1::{CronJob, Job},
    core::v1::{ConfigMap, Namespace, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount},
    networking::v1::{Ingress, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
    rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::object::Object;

/// Everything that the API would reject or drop.
pub(super) fn faults(object: &Object) -> Vec<String> {
    let value = &object.value;
    match (object.api_version.as_str(), object.kind.as_str()) {
        ("v1", "ConfigMap") => read::<ConfigMap>(value),
        ("v1", "Namespace") => read::<Namespace>(value),
        ("v1", "PersistentVolumeClaim") => read::<PersistentVolumeClaim>(value),
        ("v1", "Pod") => read::<Pod>(value),
        ("v1", "Secret") => read::<Secret>(value),
        ("v1", "Service") => read::<Service>(value),
        ("v1", "ServiceAccount") => read::<ServiceAccount>(value),
        ("apps/v1", "DaemonSet") => read::<DaemonSet>(value),
        ("apps/v1", "Deployment") => read::<Deployment>(value),
        ("apps/v1", "StatefulSet") => read::<StatefulSet>(value),
        ("autoscaling/v2", "HorizontalPodAutoscaler") => read::<HorizontalPodAutoscaler>(value),
        ("batch/v1", "CronJob") => read::<CronJob>(value),
        ("batch/v1", "Job") => read::<Job>(value),
        ("networking.k8s.io/v1", "Ingress") => read::<Ingress>(value),
        ("networking.k8s.io/v1", "NetworkPolicy") => read::<NetworkPolicy>(value),
        ("policy/v1", "PodDisruptionBudget") => read::<PodDisruptionBudget>(value),
        ("rbac.authorization.k8s.io/v1", "ClusterRole") => read::<ClusterRole>(value),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding") => read::<ClusterRoleBinding>(value),
        ("rbac.authorization.k8s.io/v1", "Role") => read::<Role>(value),
        ("rbac.authorization.k8s.io/v1", "RoleBinding") => read::<RoleBinding>(value),
        (version, kind) => vec![format!(
            "{version} {kind} is nothing that this check knows: add it to xtask/src/deploy/schema.rs"
        )],
    }
}

fn read<T: DeserializeOwned>(value: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    let read: Result<T, _> = serde_ignored::deserialize(value, |path| {
        unknown.push(format!("there is no field {}", plain(&path.to_string())));
    });
    match read {
        Ok(_) => unknown,
        Err(error) => {
            unknown.push(format!("the API does not take it: {error}"));
            unknown
        }
    }
}

/// The path without the marks that `serde_ignored` adds for options: `spec.?.template` becomes `spec.template`.
fn plain(path: &str) -> String {
    let names = path.split('.').filter(|name| *name != "?");
    names.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults_of(value: Value) -> Vec<String> {
        faults(&Object::try_from(value).unwrap())
    }

    #[test]
    fn a_field_that_does_not_exist_is_named_with_its_path() {
        let found = faults_of(json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"},
            "spec": {"ports": [{"port": 80, "targetport": 8080}], "selector": {"a": "b"}}
        }));
        assert_eq!(found, ["there is no field spec.ports.0.targetport"]);
    }

    #[test]
    fn a_value_of_the_wrong_type_is_not_taken() {
        let found = faults_of(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {"replicas": "three"}
        }));
        assert!(found[0].contains("does not take it"), "{found:?}");
    }

    #[test]
    fn a_kind_that_nobody_looks_at_is_no_sound_object() {
        let found = faults_of(
            json!({"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "a"}}),
        );
        assert!(found[0].contains("apps/v1beta1 Deployment"), "{found:?}");
    }
}
