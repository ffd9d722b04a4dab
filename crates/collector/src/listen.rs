//! Parses the address of a listener.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// An address to listen on: `127.0.0.1:4317`, `[::1]:4317`, `localhost:4317`, `:4317` (loopback),
/// each also with the prefix `http://`. Port 0 selects a free port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen(SocketAddr);

/// The text is not an address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is not an address to listen on; write host and port, such as 127.0.0.1:4317")]
pub struct ParseListenError {
    text: String,
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
        let port = bare
            .strip_prefix("localhost:")
            .or_else(|| bare.strip_prefix(':'));
        let address = match port {
            Some(port) => port
                .parse()
                .ok()
                .map(|port| (IpAddr::V4(Ipv4Addr::LOCALHOST), port).into()),
            None => bare.parse().ok(),
        };
        address.map(Self).ok_or_else(|| ParseListenError {
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
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
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
            ":4317",
        ] {
            assert_eq!(
                text.parse::<Listen>().unwrap().to_string(),
                "127.0.0.1:4317",
                "{text}"
            );
        }
        assert_eq!("[::1]:0".parse::<Listen>().unwrap().to_string(), "[::1]:0");
    }

    #[test]
    fn what_is_no_address_is_named() {
        for text in [
            "4317",
            "https://127.0.0.1:4317",
            "example.org:4317",
            "127.0.0.1",
        ] {
            let error = text.parse::<Listen>().unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
