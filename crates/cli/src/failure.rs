//! Why a command failed, as one sentence.

use crate::excerpt::excerpt;
use std::{error::Error, fmt, process::ExitCode};

/// The exit status after a mistake on the command line.
pub(crate) const USAGE: u8 = 2;

/// A sentence that states what is wrong, where, and how to fix it.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    is_usage: bool,
}

impl Failure {
    /// A failure in one sentence.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            is_usage: false,
        }
    }

    /// A mistake on the command line.
    pub(crate) fn usage(sentence: impl Into<String>) -> Self {
        Self {
            is_usage: true,
            ..Self::new(sentence)
        }
    }

    /// A failure with its causes, from the outermost to the innermost.
    pub(crate) fn from_error(what: &str, error: &dyn Error) -> Self {
        Self::chain(format!("{what}: {error}"), error)
    }

    /// This error with its causes.
    pub(crate) fn of(error: &dyn Error) -> Self {
        Self::chain(error.to_string(), error)
    }

    fn chain(mut sentence: String, error: &dyn Error) -> Self {
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some errors repeat their cause in their own text.
            if !sentence.contains(&text) {
                sentence.push_str(": ");
                sentence.push_str(&text);
            }
            cause = error.source();
        }
        Self::new(sentence)
    }

    /// The exit status.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.is_usage {
            true => ExitCode::from(USAGE),
            false => ExitCode::FAILURE,
        }
    }

    /// Prints the failure and returns the exit status.
    pub(crate) fn report(&self) -> ExitCode {
        crate::terminal::tell(&format!("glassbox: {self}"));
        self.exit_code()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&excerpt(&self.sentence))
    }
}

impl Error for Failure {}
