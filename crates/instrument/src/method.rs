//! Methods, versions and addresses as the conventions name them. The first two are closed sets, so that a scanner
//! creates no new series.

use glassbox_semconv::v1_41::http::{KNOWN_METHODS, METHOD_OTHER};
use http::{Method, Version};

/// The value of `http.request.method`.
pub(crate) fn attribute(method: &Method) -> &'static str {
    KNOWN_METHODS
        .iter()
        .find(|known| **known == method.as_str())
        .copied()
        .unwrap_or(METHOD_OTHER)
}

/// The first word of the span's name.
pub(crate) fn span_word(method: &'static str) -> &'static str {
    match method == METHOD_OTHER {
        true => "HTTP",
        false => method,
    }
}

/// The value of `network.protocol.version`.
pub(crate) fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}

/// The value of `server.address`: an IPv6 address has brackets only in a URL.
pub(crate) fn address(host: &str) -> &str {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_methods_are_one() {
        let brew = Method::from_bytes(b"BREW").unwrap();
        let lower = Method::from_bytes(b"get").unwrap();
        assert_eq!(attribute(&brew), "_OTHER");
        assert_eq!(attribute(&lower), "_OTHER");
        assert_eq!(span_word(attribute(&brew)), "HTTP");
        assert_eq!(span_word(attribute(&Method::PATCH)), "PATCH");
    }
}
