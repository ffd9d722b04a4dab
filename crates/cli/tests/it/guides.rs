//! The output quoted in the guides is the programs' real output: each word of it occurs in a text of the
//! sources, or is a value.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Words in values whose form does not identify them: a service, a unit, and responses of other
/// programs.
const VALUES: &[&str] = &["checkout", "empty", "missing", "not", "or", "s"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All texts in the sources of the crates, split at placeholders.
#[derive(Default)]
struct Texts {
    parts: BTreeSet<String>,
    words: BTreeSet<String>,
}

impl Texts {
    fn of_sources() -> Self {
        let mut texts = Self::default();
        let crates = fs::read_dir(root().join("crates")).unwrap();
        for folder in crates {
            texts.read(&folder.unwrap().path().join("src"));
        }
        assert!(texts.parts.len() > 1_000, "{}", texts.parts.len());
        texts
    }

    fn read(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.read(&path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                for literal in literals(&fs::read_to_string(&path).unwrap()) {
                    self.add(&literal);
                }
            }
        }
    }

    fn add(&mut self, literal: &str) {
        let literal = joined(&literal.replace("{{", "\u{1}").replace("}}", "\u{2}"));
        for (at, part) in literal.split(['{', '}']).enumerate() {
            // Odd parts are placeholders. The problem and the fix are split at a semicolon.
            for part in part.split("; ").map(str::trim).filter(|_| at % 2 == 0) {
                if part.contains(' ') {
                    self.parts
                        .insert(part.replace('\u{1}', "{").replace('\u{2}', "}"));
                } else if part.len() > 1 {
                    self.words.insert(part.to_owned());
                }
            }
        }
    }

    /// The words of a message that do not occur in any source.
    fn foreign<'m>(&self, message: &'m str) -> Vec<&'m str> {
        let mut is_known = vec![false; message.len()];
        for part in &self.parts {
            for (at, _) in message.match_indices(part) {
                is_known[at..at + part.len()].fill(true);
            }
        }
        // Text from another program is in quotes.
        for (at, quoted) in message
            .split('"')
            .scan(0, |at, part| {
                let here = *at;
                *at += part.len() + 1;
                Some((here, part))
            })
            .skip(1)
            .step_by(2)
        {
            is_known[at..at + quoted.len()].fill(true);
        }
        let mut foreign = Vec::new();
        let mut at = 0;
        for word in message.split(' ') {
            let range = at..at + word.len();
            at = range.end + 1;
            let bare = word.trim_matches(|character: char| !character.is_alphanumeric());
            let is_value = !bare.chars().all(|character| character.is_ascii_lowercase());
            let is_word = self.words.iter().any(|known| bare_of(known) == bare);
            let is_there = is_known[range].iter().all(|known| *known);
            if !(bare.is_empty() || is_value || is_word || is_there || VALUES.contains(&bare)) {
                foreign.push(word);
            }
        }
        foreign
    }
}

fn bare_of(word: &str) -> &str {
    word.trim_matches(|character: char| !character.is_alphanumeric())
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The string literals of a source file.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '/' if rest.peek() == Some(&'/') => {
                rest.by_ref().find(|character| *character == '\n');
            }
            // The character literal of a quote.
            '\'' if rest.peek() == Some(&'"') => {
                rest.next();
            }
            '"' => {
                let mut literal = String::new();
                while let Some(character) = rest.next() {
                    match character {
                        '"' => break,
                        '\\' => match rest.next() {
                            Some('\n') => {
                                while rest.next_if(|next| next.is_whitespace()).is_some() {}
                            }
                            Some('n') => literal.push(' '),
                            Some(other) => literal.push(other),
                            None => break,
                        },
                        other => literal.push(other),
                    }
                }
                found.push(literal);
            }
            _ => {}
        }
    }
    found
}

/// The output of `glassbox` in the console blocks of a guide, one message per paragraph.
fn quoted(guide: &str) -> Vec<String> {
    let blocks = guide.split("```console\n").skip(1);
    let mut messages: Vec<String> = Vec::new();
    for block in blocks.filter_map(|block| block.split("```").next()) {
        let mut is_ours = false;
        for line in block.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                let words = command.split_whitespace();
                let mut programs = words.skip_while(|word| word.contains('='));
                is_ours = programs.next() == Some("glassbox");
                continue;
            }
            let is_continued = line.starts_with("               ") && !line.contains("fix: ");
            match messages.last_mut() {
                Some(message) if is_ours && is_continued => {
                    message.push(' ');
                    message.push_str(line.trim());
                }
                _ if is_ours => messages.push(joined(line)),
                _ => {}
            }
        }
    }
    messages
}

#[test]
fn what_the_guides_quote_is_what_the_programs_print() {
    let texts = Texts::of_sources();
    let mut checked = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(root().join("docs/guides")).unwrap() {
        let path = entry.unwrap().path();
        let guide = fs::read_to_string(&path).unwrap();
        for message in quoted(&guide) {
            checked += 1;
            let foreign = texts.foreign(&message);
            if !foreign.is_empty() {
                wrong.push(format!("{}: {foreign:?} in: {message}", path.display()));
            }
        }
    }
    assert!(checked > 50, "only {checked} quoted messages were found");
    assert!(
        wrong.is_empty(),
        "no source has the words\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_message_that_no_program_prints_is_found() {
    let mut texts = Texts::default();
    texts.add("no collector was found: {reason}");
    texts.add("none of {} is on PATH");
    let current = "no collector was found: none of a-b, c-d is on PATH";
    assert!(texts.foreign(current).is_empty());
    let old = "no collector was found: neither a-b nor c-d is on PATH";
    assert_eq!(texts.foreign(old), ["neither", "nor"]);
    assert_eq!(
        literals("say(\"a \\\n   b\", '\"', \"c\\\"d\"); // \"e\""),
        ["a b", "c\"d"]
    );
}

#[test]
fn the_guides_name_the_version_of_rust_that_is_needed() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, version) = manifest.split_once("rust-version = \"").unwrap();
    let version: Vec<&str> = version.split(['.', '"']).take(2).collect();
    let version = version.join(".");
    for page in ["README.md", "docs/guides/first-tool.md"] {
        let text = joined(&fs::read_to_string(root().join(page)).unwrap());
        let needed = format!("You need Rust {version} or newer");
        assert!(text.contains(&needed), "{page} does not say '{needed}'");
    }
}
