//! Source rules: words that a crate may not use, and files that it includes from outside its folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Component, Path, PathBuf},
};

use crate::{
    metadata::{Package, read},
    outcome::{CannotCheck, Report},
    policy::{Policy, Role, Rule},
    tokens::{Token, TokenKind, tokens},
};

/// The attribute that a later `allow` cannot undo, unlike `deny`.
const FORBID_UNSAFE: &str = "#![forbid(unsafe_code)]";

const COLON: TokenKind = TokenKind::Mark(':');

/// Checks the Rust files of every package.
pub(crate) fn check(
    root: &Path,
    packages: &[Package],
    policy: &Policy,
) -> Result<Report, CannotCheck> {
    let mut count = 0;
    let mut violations = Vec::new();
    for package in packages {
        let files = package.rust_files()?;
        let rule = policy.crates.get(&package.name);
        let never = rule.map(|rule| forbidden(rule, policy)).unwrap_or_default();
        let mut excepted: BTreeSet<&str> = rule
            .into_iter()
            .flat_map(|rule| rule.source.except.keys())
            .map(String::as_str)
            .collect();
        for file in &files {
            let text = read(file)?;
            let tokens = tokens(&text);
            let shown = file.strip_prefix(root).unwrap_or(file).display();
            let mut report = |line: usize, fault: String| {
                violations.push(format!("{shown}:{line}: {fault}"));
            };
            smuggled(&tokens, file, package.folder(), &mut report);
            forbidden_words(&tokens, &never, &mut report);
            excepted.retain(|path| !(0..tokens.len()).any(|index| begins(&tokens[index..], path)));
            let forbids = rule.is_some_and(|rule| rule.source.forbid_unsafe);
            let is_root = file.ends_with("src/lib.rs");
            if forbids && is_root && !text.lines().any(|line| line == FORBID_UNSAFE) {
                report(1, format!("`{}` lost {FORBID_UNSAFE}", package.name));
            }
        }
        violations.extend(excepted.into_iter().map(|path| {
            format!(
                "`{}` is excepted for `{path}` and has none: remove the exception",
                package.name
            )
        }));
        count += files.len();
    }
    Report::new(count, "source files", violations)
}

/// The words that the source of one crate may not contain, with the reasons.
fn forbidden<'a>(rule: &'a Rule, policy: &'a Policy) -> BTreeMap<&'a str, &'a str> {
    let everywhere = (rule.role == Role::Library).then_some(&policy.library_never);
    let everywhere = everywhere.into_iter().flatten();
    let everywhere = everywhere.filter(|(path, _)| !rule.source.except.contains_key(*path));
    let all = everywhere.chain(&rule.source.never);
    all.map(|(path, reason)| (path.as_str(), reason.as_str()))
        .collect()
}

fn forbidden_words(
    tokens: &[Token],
    never: &BTreeMap<&str, &str>,
    report: &mut impl FnMut(usize, String),
) {
    for (index, token) in tokens.iter().enumerate() {
        for (path, reason) in never {
            if begins(&tokens[index..], path) {
                report(token.line, format!("`{path}` may not occur here: {reason}"));
            }
        }
    }
}

/// Whether the tokens begin with `path`: a word, or words joined by `::`.
fn begins(mut tokens: &[Token], path: &str) -> bool {
    // A quick check, because nearly every token is something else.
    if !matches!(tokens, [Token { kind: TokenKind::Word(word), .. }, ..] if path.starts_with(word.as_str()))
    {
        return false;
    }
    for (index, word) in path.split("::").enumerate() {
        if index > 0 {
            let [
                Token { kind: COLON, .. },
                Token { kind: COLON, .. },
                rest @ ..,
            ] = tokens
            else {
                return false;
            };
            tokens = rest;
        }
        let [first, rest @ ..] = tokens else {
            return false;
        };
        if !first.is_word(word) {
            return false;
        }
        tokens = rest;
    }
    // `env!` and similar macros run at compile time, not in the running program.
    tokens.first().is_none_or(|next| !next.is_mark('!'))
}

