//! The URL of a service.

use axum::http::{Uri, uri::Authority};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Maximum length of a URL in bytes.
const LONGEST: usize = 2048;

/// The parts of a URL that identify the peer: scheme, host and port.
///
/// The rules are stricter than those of URLs, so that every parser reads the same host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) is_tls: bool,
    /// In lower case, without brackets and without a trailing dot.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Endpoint {
    /// Reads `http://host:port`, with an optional path.
    ///
    /// # Errors
    /// The requirement that is not met.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        if url.len() > LONGEST {
            return Err("must have at most 2048 bytes");
        }
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(
                "must be a URL of visible ASCII characters, without spaces and line breaks",
            );
        }
        let (scheme, rest) = match url.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => return Err("must start with http:// or https://"),
        };
        let is_tls = match scheme.as_str() {
            "http" => false,
            "https" => true,
            _ => return Err("must start with http:// or https://"),
        };
        if url.contains(['?', '#']) {
            return Err("must have no query and no fragment");
        }
        if url.contains('\\') {
            return Err("must have no backslash");
        }
        let authority = rest.split('/').next().unwrap_or_default();
        if authority.contains('@') {
            return Err("must have no user and no password");
        }
        if url.parse::<Uri>().is_err() && authority.parse::<Authority>().is_ok() {
            return Err("has an invalid path");
        }
        let (host, port) = split(authority)?;
        let default = if is_tls { 443 } else { 80 };
        let port = match port {
            Some(text) => port_of(text).ok_or("must have a port from 1 to 65535")?,
            None => default,
        };
        Ok(Self { is_tls, host, port })
    }

    /// The address, if the host is one.
    #[cfg(feature = "client")]
    pub(crate) fn ip(&self) -> Option<std::net::IpAddr> {
        self.host.parse().ok()
    }
}

/// Splits `host:port` and `[address]:port`, and checks the host.
pub(crate) fn split(authority: &str) -> Result<(String, Option<&str>), &'static str> {
    const HOST: &str = "must have a host name or an IP address, such as http://name:8080";
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or(HOST)?;
            let address: Ipv6Addr = address.parse().map_err(|_| HOST)?;
            let port = match port {
                "" => None,
                port => Some(port.strip_prefix(':').ok_or(HOST)?),
            };
            return Ok((address.to_string(), port));
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    match is_host(&host) {
        true => Ok((host, port)),
        false => Err(HOST),
    }
}

pub(crate) fn port_of(text: &str) -> Option<u16> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = is_number.then(|| text.parse().ok()).flatten();
    port.filter(|port| *port != 0)
}

/// A DNS name, or an IPv4 address in its usual form. Other forms (`0x7f.1`, `2130706433`) are read
/// differently by different parsers.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if host.len() > 253 || !host.split('.').all(is_label) {
        return false;
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_numeric = last.starts_with(|first: char| first.is_ascii_digit())
        && (last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x"));
    !is_numeric || host.parse::<Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_a_service_is_read() {
        for (url, is_tls, host, port) in [
            ("http://tool:8080", false, "tool", 8080),
            ("HTTP://Tool.Svc.:8080/base", false, "tool.svc", 8080),
            ("https://tool", true, "tool", 443),
            ("http://10.0.0.7", false, "10.0.0.7", 80),
            ("http://[::1]:4380/", false, "::1", 4380),
            ("http://10.0.0.7.nip.io:1", false, "10.0.0.7.nip.io", 1),
            ("http://a_b-c.x1:65535", false, "a_b-c.x1", 65535),
        ] {
            let host = host.to_owned();
            let expected = Endpoint { is_tls, host, port };
            assert_eq!(Endpoint::parse(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_no_service_is_reached_at_is_refused() {
        let long = format!("http://h/{}", "x".repeat(LONGEST));
        for url in [
            "",
            "not a url",
            "tool:8080",
            "file:///etc/passwd",
            "gopher://h:70",
            "javascript:alert(1)",
            "javascript://h/%0aalert(1)",
            "data:text/html,x",
            "ftp://h",
            "http:h",
            "http:/h",
            "http://",
            "http:///x",
            "http://:80",
            "http://h:",
            "http://h:0",
            "http://h:99999",
            "http://h:-1",
            "http://h:+80",
            "http://h:8o",
            "http://h:80:80",
            "http://user@h",
            "http://user:pass@h",
            "http://h:80@evil.example",
            "http://evil.example\\@h",
            "http://h\r\nx: y",
            "http://h/\r\n",
            "http://h\t",
            " http://h",
            "http://h /",
            "http://h\0",
            "http://hé",
            "http://h..x",
            "http://.h",
            "http://h?x=1",
            "http://h#x",
            "http://h%2e",
            "http://[::1",
            "http://[::1]x",
            "http://[h]",
            "http://::1",
            "http://0x7f.1",
            "http://2130706433",
            "http://1.2.3",
            "http://256.1.1.1",
            "http://h/<script>",
            &long,
        ] {
            assert!(Endpoint::parse(url).is_err(), "{url:?}");
        }
    }
}
