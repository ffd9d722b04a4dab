//! Warnings about settings.

use std::fmt;

/// A warning that the application should show to its user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A `GLASSBOX_*` variable that no section reads.
    #[non_exhaustive]
    UnknownVariable {
        /// Its name.
        name: String,
        /// The most similar known variable.
        nearest: Option<String>,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::UnknownVariable { name, nearest } = self;
        write!(f, "variable {name} is unknown and has no effect")?;
        match nearest {
            Some(nearest) => write!(f, "; did you mean {nearest}?"),
            None => Ok(()),
        }
    }
}
