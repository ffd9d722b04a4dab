//! Secrets that responses and errors must not reveal.

use http::{HeaderMap, HeaderValue};
use memchr::memmem::Finder;
use std::{borrow::Cow, collections::BTreeSet, fmt::Write, sync::Arc};

/// What replaces a concealed value.
const CONCEALED: &[u8] = b"REDACTED";
/// Shorter values are not concealed: they would also be found where they mean something else.
const MIN_LENGTH: usize = 6;

/// Values to conceal, in the forms in which a peer may echo them. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Concealed(Arc<[Finder<'static>]>);

impl Concealed {
    /// These values besides the known ones: as they are, as JSON strings, and percent-encoded.
    pub(super) fn with<'a>(&self, values: impl IntoIterator<Item = &'a str>) -> Self {
        let values: Vec<_> = (values.into_iter().map(str::trim))
            .filter(|value| value.len() >= MIN_LENGTH)
            .collect();
        if values.is_empty() {
            return self.clone();
        }
        let known = self.0.iter().map(|finder| finder.needle().to_vec());
        let mut all: BTreeSet<Vec<u8>> = known.collect();
        for value in values {
            all.extend(forms(value).map(String::into_bytes));
        }
        let mut all: Vec<_> = all.into_iter().collect();
        // Of two values at one place, the longer one is replaced.
        all.sort_by_key(|value| std::cmp::Reverse(value.len()));
        let finders = all.iter().map(|value| Finder::new(value).into_owned());
        Self(finders.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text without the values.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.is_empty() {
            return Cow::Borrowed(text);
        }
        match self.bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // Never lossy: the values and their replacement are text.
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// Removes the values from the values of headers.
    pub(super) fn headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if let Cow::Owned(shown) = self.bytes(value.as_bytes())
                && let Ok(shown) = HeaderValue::from_bytes(&shown)
            {
                *value = shown;
            }
        }
    }

    /// The bytes without the values.
    pub(super) fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let replaced = Stream::new(self.clone()).replaced(bytes, true);
        replaced.map_or(Cow::Borrowed(bytes), Cow::Owned)
    }
}

/// The value, and how it looks in JSON and in URLs.
fn forms(value: &str) -> [String; 5] {
    let quoted = serde_json::Value::from(value).to_string();
    let json = quoted[1..quoted.len() - 1].to_owned();
    let encoded = |upper: bool| {
        let mut out = String::new();
        for byte in value.bytes() {
            let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            // Writing to a string cannot fail.
            let _ = match (plain, upper) {
                (true, _) => write!(out, "{}", char::from(byte)),
                (false, true) => write!(out, "%{byte:02X}"),
                (false, false) => write!(out, "%{byte:02x}"),
            };
        }
        out
    };
    let slashes = json.replace('/', "\\/");
    [
        value.to_owned(),
        json,
        slashes,
        encoded(true),
        encoded(false),
    ]
}

/// Conceals the values in a body that comes in chunks, also across their borders.
pub(super) struct Stream {
    concealed: Concealed,
    /// The end of the chunks so far, if a value may begin there: shorter than the longest value.
    held: Vec<u8>,
}

impl Stream {
    pub(super) fn new(concealed: Concealed) -> Self {
        Self {
            concealed,
            held: Vec::new(),
        }
    }

    /// What can be passed on after this chunk; `None` if it is the chunk itself.
    pub(super) fn chunk(&mut self, chunk: &[u8]) -> Option<Vec<u8>> {
        self.replaced(chunk, false)
    }

    /// What was held back, after the last chunk.
    pub(super) fn end(&mut self) -> Vec<u8> {
        self.replaced(&[], true).unwrap_or_default()
    }

