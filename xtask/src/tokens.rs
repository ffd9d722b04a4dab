//! Enough of Rust's lexical structure to tell code from comments and strings.

/// One token and the line on which it begins, counted from one.
#[derive(Debug, PartialEq, Eq)]
pub struct Token {
    /// The line on which it begins.
    pub line: usize,
    /// Its kind.
    pub kind: TokenKind,
}

/// The kind of a token. Numbers and lifetimes are words.
#[derive(Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A name, a keyword or a number.
    Word(String),
    /// The text between the quotes, with escapes unchanged.
    Text(String),
    /// Any other character.
    Mark(char),
}

impl Token {
    /// Whether it is this word.
    pub fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, TokenKind::Word(this) if this == word)
    }

    /// Whether it is this character.
    pub fn is_mark(&self, mark: char) -> bool {
        self.kind == TokenKind::Mark(mark)
    }
}

/// Splits `source` into tokens, without comments and white space.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut scanner = Scanner {
        rest: source,
        line: 1,
    };
    let mut tokens = Vec::new();
    while let Some(token) = scanner.next_token() {
        tokens.push(token);
    }
    tokens
}

struct Scanner<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Scanner<'a> {
    fn next_token(&mut self) -> Option<Token> {
        self.skip_trivia();
        let first = self.rest.chars().next()?;
        let line = self.line;
        let kind = if let Some(literal) = self.literal(first) {
            literal
        } else if first == '_' || first.is_alphanumeric() {
            let end = self.rest.find(|c: char| c != '_' && !c.is_alphanumeric());
            TokenKind::Word(self.take(end.unwrap_or(self.rest.len())).to_owned())
        } else {
            self.take(first.len_utf8());
            TokenKind::Mark(first)
        };
        Some(Token { line, kind })
    }

    /// A string or a character, if one begins here.
    fn literal(&mut self, first: char) -> Option<TokenKind> {
        if !matches!(first, '"' | '\'' | 'b' | 'c' | 'r') {
            return None;
        }
        if let Some(hashes) = raw_string(self.rest) {
            return Some(self.raw_text(hashes));
        }
        if let Some(prefix) = quote(self.rest, '"') {
            return Some(self.text(prefix, '"'));
        }
        character(self.rest).map(|prefix| self.text(prefix, '\''))
    }

    fn skip_trivia(&mut self) {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            if blank > 0 {
                self.take(blank);
            }
            if self.rest.starts_with("//") {
                self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                self.skip_block_comment();
            } else {
                return;
            }
        }
    }

    /// Block comments nest.
    fn skip_block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.take(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.take(2);
            } else if let Some(char) = self.rest.chars().next() {
                self.take(char.len_utf8());
            } else {
                return;
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn text(&mut self, prefix: usize, quote: char) -> TokenKind {
        self.take(prefix);
        let mut escaped = false;
        let end = self.rest.find(|char| {
            let closes = char == quote && !escaped;
            escaped = char == '\\' && !escaped;
            closes
        });
        let text = self.take(end.unwrap_or(self.rest.len())).to_owned();
        self.take(quote.len_utf8().min(self.rest.len()));
        TokenKind::Text(text)
    }

    fn raw_text(&mut self, hashes: usize) -> TokenKind {
        let start = self
            .rest
            .find('"')
            .map_or(self.rest.len(), |quote| quote + 1);
        self.take(start);
        let close = format!("\"{}", "#".repeat(hashes));
        let end = self.rest.find(&close).unwrap_or(self.rest.len());
        let text = self.take(end).to_owned();
        self.take(close.len().min(self.rest.len()));
        TokenKind::Text(text)
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.bytes().filter(|byte| *byte == b'\n').count();
        self.rest = rest;
        taken
    }
}

/// The length of an opening `"`, with or without `b` or `c` before it.
fn quote(text: &str, quote: char) -> Option<usize> {
    let bare = text.strip_prefix(['b', 'c']).unwrap_or(text);
    bare.starts_with(quote)
        .then(|| text.len() - bare.len() + quote.len_utf8())
}

/// The length of an opening `'` that begins a character, not a lifetime.
fn character(text: &str) -> Option<usize> {
    let prefix = quote(text, '\'')?;
    let mut chars = text[prefix..].chars();
    let first = chars.next()?;
    (first == '\\' || chars.next() == Some('\'')).then_some(prefix)
}

/// The number of hashes of an opening `r#"`, with or without `b` or `c` before it.
fn raw_string(text: &str) -> Option<usize> {
    let rest = text
        .strip_prefix(['b', 'c'])
        .unwrap_or(text)
        .strip_prefix('r')?;
    let quoted = rest.trim_start_matches('#');
    quoted.starts_with('"').then_some(rest.len() - quoted.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        let words = tokens(source)
            .into_iter()
            .filter_map(|token| match token.kind {
                TokenKind::Word(word) => Some(word),
                _ => None,
            });
        words.collect()
    }

    #[test]
    fn comments_and_strings_hold_no_words() {
        let source = r####"a /* env /* env */ env */ "env \" env" r#"env " env"# 'e' b'\'' // env
            /// env
            z"####;
        assert_eq!(words(source), ["a", "z"]);
    }

    #[test]
    fn lifetimes_are_not_characters() {
        assert_eq!(
            words("fn f<'a>(x: &'a env)"),
            ["fn", "f", "a", "x", "a", "env"]
        );
    }

    #[test]
    fn lines_are_counted_through_strings_and_comments() {
        let source = "\"one\ntwo\"\n/* three\nfour */ x";
        assert_eq!(tokens(source).last().map(|token| token.line), Some(4));
    }

    #[test]
    fn an_unfinished_string_ends_with_the_file() {
        assert_eq!(
            tokens("\"open"),
            [Token {
                line: 1,
                kind: TokenKind::Text("open".into())
            }]
        );
    }
}
