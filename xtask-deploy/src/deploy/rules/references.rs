//! Names of other objects: namespaces, config maps, secrets, volumes, accounts.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ConfigMapKeySelector, SecretKeySelector, Volume};

use super::{Audit, GUIDE};
use crate::deploy::{object::Cluster, pod::Pod};

/// Checks the rules for objects of every kind.
pub(super) fn check(audit: &mut Audit, cluster: &Cluster) {
    let mut seen = BTreeSet::new();
    for object in &cluster.objects {
        audit.must(seen.insert(object.to_string()), || {
            format!("{object} is there twice")
        });
        let namespace = &object.namespace;
        if !namespace.is_empty() {
            audit.must(cluster.find("Namespace", "", namespace).is_some(), || {
                format!("{object}: there is no namespace {namespace}")
            });
        }
    }
    for scaler in cluster.kind("HorizontalPodAutoscaler") {
        let target = |what: &str| scaler.text(&format!("/spec/scaleTargetRef/{what}"));
        let (kind, name) = (target("kind"), target("name"));
        let (kind, name) = (kind.unwrap_or_default(), name.unwrap_or_default());
        audit.must(
            cluster.find(kind, &scaler.namespace, name).is_some(),
            || format!("{scaler}: there is no {kind} {name} to scale"),
        );
    }
}

/// Checks everything that a pod needs except its images.
pub(super) fn check_pod(audit: &mut Audit, cluster: &Cluster, pod: &Pod<'_>, guide: &str) {
    let object = pod.object;
    if let Some(version) = pod.labels.get("app.kubernetes.io/version") {
        let tag = format!(":{version}");
        let mut images = pod.spec.containers.iter().flat_map(|it| &it.image);
        audit.must(images.any(|image| image.ends_with(&tag)), || {
            format!("{object}: it is labelled as version {version}, and none of its images is")
        });
    }
    let mut mounted = BTreeSet::new();
    for container in pod.containers() {
        let place = format!("{object}, container {}", container.name);
        for mount in container.volume_mounts.iter().flatten() {
            mounted.insert(mount.name.as_str());
            audit.must(
                pod.volumes().any(|volume| volume.name == mount.name),
                || format!("{place}: there is no volume {}", mount.name),
            );
        }
        for variable in container.env.iter().flatten() {
            let Some(from) = &variable.value_from else {
                continue;
            };
            if let Some(key) = &from.config_map_key_ref {
                check_config_map_key(audit, cluster, pod, &place, key);
            }
            if let Some(key) = &from.secret_key_ref {
                check_secret_key(audit, cluster, pod, &place, key, guide);
            }
        }
        for source in container.env_from.iter().flatten() {
            if let Some(map) = &source.config_map_ref {
                check_config_map(audit, cluster, pod, &place, &map.name);
            }
            if let Some(secret) = &source.secret_ref {
                check_secret(audit, cluster, pod, &place, &secret.name, guide);
            }
        }
    }
    for volume in pod.volumes() {
        audit.must(mounted.contains(volume.name.as_str()), || {
            format!("{object}: nothing mounts the volume {}", volume.name)
        });
        check_volume(audit, cluster, pod, volume, guide);
    }
    if let Some(account) = &pod.spec.service_account_name {
        let known = cluster.find("ServiceAccount", &object.namespace, account);
        audit.must(known.is_some() || account == "default", || {
            format!("{object}: there is no service account {account}")
        });
    }
}

fn check_volume(audit: &mut Audit, cluster: &Cluster, pod: &Pod<'_>, volume: &Volume, guide: &str) {
    let object = pod.object;
    let place = format!("{object}, volume {}", volume.name);
    if let Some(map) = &volume.config_map {
        check_config_map(audit, cluster, pod, &place, &map.name);
        for item in map.items.iter().flatten() {
            let key = ConfigMapKeySelector {
                key: item.key.clone(),
                name: map.name.clone(),
                optional: None,
            };
            check_config_map_key(audit, cluster, pod, &place, &key);
        }
    }
    if let Some(secret) = volume
        .secret
        .as_ref()
        .and_then(|it| it.secret_name.as_ref())
    {
        check_secret(audit, cluster, pod, &place, secret, guide);
    }
    if let Some(claim) = &volume.persistent_volume_claim {
        let name = &claim.claim_name;
        let known = cluster.find("PersistentVolumeClaim", &object.namespace, name);
        audit.must(known.is_some(), || {
            format!("{place}: there is no claim {name}")
        });
    }
}

