//! Keys of settings files that config maps pass to our programs.

use k8s_openapi::api::core::v1::Container;
use toml::{Table, Value};

use super::Audit;
use crate::deploy::{object::Cluster, pod::Pod, program::Program};

/// The suffix of a settings file.
pub(in crate::deploy) const SUFFIX: &str = ".toml";

pub(super) fn check(
    audit: &mut Audit,
    place: &str,
    cluster: &Cluster,
    pod: &Pod<'_>,
    container: &Container,
    program: &Program,
) {
    for mount in container.volume_mounts.iter().flatten() {
        let volume = pod.volumes().find(|volume| volume.name == mount.name);
        let map = volume.and_then(|volume| volume.config_map.as_ref());
        let map = map.and_then(|map| cluster.find("ConfigMap", &pod.object.namespace, &map.name));
        let files = map.map(|map| map.pairs("/data")).unwrap_or_default();
        for (file, text) in files.iter().filter(|(file, _)| file.ends_with(SUFFIX)) {
            check_file(audit, &format!("{place}, {file}"), text, program);
        }
    }
}

fn check_file(audit: &mut Audit, place: &str, text: &str, program: &Program) {
    let Some(keys) = &program.keys else {
        return audit.must(false, || format!("{place}: the program reads no such file"));
    };
    match text.parse::<Table>() {
        Ok(table) => {
            for key in names(&table) {
                audit.must(keys.contains(&key), || {
                    format!("{place}: nothing that runs there has a setting {key}")
                });
            }
        }
        Err(error) => audit.must(false, || format!("{place}: it is no TOML: {error}")),
    }
}

/// The names of sections and of keys.
fn names(table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in table {
        found.push(key.clone());
        if let Value::Table(table) = value {
            found.extend(names(table));
        }
    }
    found
}
