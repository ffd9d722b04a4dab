//! What was noticed and did not stop anything.

use std::fmt;

/// Something the application should say to its user, and may ignore.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A `GLASSBOX_*` variable that no section reads.
    #[non_exhaustive]
    UnknownVariable {
        /// Its name.
        name: String,
        /// The known variable most like it.
        nearest: Option<String>,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::UnknownVariable { name, nearest } = self;
        write!(f, "variable {name} is not known and has no effect")?;
        match nearest {
            Some(nearest) => write!(f, "; did you mean {nearest}?"),
            None => Ok(()),
        }
    }
}
