//! Errors of loading settings.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::Origin;

/// Why settings are invalid: what is wrong, where, and what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings file {}", path.display())]
    #[non_exhaustive]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file name has no TOML or YAML extension.
    #[error("the settings file {} must end in .toml, .yaml or .yml", path.display())]
    #[non_exhaustive]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// There are two settings files.
    #[error(
        "both {} and {} exist; remove one, or choose one with --config",
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
        /// The line, starting at one; zero if unknown.
        line: usize,
        /// The message of the parser.
        message: String,
    },
    /// All unknown keys.
    #[error("{}", Keys(keys))]
    #[non_exhaustive]
    UnknownKeys {
        /// At least one.
        keys: Vec<UnknownKey>,
    },
    /// A file sets a key twice, once through an alias.
    #[error("{key} is set twice: {}, and {}", places[0], places[1])]
    #[non_exhaustive]
    Twice {
        /// The key.
        key: String,
        /// Where it is set.
        places: Box<[Origin; 2]>,
    },
    /// Variables that are not UTF-8.
    #[error(
        "{} not UTF-8; set {} again, or unset {}",
        Variables(names),
        it_or_them(names),
        it_or_them(names)
    )]
    #[non_exhaustive]
    NotText {
        /// The variables, at least one.
        names: Vec<String>,
    },
    /// An invalid value.
    #[error("invalid value of {key} ({origin}): {reason}")]
    #[non_exhaustive]
    Value {
        /// The key, from the root.
        key: String,
        /// Where the value comes from.
        origin: Origin,
        /// Why it is invalid.
        reason: String,
    },
    /// A file that was found in the working folder, and not chosen by the user, sets a reserved value.
    #[error(
        "{key} ({origin}) {does}, and nobody named this file: it was found in the working folder; name it \
         with --config or {}{}",
        crate::file::VARIABLE,
        Instead(variable)
    )]
    #[non_exhaustive]
    Reserved {
        /// The key, from the root.
        key: String,
        /// Where it is set.
        origin: Origin,
        /// What the value does.
        does: &'static str,
        /// The variable that sets the key.
        variable: Option<&'static str>,
    },
    /// The application loads a section that it did not register with the builder.
    #[error("section {name} was not registered with the settings builder")]
    #[non_exhaustive]
    NoSection {
        /// The section.
        name: String,
    },
    /// A variable or an explicit value refers to a key that its section does not have.
    #[error("{user} sets {key}, which is not a key of that section")]
    #[non_exhaustive]
    NoKey {
        /// The variable or the flag.
        user: String,
        /// The key, from the root.
        key: String,
    },
}

/// An unknown key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownKey {
    /// The key, from the root, as written in the file.
    pub key: String,
    /// Where it is.
    pub origin: Origin,
    /// The known key that was most likely meant.
    pub nearest: Option<String>,
    /// The known keys of the section, or the known sections, if no suggestion is likely.
    pub known: Vec<String>,
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown key {}", self.key)?;
        if let Origin::File { path, line, .. } = &self.origin {
            write!(f, " in {}:{line}", path.display())?;
        }
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean {nearest}?"),
            None if self.known.is_empty() => Ok(()),
            None => write!(f, "; known: {}", self.known.join(", ")),
        }
    }
}

struct Variables<'a>(&'a [String]);

impl fmt::Display for Variables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [name] => write!(f, "the value of variable {name} is"),
            names => write!(f, "the values of variables {} are", names.join(", ")),
        }
    }
}

fn it_or_them(names: &[String]) -> &'static str {
    match names {
        [_] => "it",
        _ => "them",
    }
}

struct Instead<'a>(&'a Option<&'static str>);

impl fmt::Display for Instead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(variable) => write!(f, ", or set {variable} instead"),
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
