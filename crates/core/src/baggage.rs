//! W3C baggage: key-value pairs that are propagated with the trace.

use crate::percent;
use std::sync::Arc;

/// Maximum number of pairs.
const MAX_ENTRIES: usize = 180;
/// Maximum size of a header in bytes.
const MAX_BYTES: usize = 8192;

/// One pair with its properties.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BaggageEntry {
    /// A token by RFC 9110.
    pub key: Box<str>,
    /// Decoded.
    pub value: Box<str>,
    /// `;`-separated properties without the first `;`, forwarded unchanged.
    pub properties: Option<Box<str>>,
}

/// Key-value pairs that every hop forwards. Cheap to clone.
///
/// # Bounds
/// At most 180 pairs and 8192 bytes on the wire. A pair that exceeds this is omitted from the header;
/// later pairs that fit are included.
///
/// Never becomes a metric label unless the application allow-lists the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baggage(Option<Arc<[BaggageEntry]>>);

impl Baggage {
    /// Parses a `baggage` header. Members that are not `token=value` are skipped.
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

    /// The `baggage` header, or `None` if it would be empty.
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

    /// Adds a pair, or replaces the value of its key.
    ///
    /// Ignores a key that is not an RFC 9110 token, and a pair beyond the bound.
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

    /// Removes a pair.
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

    /// The pairs in insertion order.
    pub fn iter(&self) -> impl Iterator<Item = &BaggageEntry> {
        self.0.iter().flat_map(|entries| entries.iter())
    }

    /// Whether there are no pairs.
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
