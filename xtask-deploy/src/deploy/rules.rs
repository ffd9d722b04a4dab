//! Rules between the manifests, and between them and the code. Each rule is a function of a cluster; a
//! violation names the object that causes it.

mod addresses;
mod hardening;
mod ports;
mod references;
mod resources;
mod selectors;
mod settings;
mod variables;

use xtask::outcome::CannotCheck;

use super::{object::Cluster, pod::Pod, program::Programs};

pub(super) use settings::SUFFIX as SETTINGS;

/// The guide that describes how to create the secrets that no manifest contains.
pub(super) const GUIDE: &str = "docs/guides/kubernetes.md";

/// The number of checked names, and the faults.
#[derive(Debug, Default)]
struct Audit {
    names: usize,
    faults: Vec<String>,
}

impl Audit {
    /// Counts one checked name, and adds a fault if `holds` is false.
    fn must(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        self.names += 1;
        if !holds {
            self.faults.push(fault());
        }
    }
}

/// Checks a whole cluster. Returns the number of checked names, and the faults.
///
/// # Errors
///
/// The code cannot be read.
pub(super) fn faults(
    cluster: &Cluster,
    programs: &mut Programs,
    guide: &str,
) -> Result<(usize, Vec<String>), CannotCheck> {
    let (pods, broken) = Pod::all(cluster);
    let mut audit = Audit {
        faults: broken,
        ..Audit::default()
    };
    for pod in &pods {
        for container in pod.containers() {
            let place = format!("{}, container {}", pod.object, container.name);
            match programs.of(cluster, pod, container)? {
                Ok(program) => {
                    ports::check(&mut audit, &place, container, &program);
                    variables::check(&mut audit, &place, cluster, pod, container, &program);
                    settings::check(&mut audit, &place, cluster, pod, container, &program);
                }
                Err(fault) => audit.must(false, || format!("{place}: {fault}")),
            }
            addresses::check(&mut audit, &place, cluster, pod, container);
            hardening::check_container(&mut audit, &place, pod, container);
            resources::check(&mut audit, &place, container);
        }
        for container in pod.lasting() {
            let place = format!("{}, container {}", pod.object, container.name);
            hardening::check_probes(&mut audit, &place, container);
        }
        hardening::check_pod(&mut audit, pod);
        resources::check_own(&mut audit, cluster, pod);
        references::check_pod(&mut audit, cluster, pod, guide);
        selectors::check_pod(&mut audit, pod);
    }
    references::check(&mut audit, cluster);
    selectors::check(&mut audit, cluster, &pods);
    Ok((audit.names, audit.faults))
}
