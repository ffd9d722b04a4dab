//! The origin of a value.

use std::fmt;
use std::path::PathBuf;

/// The origin of the value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The default.
    Default,
    /// A settings file.
    #[non_exhaustive]
    File {
        /// The file.
        path: PathBuf,
        /// The key as written in the file.
        key: String,
        /// The line of the key, starting at one.
        line: usize,
        /// Whether the file was found in the working folder, and not chosen by the user.
        found: bool,
    },
    /// An environment variable.
    #[non_exhaustive]
    Variable {
        /// Its name.
        name: String,
    },
    /// An explicit value from the application or a flag.
    #[non_exhaustive]
    Explicit {
        /// The flag or call.
        flag: String,
    },
}

impl Origin {
    /// Whether the value is from a file that the user did not choose, but that was found in the working
    /// folder.
    pub const fn is_found(&self) -> bool {
        matches!(self, Self::File { found: true, .. })
    }

    /// Whether the value is the default.
    pub const fn is_default(&self) -> bool {
        matches!(self, Self::Default)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File {
                path, key, line, ..
            } => {
                write!(f, "{}:{line}, key {key}", path.display())
            }
            Self::Variable { name } => write!(f, "variable {name}"),
            Self::Explicit { flag } => write!(f, "flag {flag}"),
        }
    }
}
