//! Why a command failed, as one sentence.

use glassbox_core::sentence;
use std::{error::Error, fmt, process::ExitCode};

/// A sentence that states what was wrong, where, and what to do.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure in one sentence.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// A failure with its causes, from the outermost to the innermost.
    pub(crate) fn from_error(what: &str, error: &dyn Error) -> Self {
        Self(format!("{what}: {}", sentence(error)))
    }

    /// This error with its causes.
    pub(crate) fn of(error: &dyn Error) -> Self {
        Self(sentence(error))
    }

    /// Prints the failure and returns the exit status.
    pub(crate) fn report(&self) -> ExitCode {
        crate::terminal::tell(&format!("glassbox: {self}"));
        ExitCode::FAILURE
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Failure {}
