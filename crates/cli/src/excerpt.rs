//! Untrusted text, shortened and made harmless for a terminal.

use std::borrow::Cow;

/// Longer lines are shortened in the middle.
const LINE: usize = 1_000;
/// Longer words are shortened in the middle.
const WORD: usize = 200;

/// Escapes control characters, and shortens long words and long lines in the middle: a message usually
/// starts with the problem and ends with the fix.
pub(crate) fn excerpt(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let words: Vec<_> = line.split(' ').map(|word| cut(word, WORD)).collect();
        escaped(&cut(&words.join(" "), LINE))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The start of a text, in one line of at most `width` characters.
#[cfg(feature = "demo")]
pub(crate) fn start(text: &str, width: usize) -> String {
    let text = escaped(text.trim());
    match text.char_indices().nth(width) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}

fn cut(text: &str, most: usize) -> Cow<'_, str> {
    let length = text.chars().count();
    if length <= most {
        return text.into();
    }
    let side = most / 3;
    let head: String = text.chars().take(side).collect();
    let tail: String = text.chars().skip(length - side).collect();
    format!("{head}… ({} characters) …{tail}", length - 2 * side).into()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => out.push(' '),
            _ if character.is_control() => out.extend(character.escape_default()),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_keeps_its_start_and_its_end() {
        let value = "x".repeat(1 << 20);
        let short = excerpt(&format!(
            "invalid value '{value}' for '--page': \"{value}\" is odd"
        ));
        assert!(short.len() < 600, "{}", short.len());
        assert!(short.starts_with("invalid value 'xxx"), "{short}");
        assert!(short.contains("x' for '--page': \"xxx"), "{short}");
        assert!(short.ends_with("x\" is odd"), "{short}");
        assert!(short.contains("characters)"), "{short}");
    }

    #[test]
    fn a_long_line_keeps_its_start_and_its_end() {
        let short = excerpt(&format!("start {} end\nnext", "word ".repeat(10_000)));
        assert!(short.len() < 1_000, "{}", short.len());
        assert!(short.starts_with("start word"), "{short}");
        assert!(short.ends_with("word  end\nnext"), "{short}");
    }

    #[test]
    fn a_terminal_takes_no_orders_from_a_value() {
        assert_eq!(excerpt("a\u{1b}[31mb\u{7}"), "a\\u{1b}[31mb\\u{7}");
        assert_eq!(excerpt("sæl,\tverden"), "sæl, verden");
    }

    #[test]
    #[cfg(feature = "demo")]
    fn a_title_is_one_line() {
        assert_eq!(start("  one\ntwo ", 20), "one\\ntwo");
        assert_eq!(start("abcdef", 4), "abcd…");
    }
}
