//! How far a call is.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One report of a call's progress.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// How much is done, in the unit of `total`; grows with each report.
    pub done: f64,
    /// How much there is to do, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    /// What is being done, in one phrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'static, str>>,
}

impl Progress {
    /// This much is done.
    pub fn new(done: f64) -> Self {
        Self {
            done,
            ..Self::default()
        }
    }

    /// Adds how much there is to do.
    #[must_use]
    pub fn of(mut self, total: f64) -> Self {
        self.total = Some(total);
        self
    }

    /// Adds what is being done.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = Some(message.into());
        self
    }
}

/// Takes reports of progress without making the reporter wait.
pub trait ProgressSink: Send + Sync {
    /// Takes one report. A sink that is full drops it: only the newest matters.
    fn report(&self, progress: &Progress);
}

through_pointers! {
    ProgressSink {
        fn report(&self, progress: &Progress) {
            (**self).report(progress);
        }
    }
}
