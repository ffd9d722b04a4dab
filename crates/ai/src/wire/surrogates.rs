//! Split characters in JSON text: a server that splits text between UTF-16 code units escapes each
//! surrogate separately.

use std::borrow::Cow;

/// Stands for the surrogate U+D800 in text with split characters; the others follow. The range is
/// private use.
const MARK: u32 = 0x10_F000;
const SURROGATES: std::ops::RangeInclusive<u32> = 0xD800..=0xDFFF;

/// How to treat a surrogate without its counterpart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halves {
    /// It becomes U+FFFD.
    Replace,
    /// It is marked, so that it can be joined with a surrogate in the next piece.
    Mark,
}

/// JSON text in which each `\u` escape is a character.
#[derive(Debug)]
pub(crate) struct Mended<'a> {
    pub(crate) text: Cow<'a, str>,
    /// Whether private-use characters stand for surrogates.
    pub(crate) has_marks: bool,
}

/// Replaces escaped lone surrogates, because a JSON parser would reject the whole document.
pub(crate) fn mend(json: &str, halves: Halves) -> Mended<'_> {
    let unchanged = || Mended {
        text: Cow::Borrowed(json),
        has_marks: false,
    };
    if !json.contains("\\ud") && !json.contains("\\uD") {
        return unchanged();
    }
    // If the text contains private-use characters, marks would be ambiguous.
    let marks = halves == Halves::Mark && !has_private(json);
    let (mut out, mut copied, mut at, mut found) = (String::new(), 0, 0, false);
    let bytes = json.as_bytes();
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        let Some(unit) = escape(bytes, at).filter(|unit| SURROGATES.contains(unit)) else {
            // The escaped character is skipped too: it may be another backslash.
            at += 2;
            continue;
        };
        let is_pair = unit < 0xDC00
            && escape(bytes, at + 6).is_some_and(|low| (0xDC00..=0xDFFF).contains(&low));
        if is_pair {
            at += 12;
            continue;
        }
        out.push_str(&json[copied..at]);
        let mark = char::from_u32(MARK + (unit - 0xD800)).filter(|_| marks);
        out.push(mark.unwrap_or(char::REPLACEMENT_CHARACTER));
        found = true;
        at += 6;
        copied = at;
    }
    if !found {
        return unchanged();
    }
    out.push_str(&json[copied..]);
    Mended {
        text: Cow::Owned(out),
        has_marks: marks,
    }
}

/// The surrogate that a character stands for.
pub(crate) fn marked(letter: char) -> Option<u32> {
    let offset = u32::from(letter).checked_sub(MARK)?;
    (offset < 0x800).then_some(0xD800 + offset)
}

/// The character that two surrogates form.
pub(crate) fn join(high: u32, low: u32) -> Option<char> {
    if !(0xD800..0xDC00).contains(&high) || !(0xDC00..=0xDFFF).contains(&low) {
        return None;
    }
    char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))
}

/// The code unit of the escape that begins at an index.
fn escape(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())?
}

/// Whether the text contains private-use characters, literally or escaped.
fn has_private(json: &str) -> bool {
    let escaped = ["dbfc", "dbfd"];
    json.chars().any(|letter| marked(letter).is_some())
        || json.as_bytes().windows(6).any(|six| {
            six.starts_with(b"\\u")
                && escaped
                    .iter()
                    .any(|high| six[2..].eq_ignore_ascii_case(high.as_bytes()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_and_escaped_backslashes_are_left_alone() {
        for json in [
            r#""\ud83d\ude00""#,
            r#""\\ud83d""#,
            r#""\u00e6""#,
            "\"\\ud83",
        ] {
            let mended = mend(json, Halves::Mark);
            assert_eq!(mended.text, json);
            assert!(!mended.has_marks);
        }
    }

    #[test]
    fn a_half_is_marked_or_replaced() {
        let mended = mend(r#""a\ud83d""#, Halves::Mark);
        let mark = mended.text.chars().nth(2).unwrap();
        assert_eq!(marked(mark), Some(0xD83D));
        assert_eq!(join(0xD83D, 0xDE00), Some('😀'));
        assert_eq!(mend(r#""a\uDE00""#, Halves::Replace).text, "\"a\u{fffd}\"");
        assert_eq!(
            mend(r#""\ud83d\ud83d\ude00""#, Halves::Replace).text,
            "\"\u{fffd}\\ud83d\\ude00\""
        );
    }

    #[test]
    fn text_of_the_private_range_is_not_taken_for_halves() {
        for json in ["\"\u{10f000}\\ud83d\"", r#""\uDBFC\uDC00\ud83d""#] {
            let mended = mend(json, Halves::Mark);
            assert!(!mended.has_marks);
            assert!(mended.text.contains(char::REPLACEMENT_CHARACTER));
        }
    }
}