    fn replaced(&mut self, chunk: &[u8], is_last: bool) -> Option<Vec<u8>> {
        let values = &*self.concealed.0;
        if values.is_empty() {
            return None;
        }
        let joined;
        let data = if self.held.is_empty() {
            chunk
        } else {
            let mut held = std::mem::take(&mut self.held);
            held.extend_from_slice(chunk);
            joined = held;
            &joined
        };
        // Where each value is found next: each looks at each byte once.
        let mut next: Vec<_> = values.iter().map(|value| value.find(data)).collect();
        let opening = |at: usize| match is_last {
            true => data.len(),
            false => at + opening(values, &data[at..]),
        };
        let mut open = opening(0);
        let mut out = Vec::new();
        let mut at = 0;
        loop {
            if open < at {
                open = opening(at);
            }
            for (value, next) in values.iter().zip(&mut next) {
                if next.is_some_and(|next| next < at) {
                    *next = value.find(&data[at..]).map(|found| at + found);
                }
            }
            // The first place; of several values there, the longest, which is the first of them.
            let found = next
                .iter()
                .zip(values)
                .filter_map(|(next, value)| Some(((*next)?, value)));
            let first = found.min_by_key(|(place, _)| *place);
            match first {
                // A longer value may begin at or before this one, and end in a later chunk.
                Some((place, value)) if place < open => {
                    out.extend_from_slice(&data[at..place]);
                    out.extend_from_slice(CONCEALED);
                    at = place + value.needle().len();
                }
                _ if at == 0 && open == data.len() && data.len() == chunk.len() => return None,
                _ => {
                    out.extend_from_slice(&data[at..open]);
                    self.held = data[open..].to_vec();
                    return Some(out);
                }
            }
        }
    }
}

/// Where the end of `data` begins that is the beginning of a value; its length if it is not.
fn opening(values: &[Finder<'_>], data: &[u8]) -> usize {
    let longest = values.first().map_or(0, |value| value.needle().len());
    let from = data.len().saturating_sub(longest.saturating_sub(1));
    (from..data.len())
        .find(|at| {
            let end = &data[*at..];
            values
                .iter()
                .any(|value| value.needle().len() > end.len() && value.needle().starts_with(end))
        })
        .unwrap_or(data.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn concealed(values: &[&str]) -> Concealed {
        Concealed::default().with(values.iter().copied())
    }

    fn in_chunks(concealed: &Concealed, chunks: &[&[u8]]) -> String {
        let mut stream = Stream::new(concealed.clone());
        let mut out = Vec::new();
        for chunk in chunks {
            match stream.chunk(chunk) {
                Some(replaced) => out.extend(replaced),
                None => out.extend_from_slice(chunk),
            }
        }
        out.extend(stream.end());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_value_is_replaced_wherever_it_stands() {
        let key = concealed(&["sk-12345"]);
        assert_eq!(key.text("wrong key sk-12345."), "wrong key REDACTED.");
        assert_eq!(key.text("sk-12345sk-12345"), "REDACTEDREDACTED");
        assert!(matches!(key.text("sk-1234"), Cow::Borrowed("sk-1234")));
    }

    #[test]
    fn a_value_is_replaced_in_the_forms_of_json_and_urls() {
        let key = concealed(&["a/b+c=\"d\""]);
        for form in [
            "a/b+c=\"d\"",
            r#"a/b+c=\"d\""#,
            r#"a\/b+c=\"d\""#,
            "a%2Fb%2Bc%3D%22d%22",
            "a%2fb%2bc%3d%22d%22",
        ] {
            assert_eq!(key.text(form), "REDACTED", "{form}");
        }
    }

    #[test]
    fn a_short_value_conceals_nothing() {
        assert!(concealed(&["", "  ", "test", "short"]).is_empty());
    }

    #[test]
    fn chunks_are_joined_as_if_they_were_one_text() {
        let values = concealed(&["sk-abcabd", "sk-abc", "bcabdX"]);
        let body = "sk-sk-abcabd sk-abc sk-abcabcabdX sk-abcab";
        let whole = in_chunks(&values, &[body.as_bytes()]);
        assert_eq!(whole, "sk-REDACTED REDACTED REDACTEDaREDACTED REDACTEDab");
        for first in 0..body.len() {
            for second in first..body.len() {
                let body = body.as_bytes();
                let chunks = [&body[..first], &body[first..second], &body[second..]];
                assert_eq!(in_chunks(&values, &chunks), whole, "{first} {second}");
            }
        }
        let single: Vec<_> = body.as_bytes().chunks(1).collect();
        assert_eq!(in_chunks(&values, &single), whole);
    }

    #[test]
    fn a_chunk_without_a_value_passes_at_once_and_without_a_copy() {
        let mut stream = Stream::new(concealed(&["sk-12345"]));
        assert_eq!(stream.chunk(b"data: hello\n\n"), None);
        assert_eq!(stream.chunk(b"data: sk-").unwrap(), b"data: ");
        assert_eq!(stream.chunk(b"x\n\n").unwrap(), b"sk-x\n\n");
        assert!(stream.end().is_empty());
    }
}
