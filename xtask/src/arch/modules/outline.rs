//! The items and paths of one module, as far as tokens show them. Test-only code is left out.

use std::collections::BTreeSet;

use crate::tokens::{Token, TokenKind};

/// Keywords before the name of an item.
const ITEMS: [&str; 8] = [
    "struct", "enum", "union", "trait", "fn", "type", "const", "static",
];

/// Words at the beginning of an item that may have commas before its end.
const BEGINNINGS: [&str; 13] = [
    "pub", "struct", "enum", "union", "trait", "fn", "type", "const", "impl", "async", "unsafe",
    "use", "extern",
];

/// The contents of one module, without those of the files below it.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) children: Vec<Child>,
    pub(super) imports: Vec<Import>,
    /// The names of the items defined here.
    pub(super) items: BTreeSet<String>,
    /// Macros that are exported at the root of the crate.
    pub(super) exported: Vec<String>,
    pub(super) mentions: Vec<Mention>,
    /// Every word outside of `use` declarations.
    words: BTreeSet<String>,
}

/// One `mod`.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) name: String,
    /// `None` if it has its own file.
    pub(super) body: Option<Outline>,
}

/// One leaf of a `use` declaration.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) mention: Mention,
    /// `None` for everything, as in `use a::*`.
    pub(super) name: Option<String>,
    is_public: bool,
}

/// A path somewhere in the code.
#[derive(Debug)]
pub(super) struct Mention {
    pub(super) line: usize,
    pub(super) path: Vec<String>,
}

impl Outline {
    /// Reads the tokens between the braces of a module, or those of a file.
    pub(super) fn read(tokens: &[Token]) -> Self {
        let mut reader = Reader {
            tokens,
            at: 0,
            depth: 0,
            outline: Self::default(),
        };
        reader.read();
        reader.outline
    }

    /// Whether this module itself uses an import. A re-export that nothing here uses is for other modules.
    pub(super) fn uses(&self, import: &Import) -> bool {
        let name = import.name.as_ref();
        !import.is_public || name.is_some_and(|name| self.words.contains(name))
    }
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    /// The number of open braces.
    depth: usize,
    outline: Outline,
}

impl<'a> Reader<'a> {
    fn read(&mut self) {
        let mut attributes: Vec<&[Token]> = Vec::new();
        let mut is_public = false;
        while let Some(token) = self.tokens.get(self.at) {
            if token.is_mark('#') && self.is_mark(1, '[') {
                let end = self.closing(self.at + 1);
                attributes.push(&self.tokens[self.at + 2..end]);
                self.at = end + 1;
                continue;
            }
            if attributes.iter().any(|attribute| is_for_tests(attribute)) {
                self.skip_item();
            } else if token.is_word("pub") {
                // A visibility such as `pub(in path)` does not use the path.
                let end = if self.is_mark(1, '(') {
                    self.closing(self.at + 1)
                } else {
                    self.at
                };
                self.at = end + 1;
                is_public = true;
                continue;
            } else {
                self.item(&attributes, is_public);
            }
            attributes.clear();
            is_public = false;
        }
    }

    /// Reads the item that begins here, without its attributes and visibility.
    fn item(&mut self, attributes: &[&[Token]], is_public: bool) {
        let named = |name: &str| {
            let mut firsts = attributes.iter().filter_map(|attribute| attribute.first());
            firsts.any(|first| first.is_word(name))
        };
        let token = &self.tokens[self.at];
        let next = self.word(self.at + 1).map(str::to_owned);
        match (word_of(token), next) {
            (None, _) => {
                if token.is_mark('{') {
                    self.depth += 1;
                } else if token.is_mark('}') {
                    self.depth = self.depth.saturating_sub(1);
                }
                self.at += 1;
            }
            (Some("mod"), Some(name)) => self.child(name, named("path")),
            // Not the `use<…>` of a type.
            (Some("use"), _) if !self.is_mark(1, '<') => {
                let rest = &self.tokens[self.at + 1..];
                let length = rest.iter().take_while(|token| !token.is_mark(';')).count();
                leaves(&rest[..length], &[], &mut |mention, name| {
                    self.outline.imports.push(Import {
                        mention,
                        name,
                        is_public,
                    });
                });
                self.at += length + 2;
            }
            (Some("macro_rules"), _) => {
                if let Some(name) = self.word(self.at + 2).map(str::to_owned) {
                    if named("macro_export") {
                        self.outline.exported.push(name.clone());
                    }
                    self.outline.items.insert(name);
                }
                self.at += 3;
            }
            (Some(word), next) => {
                let is_item = self.depth == 0 && ITEMS.contains(&word);
                self.outline.items.extend(next.filter(|_| is_item));
                self.mention();
            }
        }
    }

