//! The schema of one section.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Variable;

/// The sections that Glassbox itself has; a program ignores those it does not load.
pub const SECTIONS: &[&str] = &["ai", "collector", "host", "orchestration", "telemetry"];

/// A section of the settings: plain data whose default works.
///
/// The known keys are those of the default value, as it serialises: a field must not be skipped. A
/// map that is empty by default takes any key, and so does a field that is `None`.
pub trait Section: Serialize + DeserializeOwned + Default {
    /// The name of the section in a file, and the first part of its keys.
    const NAME: &'static str;

    /// Which variables set which keys. Where two of one rank set the same key, the first one wins.
    const VARIABLES: &'static [Variable] = &[];

    /// The keys whose values are never shown.
    const SECRETS: &'static [&'static str] = &[];

    /// Checks what the types cannot say.
    ///
    /// # Errors
    /// The first key whose value cannot be used, and why.
    fn validate(&self) -> Result<(), Invalid> {
        Ok(())
    }
}

/// Why the value of a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    pub(crate) key: &'static str,
    pub(crate) reason: String,
}

impl Invalid {
    /// A key, relative to the section, and what is wrong with it: `must be between 0 and 1`.
    pub fn new(key: &'static str, reason: impl fmt::Display) -> Self {
        Self {
            key,
            reason: reason.to_string(),
        }
    }
}

/// What is said of a secret in the place of what is wrong with it.
pub(crate) const MASKED: &str = "it does not have the form that is expected";

/// Whether a key, relative to its section, is one of the secrets or stands below one.
pub(crate) fn is_secret(secrets: &[&str], key: &str) -> bool {
    secrets.iter().any(|secret| {
        key.strip_prefix(secret)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}
