//! The peers that a key is sent to.

#[cfg(feature = "client")]
use crate::endpoint::Endpoint;
use crate::endpoint::{port_of, split};
use std::net::IpAddr;

/// Which endpoints are a peer: `http://name:8080`, `*.tools.svc`, `10.0.0.0/8`, `[::1]:8080`.
///
/// Without a scheme or a port, any scheme or port matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    is_tls: Option<bool>,
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    One(String),
    /// Every name with this suffix, which starts with a dot.
    Below(String),
    /// Every address with the same first bits.
    Net(IpAddr, u32),
}

impl Peer {
    /// # Errors
    /// If it has none of the forms.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "must be endpoints that get the key, such as http://tool:8080, *.tools.svc \
            or 10.0.0.0/8";
        let (is_tls, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Some(false), rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Some(true), rest),
            Some(_) => return Err(FORM),
            None => (None, text),
        };
        if let Some((address, length)) = rest.split_once('/')
            && !length.is_empty()
        {
            let address = address.trim_start_matches('[').trim_end_matches(']');
            let address: IpAddr = address.parse().map_err(|_| FORM)?;
            let length: u32 = length.parse().map_err(|_| FORM)?;
            if length == 0 || length > bits(address).1 {
                return Err(FORM);
            }
            return Ok(Self {
                is_tls,
                hosts: Hosts::Net(address, length),
                port: None,
            });
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (is_below, rest) = match rest.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (host, port) = split(rest).map_err(|_| FORM)?;
        let port = match port {
            Some(port) => Some(port_of(port).ok_or(FORM)?),
            None => None,
        };
        let hosts = match is_below {
            true if host.parse::<IpAddr>().is_ok() => return Err(FORM),
            true => Hosts::Below(format!(".{host}")),
            false => Hosts::One(host),
        };
        Ok(Self {
            is_tls,
            hosts,
            port,
        })
    }

    /// Whether this endpoint is a peer.
    #[cfg(feature = "client")]
    pub(crate) fn is(&self, endpoint: &Endpoint) -> bool {
        let is_host = match &self.hosts {
            Hosts::One(host) => *host == endpoint.host,
            Hosts::Below(end) => endpoint.host.ends_with(end),
            Hosts::Net(net, length) => endpoint.ip().is_some_and(|ip| {
                let ((net, width), (ip, other)) = (bits(*net), bits(ip));
                width == other && (net ^ ip).checked_shr(width - length).unwrap_or(0) == 0
            }),
        };
        is_host
            && self.is_tls.is_none_or(|is_tls| is_tls == endpoint.is_tls)
            && self.port.is_none_or(|port| port == endpoint.port)
    }
}

/// An address as a number, and its width in bits.
fn bits(address: IpAddr) -> (u128, u32) {
    match address.to_canonical() {
        IpAddr::V4(address) => (u32::from(address).into(), 32),
        IpAddr::V6(address) => (address.into(), 128),
    }
}

#[cfg(all(test, feature = "client"))]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_configured_is_a_peer() {
        for (peer, url, expected) in [
            ("http://tool:8080", "http://tool:8080", true),
            ("http://tool:8080", "http://TOOL.:8080/base", true),
            ("http://tool:8080", "https://tool:8080", false),
            ("http://tool:8080", "http://tool:8081", false),
            ("http://tool:8080", "http://tool.evil.example:8080", false),
            ("http://tool", "http://tool:8080", true),
            ("tool:8080", "https://tool:8080", true),
            ("tool", "http://atool", false),
            ("*.tools.svc", "http://a.tools.svc:1", true),
            ("*.tools.svc", "http://tools.svc:1", false),
            ("*.tools.svc", "http://eviltools.svc", false),
            ("https://*.tools.svc:1", "http://a.tools.svc:1", false),
            ("10.0.0.0/8", "http://10.9.8.7:8080", true),
            ("10.0.0.0/8", "http://11.0.0.1", false),
            ("10.0.0.0/8", "http://10.0.0.1.nip.io", false),
            ("10.0.0.0/8", "http://[::10.0.0.1]", false),
            ("10.1.2.3/32", "http://10.1.2.3", true),
            ("10.1.2.3/32", "http://10.1.2.4", false),
            ("fd00::/8", "http://[fd12::1]:80", true),
            ("fd00::/8", "http://[fe80::1]:80", false),
            ("[::1]:8080", "http://[::1]:8080", true),
        ] {
            let endpoint = Endpoint::parse(url).unwrap();
            assert_eq!(
                Peer::parse(peer).unwrap().is(&endpoint),
                expected,
                "{peer} {url}"
            );
        }
    }

    #[test]
    fn what_would_match_everything_or_nothing_is_refused() {
        for text in [
            "",
            "*",
            "*.",
            "0.0.0.0/0",
            "10.0.0.0/33",
            "ftp://h",
            "http://",
            "a b",
            "*.1.2.3.4",
            "u@h",
        ] {
            assert!(Peer::parse(text).is_err(), "{text}");
        }
    }
}