    /// A `mod`, with its body or without.
    fn child(&mut self, name: String, is_elsewhere: bool) {
        let mut end = self.at + 2;
        let mut body = None;
        if self.is_mark(2, '{') {
            let close = self.closing(end);
            body = Some(Outline::read(&self.tokens[end + 1..close]));
            end = close;
        }
        // A file named by `#[path]` also belongs to another module, and is read there.
        if !is_elsewhere {
            self.outline.children.push(Child { name, body });
        }
        self.at = end + 1;
    }

    /// Reads a word, and the path that begins with it.
    fn mention(&mut self) {
        let start = self.at;
        let mut path = Vec::new();
        while let Some(word) = self.word(self.at) {
            path.push(word.to_owned());
            self.at += 1;
            if !(self.is_mark(0, ':') && self.is_mark(1, ':')) || self.word(self.at + 2).is_none() {
                break;
            }
            self.at += 2;
        }
        self.outline.words.extend(path.iter().cloned());
        let before = start.checked_sub(1).map(|before| &self.tokens[before]);
        let is_start = !before.is_some_and(|token| token.is_mark(':') || token.is_mark('.'));
        let is_typed = start > 1 && !self.tokens[start - 2].is_mark(':');
        if path.len() > 1 && (is_start || is_typed && before.is_some_and(|it| it.is_mark(':'))) {
            let line = self.tokens[start].line;
            self.outline.mentions.push(Mention { line, path });
        }
    }

    /// Skips to the end of an item, its semicolon or braces, or to the comma after a part of one.
    fn skip_item(&mut self) {
        let is_part = self
            .word(self.at)
            .is_none_or(|word| !BEGINNINGS.contains(&word));
        while let Some(token) = self.tokens.get(self.at) {
            match token.kind {
                TokenKind::Mark(';') => break,
                TokenKind::Mark(',') if is_part => break,
                TokenKind::Mark('{') => {
                    self.at = self.closing(self.at);
                    break;
                }
                TokenKind::Mark('(' | '[') => self.at = self.closing(self.at),
                // The end of the enclosing group.
                TokenKind::Mark('}' | ')') => return,
                _ => {}
            }
            self.at += 1;
        }
        self.at += 1;
    }

    fn is_mark(&self, ahead: usize, mark: char) -> bool {
        let token = self.tokens.get(self.at + ahead);
        token.is_some_and(|token| token.is_mark(mark))
    }

    fn word(&self, at: usize) -> Option<&'a str> {
        self.tokens.get(at).and_then(word_of)
    }

    /// The position of the bracket that closes the one at `at`; the end if there is none.
    fn closing(&self, at: usize) -> usize {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(at) {
            match token.kind {
                TokenKind::Mark('(' | '[' | '{') => depth += 1,
                TokenKind::Mark(')' | ']' | '}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return index;
            }
        }
        self.tokens.len()
    }
}

/// Passes every leaf of a `use` tree to `tell`: its whole path, and the name that it gets.
fn leaves(tokens: &[Token], before: &[String], tell: &mut impl FnMut(Mention, Option<String>)) {
    let mut path = before.to_vec();
    let mut name = None;
    let mut line = 0;
    for (at, token) in tokens.iter().enumerate() {
        match &token.kind {
            TokenKind::Word(word) if word == "as" => {
                name = tokens.get(at + 1).and_then(word_of).map(str::to_owned);
                break;
            }
            TokenKind::Word(word) => {
                line = token.line;
                name = Some(word.clone());
                path.push(word.clone());
            }
            TokenKind::Mark('*') => {
                let line = token.line;
                return tell(Mention { line, path }, None);
            }
            TokenKind::Mark('{') => {
                let inner = &tokens[at + 1..tokens.len().saturating_sub(1)];
                return branches(inner).for_each(|branch| leaves(branch, &path, tell));
            }
            _ => {}
        }
    }
    if path.len() > before.len() {
        if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
            path.pop();
            name = name.filter(|name| name != "self").or(path.last().cloned());
        }
        tell(Mention { line, path }, name);
    }
}

