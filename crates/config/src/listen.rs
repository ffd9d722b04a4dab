//! Listening addresses in settings and on command lines.
//!
//! For a field that is a [`SocketAddr`], `#[serde(with = "glassbox_config::listen")]`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An address to listen on: `127.0.0.1:4317`, `[::1]:4317`, `localhost:4317`, or only a port, `:4317`
/// or `4317`, for loopback. Each may have the prefix `http://`. Port 0 selects a free port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen(SocketAddr);

/// The text is not an address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseListenError {
    /// It has no host and port that can be read.
    #[error("{text:?} is not an address to listen on; write host and port, such as 127.0.0.1:4317")]
    Form {
        /// The text.
        text: String,
    },
    /// The port is a number beyond the largest port.
    #[error("{text:?} has port {port}, but the largest port is 65535")]
    Port {
        /// The text.
        text: String,
        /// The port.
        port: String,
    },
}

impl Listen {
    /// Returns the socket address.
    #[must_use]
    pub const fn address(self) -> SocketAddr {
        self.0
    }
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Self(address)
    }
}

impl FromStr for Listen {
    type Err = ParseListenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.trim();
        let bare = bare.strip_prefix("http://").unwrap_or(bare);
        let bare = bare.strip_suffix('/').unwrap_or(bare);
        let (host, port) = bare.rsplit_once(':').unwrap_or(("", bare));
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let loopback = host.is_empty() || host.eq_ignore_ascii_case("localhost");
        let address = match (is_number, port.parse::<u16>()) {
            (true, Err(_)) => {
                return Err(ParseListenError::Port {
                    text: text.to_owned(),
                    port: port.to_owned(),
                });
            }
            (true, Ok(port)) if loopback => Some((IpAddr::V4(Ipv4Addr::LOCALHOST), port).into()),
            _ => bare.parse().ok(),
        };
        address.map(Self).ok_or_else(|| ParseListenError::Form {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text)
    }
}

/// Serialises an address as text.
///
/// # Errors
/// If the serializer fails.
pub fn serialize<S: Serializer>(address: &SocketAddr, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(address)
}

/// Deserialises an address in any form that [`Listen`] reads.
///
/// # Errors
/// If it is not an address.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    Listen::deserialize(deserializer).map(Listen::address)
}

struct Text;

impl de::Visitor<'_> for Text {
    type Value = Listen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("host and port, such as 127.0.0.1:4317, or a port")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Listen, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, port: u64) -> Result<Listen, E> {
        self.visit_str(&port.to_string())
    }

    fn visit_i64<E: de::Error>(self, port: i64) -> Result<Listen, E> {
        self.visit_str(&port.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_every_form_people_write() {
        for text in [
            "127.0.0.1:4317",
            "http://127.0.0.1:4317/",
            "localhost:4317",
            "LOCALHOST:4317",
            ":4317",
            "4317",
            " 4317 ",
        ] {
            assert_eq!(
                text.parse::<Listen>().unwrap().to_string(),
                "127.0.0.1:4317",
                "{text}"
            );
        }
        assert_eq!("[::1]:0".parse::<Listen>().unwrap().to_string(), "[::1]:0");
        let zero: Listen = "localhost:0".parse().unwrap();
        assert_eq!(zero.address().port(), 0);
    }

    #[test]
    fn what_is_no_address_is_named() {
        for text in [
            "",
            "https://127.0.0.1:4317",
            "example.org:4317",
            "127.0.0.1",
            "-1",
            "::1",
        ] {
            let error = text.parse::<Listen>().unwrap_err();
            assert!(matches!(error, ParseListenError::Form { .. }), "{error}");
            assert!(error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn a_port_beyond_the_largest_is_named() {
        for text in ["99999", "127.0.0.1:99999", "localhost:65536", "[::1]:70000"] {
            let error = text.parse::<Listen>().unwrap_err().to_string();
            assert!(error.contains("the largest port is 65535"), "{error}");
        }
    }

    #[test]
    fn a_file_may_give_a_port_as_a_number() {
        let listen: Listen = serde_json::from_str("4380").unwrap();
        assert_eq!(listen.to_string(), "127.0.0.1:4380");
        let error = serde_json::from_str::<Listen>("99999").unwrap_err();
        assert!(error.to_string().contains("65535"), "{error}");
    }
}
