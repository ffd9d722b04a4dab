//! Ports that a program listens on, and paths that it serves.

use std::collections::BTreeSet;

use k8s_openapi::{
    api::core::v1::{Container, HTTPGetAction, Probe},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::Audit;
use crate::deploy::{
    pod::{number, shown},
    program::Program,
};

/// Maximum length of a port's name in Kubernetes.
const LONGEST_NAME: usize = 15;

pub(super) fn check(audit: &mut Audit, place: &str, container: &Container, program: &Program) {
    let mut names = BTreeSet::new();
    for port in container.ports.iter().flatten() {
        let number = port.container_port;
        audit.must(program.ports.contains(&number), || {
            let image = container.image.as_deref().unwrap_or_default();
            format!(
                "{place}: nothing of {image} listens on {number}; it listens on {:?}",
                program.ports
            )
        });
        if let Some(name) = &port.name {
            audit.must(name.len() <= LONGEST_NAME && names.insert(name), || {
                format!("{place}: the port `{name}` needs a name of its own, of {LONGEST_NAME} letters at most")
            });
        }
    }
    for (what, probe) in probes(container) {
        check_probe(
            audit,
            &format!("{place}, {what}"),
            container,
            program,
            probe,
        );
    }
}

fn probes(container: &Container) -> impl Iterator<Item = (&'static str, &Probe)> {
    [
        ("startupProbe", &container.startup_probe),
        ("livenessProbe", &container.liveness_probe),
        ("readinessProbe", &container.readiness_probe),
    ]
    .into_iter()
    .filter_map(|(what, probe)| Some((what, probe.as_ref()?)))
}

fn check_probe(
    audit: &mut Audit,
    place: &str,
    container: &Container,
    program: &Program,
    probe: &Probe,
) {
    if let Some(get) = &probe.http_get {
        check_port(audit, place, container, &get.port);
        check_path(audit, place, program, get);
    }
    if let Some(socket) = &probe.tcp_socket {
        check_port(audit, place, container, &socket.port);
    }
    let timeout = probe.timeout_seconds.unwrap_or(1);
    audit.must(timeout <= probe.period_seconds.unwrap_or(10), || {
        format!("{place}: one probe is not over when the next begins")
    });
}

fn check_port(audit: &mut Audit, place: &str, container: &Container, port: &IntOrString) {
    audit.must(number(container, port).is_some(), || {
        format!("{place}: the container has no port {}", shown(port))
    });
}

fn check_path(audit: &mut Audit, place: &str, program: &Program, get: &HTTPGetAction) {
    let path = get.path.as_deref().unwrap_or("/");
    let serves = program.paths.as_ref().map(|paths| paths.contains(path));
    audit.must(serves == Some(true), || match serves {
        Some(_) => format!("{place}: the program does not serve {path}"),
        None => format!("{place}: the program does not speak HTTP"),
    });
}