/// `#[path]` and `include!` that reach outside of the package are imports that no manifest declares. A page that is
/// included as documentation is not one: its examples are tests, and it is not part of the program.
fn smuggled(tokens: &[Token], file: &Path, folder: &Path, report: &mut impl FnMut(usize, String)) {
    for (index, token) in tokens.iter().enumerate() {
        let TokenKind::Text(text) = &token.kind else {
            continue;
        };
        let before = |distance: usize| index.checked_sub(distance).map(|index| &tokens[index]);
        let by_path = before(1).is_some_and(|token| token.is_mark('='))
            && before(2).is_some_and(|token| token.is_word("path"))
            && before(3).is_some_and(|token| token.is_mark('[') || token.is_mark(','));
        let by_include = before(2).is_some_and(|token| token.is_mark('!'))
            && before(3).is_some_and(|token| {
                ["include", "include_str", "include_bytes"]
                    .iter()
                    .any(|name| token.is_word(name))
            });
        let is_page = text.ends_with(".md")
            && before(4).is_some_and(|token| token.is_mark('='))
            && before(5).is_some_and(|token| token.is_word("doc"));
        let here = file.parent().unwrap_or(folder);
        if (by_path || by_include && !is_page) && !flattened(&here.join(text)).starts_with(folder) {
            report(
                token.line,
                format!("\"{text}\" lies outside of the package"),
            );
        }
    }
}

/// The path without `..`, computed as text because the file need not exist.
fn flattened(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                flat.pop();
            }
            Component::CurDir => {}
            other => flat.push(other),
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smuggled_in(source: &str) -> Vec<usize> {
        let mut lines = Vec::new();
        let file = Path::new("/w/crates/core/src/lib.rs");
        let folder = Path::new("/w/crates/core");
        smuggled(&tokens(source), file, folder, &mut |line, _| {
            lines.push(line)
        });
        lines
    }

    #[test]
    fn a_path_is_found_word_by_word_and_a_macro_is_none() {
        let lines = |source: &str, path: &str| {
            let mut lines = Vec::new();
            let never = [(path, "why")].into();
            forbidden_words(&tokens(source), &never, &mut |line, _| lines.push(line));
            lines
        };
        assert_eq!(
            lines("let a = 1;\nstd::time::Instant::now()", "Instant::now"),
            [2]
        );
        assert!(lines("Instant::elapsed(now)", "Instant::now").is_empty());
        assert_eq!(lines("use std::{env, fmt};", "env"), [1]);
        assert!(lines("env!(\"CARGO_PKG_VERSION\")", "env").is_empty());
    }

    #[test]
    fn a_file_of_the_same_package_may_be_included() {
        assert!(smuggled_in("include_str!(\"../data/cities.json\");").is_empty());
        assert!(smuggled_in("#[path = \"other.rs\"] mod other;").is_empty());
    }

    #[test]
    fn a_page_may_be_included_as_documentation_and_not_as_data() {
        let page = "include_str!(\"../../../docs/guides/first-tool.md\")";
        assert!(smuggled_in(&format!("#[doc = {page}] struct Guides;")).is_empty());
        assert_eq!(smuggled_in(&format!("const GUIDE: &str = {page};")), [1]);
        assert_eq!(
            smuggled_in("#[doc = include_str!(\"../../ai/src/lib.rs\")] struct Ai;"),
            [1]
        );
    }

    #[test]
    fn a_file_of_another_package_may_not() {
        assert_eq!(
            smuggled_in("\n#[path = \"../../ai/src/secret.rs\"] mod secret;"),
            [2]
        );
        assert_eq!(
            smuggled_in("#[cfg_attr(unix, path = \"../../ai/x.rs\")] mod x;"),
            [1]
        );
        assert_eq!(smuggled_in("include!(\"/etc/x.rs\");"), [1]);
    }
}
