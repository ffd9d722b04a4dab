//! Why settings cannot be used.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::Origin;

/// Why settings cannot be used: what was wrong, where, and what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings file {}", path.display())]
    #[non_exhaustive]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is neither TOML nor YAML, by its name.
    #[error("the settings file {} must end in .toml, .yaml or .yml", path.display())]
    #[non_exhaustive]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// Two files could be meant.
    #[error(
        "both {} and {} exist; remove one, or name one with --config",
        first.display(),
        second.display()
    )]
    #[non_exhaustive]
    Ambiguous {
        /// One of them.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// The file does not parse.
    #[error("cannot parse {}:{line}: {message}", path.display())]
    #[non_exhaustive]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from one; zero where the parser does not say.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// Keys that nothing understands, all of them.
    #[error("{}", Keys(keys))]
    #[non_exhaustive]
    UnknownKeys {
        /// At least one.
        keys: Vec<UnknownKey>,
    },
    /// A file says the same thing twice, under two spellings.
    #[error("{key} is set twice: {}, and {}", places[0], places[1])]
    #[non_exhaustive]
    Twice {
        /// The key.
        key: String,
        /// Where.
        places: Box<[Origin; 2]>,
    },
    /// A value that its key cannot take.
    #[error("{key} cannot be used ({origin}): {reason}")]
    #[non_exhaustive]
    Value {
        /// The key, from the root.
        key: String,
        /// Where the value comes from.
        origin: Origin,
        /// What is wrong with it.
        reason: String,
    },
    /// The application asked for a section that it did not name before building.
    #[error("section {name} was not named when the settings were built")]
    #[non_exhaustive]
    NoSection {
        /// The section.
        name: String,
    },
    /// A table of variables, or an explicit value, names a key that its section does not have.
    #[error("{user} sets {key}, which is no key of that section")]
    #[non_exhaustive]
    NoKey {
        /// The variable or the flag.
        user: String,
        /// The key, from the root.
        key: String,
    },
}

/// A key that nothing understands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownKey {
    /// The key, from the root, as the file spells it.
    pub key: String,
    /// Where it is.
    pub origin: Origin,
    /// The known key most like it.
    pub nearest: Option<String>,
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown key {}", self.key)?;
        if let Origin::File { path, line, .. } = &self.origin {
            write!(f, " in {}:{line}", path.display())?;
        }
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean {nearest}?"),
            None => Ok(()),
        }
    }
}

struct Keys<'a>(&'a [UnknownKey]);

impl fmt::Display for Keys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, key) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{key}")?;
        }
        Ok(())
    }
}
