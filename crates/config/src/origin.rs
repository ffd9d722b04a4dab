//! Where a value comes from.

use std::fmt;
use std::path::PathBuf;

/// Where the value of a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A file said so.
    #[non_exhaustive]
    File {
        /// The file.
        path: PathBuf,
        /// The key as the file spells it.
        key: String,
        /// The line of the key, from one.
        line: usize,
    },
    /// A variable of the environment said so.
    #[non_exhaustive]
    Variable {
        /// Its name.
        name: String,
    },
    /// The application or its user said so.
    #[non_exhaustive]
    Explicit {
        /// The flag or the call that was used.
        flag: String,
    },
}

impl Origin {
    /// Whether nobody set the value.
    pub const fn is_default(&self) -> bool {
        matches!(self, Self::Default)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, key, line } => {
                write!(f, "{}:{line}, key {key}", path.display())
            }
            Self::Variable { name } => write!(f, "variable {name}"),
            Self::Explicit { flag } => write!(f, "flag {flag}"),
        }
    }
}
