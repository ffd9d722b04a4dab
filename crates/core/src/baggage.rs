//! Pairs that travel with the trace, by the W3C baggage recommendation.

use crate::percent;
use std::sync::Arc;

/// The most pairs that are read, kept or sent.
const MAX_ENTRIES: usize = 180;
/// The most bytes of one header that are read or sent.
const MAX_BYTES: usize = 8192;

/// One pair, with the properties that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BaggageEntry {
    /// A token by RFC 9110.
    pub key: Box<str>,
    /// Decoded.
    pub value: Box<str>,
    /// `;`-separated properties as they came, without the first `;`; handed on unchanged.
    pub properties: Option<Box<str>>,
}

/// Key-value pairs that every hop hands on. Cheap to clone.
///
/// # Bounds
/// At most 180 pairs and 8192 bytes on the wire. A pair past that is left out of the header; those
/// after it that fit are not.
///
/// Never becomes a metric label unless the application allow-lists the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baggage(Option<Arc<[BaggageEntry]>>);

impl Baggage {
    /// Reads a `baggage` header. Members that are not `token=value` are left out.
    pub fn parse(header: &str) -> Self {
        let mut entries: Vec<BaggageEntry> = Vec::new();
        let mut used = 0;
        for member in header.split(',') {
            used += member.len() + 1;
            if used > MAX_BYTES + 1 || entries.len() == MAX_ENTRIES {
                break;
            }
            let (pair, properties) = match member.split_once(';') {
                Some((pair, properties)) => (pair, Some(properties.trim())),
                None => (member, None),
            };
            let Some((key, value)) = pair.split_once('=') else {
                continue;
            };
            let (key, value) = (key.trim(), value.trim());
            if is_token(key) {
                entries.retain(|entry| &*entry.key != key);
                entries.push(BaggageEntry {
                    key: key.into(),
                    value: percent::decode(value).into(),
                    properties: properties.filter(|text| is_plain(text)).map(Into::into),
                });
            }
        }
        Self::from_entries(entries)
    }

    /// The `baggage` header, or `None` where there is nothing to send.
    pub fn to_header(&self) -> Option<String> {
        let mut out = String::new();
        for entry in self.iter() {
            let before = out.len();
            if before > 0 {
                out.push(',');
            }
            out.push_str(&entry.key);
            out.push('=');
            percent::encode_into(&entry.value, &mut out);
            if let Some(properties) = &entry.properties {
                out.push(';');
                out.push_str(properties);
            }
            if out.len() > MAX_BYTES {
                out.truncate(before);
            }
        }
        (!out.is_empty()).then_some(out)
    }

    /// The same pairs and this one; a value under the same key is replaced.
    ///
    /// A key that is no RFC 9110 token, or a pair past the bound, changes nothing.
    #[must_use]
    pub fn with(&self, key: &str, value: &str) -> Self {
        let mut entries: Vec<BaggageEntry> = self
            .iter()
            .filter(|entry| &*entry.key != key)
            .cloned()
            .collect();
        if !is_token(key) || entries.len() >= MAX_ENTRIES {
            return self.clone();
        }
        entries.push(BaggageEntry {
            key: key.into(),
            value: value.into(),
            properties: None,
        });
        Self::from_entries(entries)
    }

    /// The same pairs without this one.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        let others = self.iter().filter(|entry| &*entry.key != key);
        Self::from_entries(others.cloned().collect())
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter()
            .find(|entry| &*entry.key == key)
            .map(|entry| &*entry.value)
    }

    /// The pairs in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = &BaggageEntry> {
        self.0.iter().flat_map(|entries| entries.iter())
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn from_entries(entries: Vec<BaggageEntry>) -> Self {
        Self((!entries.is_empty()).then(|| entries.into()))
    }
}

/// Whether a header can carry it unchanged.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_survive_a_hop_with_their_properties() {
        let baggage = Baggage::parse("tenant=a%20b;ttl=3 , user = \u{2d}x,broken,=no");
        assert_eq!(baggage.get("tenant"), Some("a b"));
        assert_eq!(baggage.get("user"), Some("-x"));
        assert_eq!(baggage.iter().count(), 2);
        assert_eq!(
            baggage.to_header().as_deref(),
            Some("tenant=a%20b;ttl=3,user=-x")
        );
    }

    #[test]
    fn a_value_of_any_text_comes_back() {
        let text = "ünï, \"q\";%\\ end";
        let header = Baggage::default().with("k", text).to_header().unwrap();
        assert!(header.is_ascii());
        assert_eq!(Baggage::parse(&header).get("k"), Some(text));
    }

    #[test]
    fn the_bounds_hold_on_both_sides() {
        let many: String = (0..400).map(|n| format!("k{n}=v,")).collect();
        assert_eq!(Baggage::parse(&many).iter().count(), 180);
        let long = Baggage::default()
            .with("a", "x")
            .with("b", &"y".repeat(9000));
        let long = long.with("z", "x");
        assert_eq!(long.to_header().as_deref(), Some("a=x,z=x"));
    }

    #[test]
    fn a_property_that_no_header_carries_does_not_cost_the_pair() {
        let baggage = Baggage::parse("tenant=acme;note=\u{fc}\r\nx: y");
        assert_eq!(baggage.to_header().as_deref(), Some("tenant=acme"));
        assert!(baggage.without("tenant").is_empty());
    }

    #[test]
    fn a_key_that_is_no_token_changes_nothing() {
        assert!(Baggage::default().with("a b", "x").is_empty());
    }
}
