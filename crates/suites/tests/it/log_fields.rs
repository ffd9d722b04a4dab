//! Tests that fields of the workspace's `tracing` events have a namespace: as attributes of log records, they share
//! one with the fields of all other libraries.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::path::{Path, PathBuf};

/// The event macros.
const EVENTS: &[&str] = &["trace", "debug", "info", "warn", "error", "event"];
/// The workspace has more fields than this; if fewer are found, some files were not read.
const AT_LEAST: usize = 100;

/// A field of an event.
#[derive(Debug, PartialEq, Eq)]
struct Field {
    name: String,
    line: usize,
}

/// The fields of all events in a file, without its tests.
fn fields(tokens: TokenStream) -> Vec<Field> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = |n: usize| tokens.get(at + n);
        match (token, next(1), next(2)) {
            (TokenTree::Ident(first), Some(TokenTree::Ident(name)), Some(TokenTree::Group(_)))
                if first == "mod" && name == "tests" =>
            {
                at += 2;
            }
            (
                TokenTree::Ident(name),
                Some(TokenTree::Punct(bang)),
                Some(TokenTree::Group(group)),
            ) if bang.as_char() == '!' && EVENTS.iter().any(|event| name == event) => {
                // `tracing::info!`, and not another crate's macro of that name.
                let path = at.checked_sub(3).and_then(|at| tokens.get(at));
                if matches!(path, Some(TokenTree::Ident(path)) if path == "tracing") {
                    found.extend(of_event(group.stream()));
                }
                at += 2;
            }
            (TokenTree::Group(group), _, _) => found.extend(fields(group.stream())),
            _ => {}
        }
        at += 1;
    }
    found
}

/// The fields before the message.
fn of_event(tokens: TokenStream) -> Vec<Field> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let arguments = tokens.split(|token| is(token, ','));
    let mut found = Vec::new();
    for argument in arguments {
        // The prefix of a shorthand: `%error`.
        let argument = match argument {
            [sigil, rest @ ..] if is(sigil, '%') || is(sigil, '?') => rest,
            _ => argument,
        };
        match argument {
            [TokenTree::Literal(name), equals, ..] if is(equals, '=') => found.push(Field {
                name: name.to_string().trim_matches('"').to_owned(),
                line: name.span().start().line,
            }),
            // The message: the rest are its arguments.
            [TokenTree::Literal(_), ..] => break,
            // `target: "…"`, and the level of `event!`.
            [TokenTree::Ident(_), colon, ..] if is(colon, ':') => {}
            [TokenTree::Group(braced)] if braced.delimiter() == Delimiter::Brace => {
                found.extend(of_event(braced.stream()));
            }
            [TokenTree::Ident(first), ..] => {
                let name = argument
                    .iter()
                    .take_while(|token| matches!(token, TokenTree::Ident(_)) || is(token, '.'));
                found.push(Field {
                    name: name.map(ToString::to_string).collect(),
                    line: first.span().start().line,
                });
            }
            _ => {}
        }
    }
    found
}

fn is(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == punct)
}

/// Every source file below a folder, without tests and vendored files.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !["tests", "benches", "vendor", "target", "node_modules"].contains(&name) {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") && name != "tests.rs" {
            found.push(path);
        }
    }
}

#[test]
fn every_field_of_an_event_has_a_namespace() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in ["crates", "examples"] {
        sources(&root.join(folder), &mut files);
    }
    // The suites' own programs emit whatever their tests check.
    files.retain(|file| !file.starts_with(root.join("crates/suites")));
    let (mut count, mut bare) = (0, Vec::new());
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        for field in fields(source.parse().unwrap()) {
            count += 1;
            if !field.name.contains('.') {
                let file = file.strip_prefix(&root).unwrap();
                bare.push(format!("{}:{} {}", file.display(), field.line, field.name));
            }
        }
    }
    assert!(
        bare.is_empty(),
        "fields without a namespace; use a name of the conventions or glassbox.….…:\n{}",
        bare.join("\n")
    );
    assert!(count >= AT_LEAST, "only {count} fields were found");
}

#[test]
fn fields_are_found_in_every_form() {
    let source = r#"
        fn f() {
            tracing::info!(target: "t", a = 1, %b, ?c, d, e.f = %x, "g" = 2, "h.i" = 3, "said {}", j = 4);
            tracing::event!(Level::INFO, k, "said");
            tracing::debug!(target: "t", { r = 1, s.t = 2 }, "said");
            if true { tracing::warn!(l = x(m, n)) }
            println!("{o}", o = 1);
            log::info!(p = 1; "said");
        }
        mod tests { fn f() { tracing::info!(q, "said"); } }
    "#;
    let found = fields(source.parse().unwrap());
    let names: Vec<_> = found.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(
        names,
        ["a", "b", "c", "d", "e.f", "g", "h.i", "k", "r", "s.t", "l"]
    );
    assert_eq!(found[0].line, 3);
}