fn check_config_map(audit: &mut Audit, cluster: &Cluster, pod: &Pod<'_>, place: &str, name: &str) {
    let known = cluster.find("ConfigMap", &pod.object.namespace, name);
    audit.must(known.is_some(), || {
        format!("{place}: there is no config map {name}")
    });
}

fn check_config_map_key(
    audit: &mut Audit,
    cluster: &Cluster,
    pod: &Pod<'_>,
    place: &str,
    wanted: &ConfigMapKeySelector,
) {
    let (name, key) = (&wanted.name, wanted.key.as_str());
    let map = cluster.find("ConfigMap", &pod.object.namespace, name);
    let has = map.is_some_and(|map| map.pairs("/data").contains_key(key));
    audit.must(has, || format!("{place}: no config map {name} has {key}"));
}

/// Checks that a secret is in a manifest, or that the guide describes how to create it.
fn check_secret(
    audit: &mut Audit,
    cluster: &Cluster,
    pod: &Pod<'_>,
    place: &str,
    name: &str,
    guide: &str,
) {
    let known = cluster
        .find("Secret", &pod.object.namespace, name)
        .is_some()
        || making(guide, &pod.object.namespace, name).next().is_some();
    audit.must(known, || {
        format!("{place}: there is no secret {name}, and {GUIDE} does not make it")
    });
}

fn check_secret_key(
    audit: &mut Audit,
    cluster: &Cluster,
    pod: &Pod<'_>,
    place: &str,
    wanted: &SecretKeySelector,
    guide: &str,
) {
    let (name, key) = (&wanted.name, wanted.key.as_str());
    let flag = format!("--from-literal={key}=");
    let secret = cluster.find("Secret", &pod.object.namespace, name);
    let has = secret.is_some_and(|secret| {
        secret.pairs("/data").contains_key(key) || secret.pairs("/stringData").contains_key(key)
    });
    let has =
        has || making(guide, &pod.object.namespace, name).any(|command| command.contains(&flag));
    audit.must(has, || {
        format!("{place}: no secret {name} has {key}, and {GUIDE} does not make one that has")
    });
}

/// The commands of the guide that create a secret of this name in a namespace, each with the rest of its block.
fn making<'a>(guide: &'a str, namespace: &str, name: &str) -> impl Iterator<Item = &'a str> {
    let begins = format!("create secret generic {name} ");
    guide
        .match_indices("create secret generic ")
        .filter(move |(start, _)| {
            let line = guide[..*start].lines().next_back().unwrap_or_default();
            guide[*start..].replace("\\\n", " ").starts_with(&begins)
                && namespace_of(line) == Some(namespace)
        })
        .map(|(start, _)| {
            let rest = &guide[start..];
            let end = rest.find("```").unwrap_or(rest.len());
            let next = rest[1..end].find("create secret generic ");
            &rest[..next.map_or(end, |next| next + 1)]
        })
}

/// The namespace named at the beginning of a command.
fn namespace_of(command: &str) -> Option<&str> {
    let mut words = command.split_whitespace();
    words.find(|word| ["--namespace", "-n"].contains(word))?;
    words.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUIDE: &str = "```sh\nkubectl --namespace o create secret generic a --from-literal=x=1\nkubectl -n o create secret generic b \\\n  --from-literal=y=2\n```\n--from-literal=z=3";

    #[test]
    fn a_guide_makes_a_secret_with_the_keys_of_its_command_and_no_others() {
        let keys = |name, key: &str| making(GUIDE, "o", name).any(|command| command.contains(key));
        assert!(keys("a", "x=") && !keys("a", "y="));
        assert!(keys("b", "y=") && !keys("b", "z="));
        assert!(making(GUIDE, "o", "c").next().is_none());
        assert!(making(GUIDE, "p", "a").next().is_none());
    }
}
