//! Turning text that is nearly JSON into JSON, before it is read.
//!
//! Three deviations are common: a byte order mark, the bare numbers `NaN` and `Infinity` that
//! Python and JavaScript libraries write, and text cut in the middle of a character.

use std::borrow::Cow;

use crate::cost::Overrun;

/// Replaces bytes that are not UTF-8: a lone surrogate, which the string reader mends.
const NOT_UTF8: &str = "\\ud800";

/// Returns `text` without these deviations. Charges a copy before it is made.
pub(super) fn tidy(
    text: &[u8],
    charge: impl Fn(u64) -> Result<(), Overrun>,
) -> Result<Cow<'_, [u8]>, Overrun> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut tidied = Cow::Borrowed(text);
    if std::str::from_utf8(text).is_err() {
        let faults = text
            .utf8_chunks()
            .filter(|chunk| !chunk.invalid().is_empty());
        charge((text.len() + faults.count() * NOT_UTF8.len()) as u64)?;
        tidied = Cow::Owned(only_utf8(text));
    }
    let bare = bare_numbers(&tidied).count();
    if bare > 0 {
        charge((tidied.len() + 2 * bare) as u64)?;
        tidied = Cow::Owned(quoted(&tidied, bare));
    }
    Ok(tidied)
}

fn only_utf8(text: &[u8]) -> Vec<u8> {
    let mut utf8 = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        utf8.extend(chunk.valid().as_bytes());
        if !chunk.invalid().is_empty() {
            utf8.extend(NOT_UTF8.as_bytes());
        }
    }
    utf8
}

/// Puts the bare numbers into quotes.
fn quoted(text: &[u8], bare: usize) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(text.len() + 2 * bare);
    let mut end = 0;
    for number in bare_numbers(text) {
        quoted.extend(&text[end..number.start]);
        quoted.push(b'"');
        quoted.extend(&text[number.clone()]);
        quoted.push(b'"');
        end = number.end;
    }
    quoted.extend(&text[end..]);
    quoted
}

/// Finds `NaN`, `Infinity` and `-Infinity` outside of strings.
fn bare_numbers(text: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut at = 0;
    // Nearly every text contains neither word, and checking that first is faster.
    let has = |word: &[u8]| text.windows(word.len()).any(|window| window == word);
    let end = if has(b"NaN") || has(b"Infinity") {
        text.len()
    } else {
        0
    };
    std::iter::from_fn(move || {
        while at < end {
            let start = at;
            at += 1;
            match text[start] {
                b'"' => at += string(&text[at..]),
                b'N' | b'I' | b'-' => {
                    let words: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
                    let rest = &text[start..];
                    if let Some(word) = words.into_iter().find(|word| rest.starts_with(word)) {
                        at = start + word.len();
                        return Some(start..at);
                    }
                }
                _ => {}
            }
        }
        None
    })
}

/// Returns the length of the rest of a string, its closing quote included.
fn string(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::tidy;

    fn tidied(text: &[u8]) -> String {
        String::from_utf8(tidy(text, |_| Ok(())).unwrap().into_owned()).unwrap()
    }

    #[test]
    fn bare_numbers_are_quoted_outside_of_strings_only() {
        assert_eq!(
            tidied(br#"{"a": [NaN, -Infinity,Infinity], "NaN \" Infinity\\": -1}"#),
            r#"{"a": ["NaN", "-Infinity","Infinity"], "NaN \" Infinity\\": -1}"#
        );
        assert_eq!(tidied(b"\"NaN"), "\"NaN");
        assert_eq!(tidied(b"\"NaN\\"), "\"NaN\\");
    }

    #[test]
    fn a_byte_order_mark_is_removed_and_bytes_that_are_not_utf8_become_lone_surrogates() {
        assert_eq!(tidied(b"\xef\xbb\xbf{}"), "{}");
        assert_eq!(tidied(b"\"hi \xf0\x9f\xa6\""), "\"hi \\ud800\"");
        assert_eq!(tidied("\"\u{1f980}\"".as_bytes()), "\"\u{1f980}\"");
    }
}
