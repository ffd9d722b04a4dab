//! Types of settings: which collector runs, and the headers of its remote.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which collector receives: `auto`, `off`, or the path of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Otelcol {
    /// A real collector if one is found, otherwise the backend itself.
    #[default]
    Auto,
    /// The backend itself.
    Off,
    /// This program.
    At(PathBuf),
}

impl FromStr for Otelcol {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.trim() {
            "auto" => Self::Auto,
            "off" => Self::Off,
            path => Self::At(PathBuf::from(path)),
        })
    }
}

impl fmt::Display for Otelcol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Off => f.write_str("off"),
            Self::At(path) => path.display().fmt(f),
        }
    }
}

impl Serialize for Otelcol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Otelcol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(match text.parse() {
            Ok(choice) => choice,
            Err(never) => match never {},
        })
    }
}

/// Headers for a remote. Their values are secrets, which are neither shown nor serialized.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct RemoteHeaders(BTreeMap<String, String>);

impl RemoteHeaders {
    /// Returns whether there are no headers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns what is wrong with the first header that is invalid in gRPC, without its value.
    pub(crate) fn fault(&self) -> Option<String> {
        self.iter().find_map(|(name, value)| {
            let named = !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            if !named {
                return Some(format!("has the key {name:?}, which is not a header name"));
            }
            // The values of names with this ending are binary.
            if name.to_ascii_lowercase().ends_with("-bin")
                || name.to_ascii_lowercase().starts_with("grpc-")
            {
                return Some(format!("has the key {name:?}, which gRPC reserves"));
            }
            let visible = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            (!visible).then(|| format!("has a value of {name:?} that is not visible ASCII"))
        })
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for RemoteHeaders {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(headers: T) -> Self {
        let pairs = headers.into_iter();
        Self(
            pairs
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

/// Replaces a secret.
const MASKED: &str = "***";

impl fmt::Debug for RemoteHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.keys().map(|name| (name, MASKED));
        f.debug_map().entries(names).finish()
    }
}

/// Serializes the names only.
impl Serialize for RemoteHeaders {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.keys().map(|name| (name, MASKED)))
    }
}

/// Returns why a text is not an OTLP/gRPC endpoint (`host:port`, `http://host:port`,
/// `https://host:port`).
pub(crate) fn endpoint_fault(text: &str) -> Option<String> {
    let form = "write host and port, as in tempo:4317, http://tempo:4317 (plaintext) or \
                https://otlp.example.com:443";
    let bare = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"))
        .unwrap_or(text);
    let bare = bare.strip_suffix('/').unwrap_or(bare);
    if bare.contains("://") {
        return Some(format!(
            "is {text:?}, whose scheme is neither http nor https; {form}"
        ));
    }
    if bare.contains('@') {
        // The text is not repeated, because of the secret in it.
        return Some("contains credentials; use collector.remote_headers instead".to_owned());
    }
    if bare.contains('/') {
        return Some(format!(
            "is {text:?}, which has a path; the remote is reached by OTLP/gRPC: {form}"
        ));
    }
    let port = match bare.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !host.ends_with(':') => port.parse::<u16>().ok(),
        _ => None,
    };
    let strange = |letter: char| letter.is_whitespace() || letter.is_control();
    match port {
        Some(1..) if !bare.contains(strange) => None,
        _ => Some(format!("is {text:?}; {form}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_chosen_by_a_word_or_a_path() {
        for (text, choice) in [
            ("auto", Otelcol::Auto),
            (" off ", Otelcol::Off),
            ("/opt/otelcol", Otelcol::At("/opt/otelcol".into())),
            ("./auto", Otelcol::At("./auto".into())),
        ] {
            let Ok(read) = text.parse::<Otelcol>();
            assert_eq!(read, choice, "{text}");
            assert_eq!(read.to_string(), text.trim());
        }
    }

    #[test]
    fn endpoints_are_host_and_port_with_or_without_a_scheme() {
        for text in [
            "tempo:4317",
            "http://127.0.0.1:4317",
            "https://otlp.example.com:443/",
            "[::1]:4317",
        ] {
            assert_eq!(endpoint_fault(text), None, "{text}");
        }
        for text in [
            "",
            "tempo",
            "4317",
            ":4317",
            "tempo:0",
            "tempo:grpc",
            "grpc://tempo:4317",
            "https://otlp.example.com",
            "http://tempo:4318/v1/traces",
            "tem po:4317",
        ] {
            assert!(
                endpoint_fault(text).unwrap().contains("tempo:4317"),
                "{text}"
            );
        }
        let credentials = endpoint_fault("https://me:hunter2@tempo:4317").unwrap();
        assert!(!credentials.contains("hunter2"), "{credentials}");
    }

    #[test]
    fn no_value_of_a_header_is_shown() {
        let headers = RemoteHeaders::from_iter([("authorization", "Bearer hunter2")]);
        let shown = format!("{headers:?} {}", serde_json::to_string(&headers).unwrap());
        assert!(shown.contains("authorization"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
        let broken = RemoteHeaders::from_iter([("authorization", "hunter2\n")]);
        let fault = broken.fault().unwrap();
        assert!(
            fault.contains("authorization") && !fault.contains("hunter2"),
            "{fault}"
        );
    }

    #[test]
    fn headers_that_grpc_does_not_allow_are_named() {
        for name in ["", "a b", "key:", "trace-bin", "Grpc-Timeout", "naïve"] {
            let headers = RemoteHeaders::from_iter([(name, "1")]);
            assert!(
                headers.fault().unwrap().contains(&format!("{name:?}")),
                "{name}"
            );
        }
        let fine = RemoteHeaders::from_iter([("X-Scope-OrgID", "team a"), ("api.key_1", "$x")]);
        assert_eq!(fine.fault(), None);
    }
}
