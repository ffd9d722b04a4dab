//! The host of a request, and the hosts that are allowed.

use http::{HeaderMap, Uri, header::HOST, uri::Authority};
use std::net::{IpAddr, SocketAddr};

/// Returns the authority that the request is for, in lower case.
///
/// HTTP/1 has it in `Host`, HTTP/2 in the URI. A request target in absolute form has it as well;
/// then both must agree, because servers and proxies differ in which one they use.
pub(crate) fn authority(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let target = uri.authority().map(|it| it.as_str().to_ascii_lowercase());
    let mut hosts = headers.get_all(HOST).iter();
    let header = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Some(host.to_str().ok()?.to_ascii_lowercase()),
        (None, _) => None,
        // With two hosts, an attacker could have one checked and the other used.
        (Some(_), Some(_)) => return None,
    };
    match (header, target) {
        (Some(header), Some(target)) if header != target => None,
        (header, target) => header.or(target),
    }
}

/// Removes the port from an authority.
pub(crate) fn host_of(authority: &str) -> Option<String> {
    let authority: Authority = authority.parse().ok()?;
    if authority.as_str().contains('@') {
        return None;
    }
    let host = authority.host();
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    // One trailing dot makes a name absolute; more are invalid.
    let host = host.strip_suffix('.').unwrap_or(host);
    Some(host.to_ascii_lowercase())
}

/// Whether a host is this machine: `localhost`, a name below it, or a loopback address.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// Whether a page is served from loopback.
pub(crate) fn is_loopback_origin(origin: &str) -> bool {
    let host = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    host.and_then(host_of)
        .is_some_and(|host| is_loopback(&host))
}

/// The allowed hosts of one listener.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    pub(crate) bound: SocketAddr,
    pub(crate) names: Vec<String>,
}

impl Hosts {
    /// Whether a request may be for this authority.
    pub(crate) fn allow(&self, authority: &str) -> bool {
        let Some(host) = host_of(authority) else {
            return false;
        };
        if is_loopback(&host) || self.names.contains(&host) {
            return true;
        }
        // Names can be rebound, addresses cannot.
        host.parse::<IpAddr>().is_ok_and(|ip| {
            let (ip, bound) = (ip.to_canonical(), self.bound.ip().to_canonical());
            bound == ip || (bound.is_unspecified() && !ip.is_unspecified())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(bound: &str) -> Hosts {
        Hosts {
            bound: bound.parse().unwrap(),
            names: vec!["collector.internal".to_owned()],
        }
    }

    #[test]
    fn loopback_names_and_the_bound_address_are_hosts() {
        let hosts = hosts("192.168.1.5:4380");
        for host in [
            "localhost",
            "LOCALHOST:4380",
            "app.localhost:1",
            "127.0.0.1:4380",
            "127.9.9.9",
            "[::1]:4380",
            "[::ffff:127.0.0.1]:4380",
            "192.168.1.5:4380",
            "[::ffff:192.168.1.5]",
            "collector.internal:4318",
            "COLLECTOR.internal.:4318",
            "localhost.",
        ] {
            assert!(hosts.allow(host), "{host}");
        }
    }

    #[test]
    fn foreign_names_are_no_hosts() {
        let hosts = hosts("127.0.0.1:4380");
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "localhost..",
            "xlocalhost",
            "192.168.1.5",
            "0.0.0.0:4380",
            "[::]:4380",
            "user@localhost",
            "localhost/x",
            "localhost:80:80",
            "[::1",
            "2130706433",
            "0x7f.1",
            "",
            ":4380",
        ] {
            assert!(!hosts.allow(host), "{host}");
        }
    }

    #[test]
    fn a_listener_on_every_address_answers_to_addresses_but_not_to_names() {
        for bound in ["0.0.0.0:4380", "[::]:4380"] {
            let hosts = hosts(bound);
            assert!(hosts.allow("10.0.0.7:4380"));
            assert!(hosts.allow("[fd00::7]:4380"));
            assert!(!hosts.allow("evil.example:4380"));
        }
    }

    #[test]
    fn a_request_is_for_one_host() {
        let of = |target: &str, hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, host.parse().unwrap());
            }
            authority(&headers, &target.parse().unwrap())
        };
        assert_eq!(of("/", &["LocalHost:1"]).as_deref(), Some("localhost:1"));
        assert_eq!(of("http://a:1/", &[]).as_deref(), Some("a:1"));
        assert_eq!(of("http://a:1/", &["A:1"]).as_deref(), Some("a:1"));
        assert_eq!(of("http://evil.example/", &["localhost"]), None);
        assert_eq!(of("http://localhost/", &["evil.example"]), None);
        assert_eq!(of("/", &["localhost", "localhost"]), None);
        assert_eq!(of("/", &[]), None);
    }
}
