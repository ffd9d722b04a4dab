//! Where JSON text that arrives in fragments ends, without parsing it again for each fragment.

/// The brackets and quotes that are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Balance {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    /// Whether the value is closed.
    is_closed: bool,
    /// Whether there is anything between its brackets or quotes.
    has_content: bool,
    /// Whether the text is not an object, list or string, or continues after its end.
    is_broken: bool,
}

impl Balance {
    /// The balance after more text.
    pub(super) fn and(mut self, text: &str) -> Self {
        for byte in text.bytes() {
            self.add(byte);
        }
        self
    }

    /// Whether the text is one value with content: not a placeholder such as `{}`.
    pub(super) fn is_complete(self) -> bool {
        self.is_whole() && self.has_content
    }

    /// Whether the text is one value.
    pub(super) fn is_whole(self) -> bool {
        self.is_closed && !self.is_broken
    }

    fn add(&mut self, byte: u8) {
        if self.in_string {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => {
                    self.in_string = false;
                    self.is_closed = self.depth == 0;
                    return;
                }
                _ => {}
            }
            self.has_content = true;
            return;
        }
        if byte.is_ascii_whitespace() {
            return;
        }
        if self.is_closed && !self.has_content {
            // Arguments may follow a placeholder.
            *self = Self::default();
        }
        self.is_broken |= self.is_closed;
        match byte {
            b'{' | b'[' => {
                self.has_content |= self.depth > 0;
                self.depth += 1;
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.is_closed = self.depth == 0;
            }
            b'"' => self.in_string = true,
            _ => {
                self.is_broken |= self.depth == 0;
                self.has_content = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_where_its_brackets_and_quotes_do() {
        let of = |text: &str| Balance::default().and(text);
        for text in [
            r#"{"a": {"b": "}"}} "#,
            r#""{\"a\": 1}""#,
            r#"{}{"a":1}"#,
            r#"{a:1}"#,
        ] {
            assert!(of(text).is_complete(), "{text}");
        }
        for text in [
            r#"{"a": {"b": "}"}"#,
            r#"{"a":"\""#,
            "{}",
            "",
            "7",
            r#"{"a":1}{"b":2}"#,
        ] {
            assert!(!of(text).is_complete(), "{text}");
        }
        assert!(of("{}").is_whole() && of("[ ]").is_whole());
        let text = r#"{"a": ["\\", "\""]}"#;
        let by_letter = text.chars().fold(Balance::default(), |balance, letter| {
            balance.and(&letter.to_string())
        });
        assert_eq!(by_letter, of(text));
    }
}
