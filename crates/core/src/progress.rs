//! Progress of calls.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A progress report of a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// The amount done, in the unit of `total`. Increases with each report.
    pub done: f64,
    /// The total amount, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    /// A phrase that describes the current work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'static, str>>,
}

impl Progress {
    /// Creates a report.
    pub fn new(done: f64) -> Self {
        Self {
            done,
            ..Self::default()
        }
    }

    /// Sets the total amount.
    #[must_use]
    pub fn of(mut self, total: f64) -> Self {
        self.total = Some(total);
        self
    }

    /// Sets the description.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = Some(message.into());
        self
    }
}

/// Receives progress reports without blocking.
pub trait ProgressSink: Send + Sync {
    /// Receives a report. A full sink drops it.
    fn report(&self, progress: &Progress);
}

through_pointers! {
    ProgressSink {
        fn report(&self, progress: &Progress) {
            (**self).report(progress);
        }
    }
}
