//! Addresses of services inside the cluster: the service must exist and have that port.

use k8s_openapi::api::core::v1::Container;

use super::Audit;
use crate::deploy::{object::Cluster, pod::Pod};

/// Services that the operator of the cluster provides.
const BROUGHT: &[(&str, &str)] = &[("observability", "tempo"), ("observability", "loki")];

/// Addresses inside the pod itself.
const HERE: &[&str] = &["localhost", "127.0.0.1", "0.0.0.0", "[::1]"];

pub(super) fn check(
    audit: &mut Audit,
    place: &str,
    cluster: &Cluster,
    pod: &Pod<'_>,
    container: &Container,
) {
    for variable in container.env.iter().flatten() {
        let value = variable.value.as_deref().unwrap_or_default();
        let Some((host, port)) = address(value) else {
            continue;
        };
        let is_namespace = |name: &str| cluster.find("Namespace", "", name).is_some();
        let Some((namespace, name)) = service(host, &pod.object.namespace, is_namespace) else {
            continue;
        };
        if BROUGHT.contains(&(namespace, name)) {
            continue;
        }
        let known = cluster.find("Service", namespace, name);
        audit.must(known.is_some(), || {
            format!(
                "{place}: {} leads to the service {namespace}/{name}, which is not there",
                variable.name
            )
        });
        if let (Some(service), Some(port)) = (known, port) {
            let ports = service.value.pointer("/spec/ports");
            let ports = ports.and_then(|ports| ports.as_array());
            let has = ports
                .into_iter()
                .flatten()
                .any(|own| own["port"].as_u64() == Some(port));
            audit.must(has, || {
                format!(
                    "{place}: {} leads to port {port}, which {service} does not have",
                    variable.name
                )
            });
        }
    }
}

/// The host and the port of a URL, or of `host:port`; `None` for any other value.
fn address(value: &str) -> Option<(&str, Option<u64>)> {
    let (is_url, rest) = match value.split_once("://") {
        Some((_, rest)) => (true, rest),
        None => (false, value),
    };
    let authority = rest.split('/').next()?;
    let host = authority.rsplit_once('@').map_or(authority, |it| it.1);
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (host, None),
    };
    let is_host = !host.is_empty() && !host.contains(['$', ' ', ':']);
    (is_host && (is_url || port.is_some())).then_some((host, port))
}

/// The service of a host inside the cluster; `None` for a host outside of it.
fn service<'a>(
    host: &'a str,
    namespace: &'a str,
    is_namespace: impl Fn(&str) -> bool,
) -> Option<(&'a str, &'a str)> {
    if HERE.contains(&host) {
        return None;
    }
    let inside = host.strip_suffix(".cluster.local").unwrap_or(host);
    match inside.split('.').collect::<Vec<_>>().as_slice() {
        [name] => Some((namespace, name)),
        [name, namespace] if is_namespace(namespace) => Some((namespace, name)),
        [name, namespace, "svc"] => Some((namespace, name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_a_url_and_without_one() {
        assert_eq!(
            address("redis://:$(P)@redis:6379"),
            Some(("redis", Some(6379)))
        );
        assert_eq!(
            address("http://a.b.svc:4318/otlp"),
            Some(("a.b.svc", Some(4318)))
        );
        assert_eq!(address("a.b.svc:4317"), Some(("a.b.svc", Some(4317))));
        assert_eq!(address("http://a"), Some(("a", None)));
        for none in ["production", "http://$(POD_IP):8080", "true", "800MiB", ""] {
            assert_eq!(address(none), None, "{none}");
        }
    }

    #[test]
    fn a_short_name_is_a_service_of_the_same_namespace_and_a_long_one_says_which() {
        let service = |host| service(host, "g", |name| name == "o");
        assert_eq!(service("redis"), Some(("g", "redis")));
        assert_eq!(service("a.o"), Some(("o", "a")));
        assert_eq!(service("a.p.svc"), Some(("p", "a")));
        assert_eq!(service("a.o.svc.cluster.local"), Some(("o", "a")));
        for outside in ["example.com", "api.example.com", "127.0.0.1"] {
            assert_eq!(service(outside), None, "{outside}");
        }
    }
}