/// Splits at the commas outside of nested braces.
fn branches(tokens: &[Token]) -> impl Iterator<Item = &[Token]> {
    let mut depth = 0_usize;
    tokens.split(move |token| {
        match token.kind {
            TokenKind::Mark('{') => depth += 1,
            TokenKind::Mark('}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && token.is_mark(',')
    })
}

/// Whether an attribute is `cfg(test)`, alone or as one of `all`.
fn is_for_tests(attribute: &[Token]) -> bool {
    let has = |word| attribute.iter().any(|token| token.is_word(word));
    attribute.first().is_some_and(|first| first.is_word("cfg"))
        && has("test")
        && !has("any")
        && !has("not")
}

fn word_of(token: &Token) -> Option<&str> {
    match &token.kind {
        TokenKind::Word(word) => Some(word),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::tokens;

    fn outline(source: &str) -> Outline {
        Outline::read(&tokens(source))
    }

    fn imports(source: &str) -> Vec<(String, String)> {
        let imports = outline(source).imports.into_iter();
        let shown = imports.map(|import| {
            let name = import.name.unwrap_or_else(|| "*".to_owned());
            (import.mention.path.join("::"), name)
        });
        shown.collect()
    }

    fn mentions(source: &str) -> Vec<String> {
        let mentions = outline(source).mentions.into_iter();
        mentions.map(|mention| mention.path.join("::")).collect()
    }

    #[test]
    fn every_leaf_of_a_use_is_an_import_with_its_name() {
        let pair = |path: &str, name: &str| (path.to_owned(), name.to_owned());
        assert_eq!(
            imports("use crate::{a::{self, B as C}, d::*}; pub(in crate::x) use super::e;"),
            [
                pair("crate::a", "a"),
                pair("crate::a::B", "C"),
                pair("crate::d", "*"),
                pair("super::e", "e"),
            ]
        );
    }

    #[test]
    fn paths_in_code_and_types_are_mentions_and_visibility_is_none() {
        assert_eq!(
            mentions(
                "pub(in crate::x) fn f(a: crate::a::B<super::c::D>) -> e::F { self.g::<h::I>() }"
            ),
            ["crate::a::B", "super::c::D", "e::F", "h::I"]
        );
        assert_eq!(mentions("let a: b::C = ::std::mem::take(d);"), ["b::C"]);
    }

    #[test]
    fn what_is_for_tests_only_is_left_out() {
        let source = "#[cfg(test)] mod tests { use super::a::B; }\n\
            #[cfg(test)] use crate::c::D;\n\
            #[cfg(test)] mod checks;\n\
            impl A { #[cfg(all(test, unix))] fn f<B, C>() { crate::e::g() } }\n\
            #[cfg(not(test))] use crate::h::I;";
        let outline = outline(source);
        assert!(outline.children.is_empty());
        assert!(outline.mentions.is_empty());
        assert_eq!(outline.imports.len(), 1);
    }

    #[test]
    fn modules_within_a_file_have_contents_of_their_own() {
        let outline =
            outline("mod a { pub struct B; use super::C; } mod d; #[path = \"x.rs\"] mod e;");
        let [a, d] = outline.children.as_slice() else {
            panic!("{outline:?}");
        };
        let body = a.body.as_ref().unwrap();
        assert!(body.items.contains("B") && body.imports.len() == 1);
        assert!(d.name == "d" && d.body.is_none());
    }

    #[test]
    fn a_re_export_counts_where_its_name_is_used_as_well() {
        let used = |source| {
            let outline = outline(source);
            outline.uses(&outline.imports[0])
        };
        assert!(!used("pub use a::B;"));
        assert!(used("pub use a::B; fn f() -> B { B }"));
        assert!(used("use a::B;"));
    }
}
