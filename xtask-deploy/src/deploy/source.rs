//! The names that the code uses: string literals in the source of a program and of all our crates in it.
//!
//! An environment variable is read by its name, and a path is served under it, so each is a string literal
//! somewhere in the source, wherever a crate lists them. A key of a settings file is the name of a field. No
//! second list and no compilation is needed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use xtask::{
    metadata::{self, Package},
    outcome::CannotCheck,
    tokens::{Token, TokenKind, tokens},
};

/// The packages of the workspace, with the names found so far.
pub(super) struct Source {
    packages: Vec<Package>,
    read: BTreeMap<String, Known>,
}

/// The names found in source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) texts: BTreeSet<String>,
    /// The words, including names of fields.
    pub(super) words: BTreeSet<String>,
}

impl Known {
    fn add(&mut self, other: Self) {
        self.texts.extend(other.texts);
        self.words.extend(other.words);
    }

    /// Reads the names in a file, up to the tests at its end.
    fn of(source: &str) -> Self {
        let tokens = tokens(source);
        let end = (0..tokens.len()).find(|index| begins_tests(&tokens[*index..]));
        let mut known = Self::default();
        for token in tokens.into_iter().take(end.unwrap_or(usize::MAX)) {
            match token.kind {
                TokenKind::Text(text) => known.texts.insert(text),
                TokenKind::Word(word) => known.words.insert(word),
                TokenKind::Mark(_) => false,
            };
        }
        known
    }
}

impl Source {
    pub(super) fn new(packages: Vec<Package>) -> Self {
        Self {
            packages,
            read: BTreeMap::new(),
        }
    }

    /// The names in `package` and in all our packages that it depends on, without tests.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub(super) fn known(&mut self, package: &str) -> Result<Known, CannotCheck> {
        let mut known = Known::default();
        for name in self.made_of(package) {
            if !self.read.contains_key(&name) {
                let found = self.read_package(&name)?;
                self.read.insert(name.clone(), found);
            }
            known.add(self.read[&name].clone());
        }
        Ok(known)
    }

    /// The package itself, and the members that it depends on.
    fn made_of(&self, package: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![package];
        while let Some(name) = open.pop() {
            let member = self.packages.iter().find(|member| member.name == name);
            if let Some(member) = member
                && found.insert(name.to_owned())
            {
                let dependencies = member.dependencies.iter();
                open.extend(
                    dependencies
                        .filter(|dependency| dependency.kind() == metadata::Kind::Normal)
                        .map(|dependency| dependency.name.as_str()),
                );
            }
        }
        found
    }

    fn read_package(&self, name: &str) -> Result<Known, CannotCheck> {
        let mut known = Known::default();
        for package in self.packages.iter().filter(|package| package.name == name) {
            let sources = package.folder().join("src");
            for file in package.rust_files()? {
                if file.starts_with(&sources) && !is_test(&file) {
                    known.add(Known::of(&metadata::read(&file)?));
                }
            }
        }
        Ok(known)
    }
}

fn is_test(file: &Path) -> bool {
    file.components().any(|part| {
        ["tests", "tests.rs"]
            .iter()
            .any(|name| part.as_os_str() == *name)
    })
}

/// Whether `#[cfg(test)] mod … {` begins here.
fn begins_tests(tokens: &[Token]) -> bool {
    let [
        hash,
        open,
        cfg,
        left,
        test,
        right,
        close,
        module,
        _,
        brace,
        ..,
    ] = tokens
    else {
        return false;
    };
    hash.is_mark('#')
        && open.is_mark('[')
        && cfg.is_word("cfg")
        && left.is_mark('(')
        && test.is_word("test")
        && right.is_mark(')')
        && close.is_mark(']')
        && module.is_word("mod")
        && brace.is_mark('{')
}

/// Whether a text has the form of a variable's name.
pub(super) fn is_variable(text: &str) -> bool {
    text.len() > 2
        && text.starts_with(|char: char| char.is_ascii_uppercase())
        && text
            .chars()
            .all(|char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use xtask::workspace::Workspace;

    #[test]
    fn texts_of_tests_and_comments_are_none_of_the_programs() {
        let source = "/// \"A\"\nconst B: &str = \"B\";\n#[cfg(test)]\nmod tests {\n const C: &str = \"C\";\n}\n";
        assert_eq!(Known::of(source).texts, BTreeSet::from(["B".to_owned()]));
    }

    #[test]
    fn a_file_of_tests_is_none_of_the_programs() {
        assert!(is_test(Path::new("crates/a/src/b/tests.rs")));
        assert!(is_test(Path::new("crates/a/src/tests/b.rs")));
        assert!(!is_test(Path::new("crates/a/src/b.rs")));
    }

    #[test]
    fn a_service_knows_the_variables_of_its_crates_and_no_others() {
        let packages = metadata::load(&Workspace::discover().unwrap()).unwrap();
        let mut source = Source::new(packages);
        let tool = source.known("time-tool").unwrap().texts;
        for known in [
            "REDIS_URL",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "K8S_POD_NAME",
            "/ready",
        ] {
            assert!(tool.contains(known), "{known}");
        }
        assert!(
            !tool.contains("GLASSBOX_OTEL_DATA_DIR"),
            "that is the backend's"
        );
        assert!(
            source
                .known("glassbox-cli")
                .unwrap()
                .texts
                .contains("GLASSBOX_OTEL_DATA_DIR")
        );
    }

    #[test]
    fn a_variable_is_written_in_capitals() {
        assert!(is_variable("REDIS_URL") && is_variable("K8S_POD_UID"));
        assert!(!is_variable("GET /") && !is_variable("redis_url") && !is_variable("7"));
    }
}
