//! The schema of one section.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Variable;

/// The sections of Glassbox. A program ignores those that it does not load.
pub const SECTIONS: &[&str] = &["ai", "collector", "host", "orchestration", "telemetry"];

/// A section of the settings: plain data with a working default.
///
/// The known keys are those of the serialised default value, so no field may be skipped. A map that is
/// empty by default accepts any key, and so does a field that is `None`.
pub trait Section: Serialize + DeserializeOwned + Default {
    /// The name of the section in a file, and the first part of its keys.
    const NAME: &'static str;

    /// The variables that set keys. If two of equal precedence set the same key, the first one wins.
    const VARIABLES: &'static [Variable] = &[];

    /// The keys whose values are never printed.
    const SECRETS: &'static [&'static str] = &[];

    /// The values that a file must not set if it was found in the working folder, and not chosen by the
    /// user.
    ///
    /// A user who starts a program in somebody else's folder has not chosen that file. It must not name
    /// programs to run, places to write to, or where secrets are sent.
    fn reserved(&self) -> Vec<Reserved> {
        Vec::new()
    }

    /// Checks constraints beyond the types.
    ///
    /// # Errors
    /// The first key with an invalid value, and the reason.
    fn validate(&self) -> Result<(), Invalid> {
        Ok(())
    }
}

/// A value that a file must not set if it was found in the working folder, and not chosen by the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserved {
    pub(crate) key: &'static str,
    pub(crate) does: &'static str,
    pub(crate) secret: Option<&'static str>,
}

impl Reserved {
    /// Reserves a key, relative to the section. `does` describes what its value does, such as `names a
    /// program to run`.
    pub const fn new(key: &'static str, does: &'static str) -> Self {
        Self {
            key,
            does,
            secret: None,
        }
    }

    /// Reserves a key that sets where `secret` is sent. It is reserved only if the secret is set
    /// elsewhere.
    pub const fn receives(key: &'static str, secret: &'static str) -> Self {
        Self {
            key,
            does: "names where a secret is sent that was set elsewhere",
            secret: Some(secret),
        }
    }
}

/// Why the value of a key is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    pub(crate) key: &'static str,
    pub(crate) reason: String,
}

impl Invalid {
    /// Creates the error from a key, relative to the section, and the reason, such as `must be between 0
    /// and 1`.
    pub fn new(key: &'static str, reason: impl fmt::Display) -> Self {
        Self {
            key,
            reason: reason.to_string(),
        }
    }
}

/// The reason given for an invalid secret.
pub(crate) const MASKED: &str = "it does not have the expected form";

/// Whether a key, relative to its section, is a secret or is below one.
pub(crate) fn is_secret(secrets: &[&str], key: &str) -> bool {
    secrets.iter().any(|secret| {
        key.strip_prefix(secret)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}
