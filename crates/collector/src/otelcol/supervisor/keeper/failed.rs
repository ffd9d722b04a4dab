//! A collector that ended, or never was ready.

use crate::otelcol::launch::sentence;
use crate::otelcol::process::{NotReady, Process};

/// How a collector failed.
#[derive(Debug, Default)]
pub(in crate::otelcol::supervisor) struct Failed {
    pub(super) status: String,
    pub(super) last_words: String,
    /// Somebody else has a port of its.
    pub(in crate::otelcol::supervisor) port_taken: bool,
    /// It did not end: it was not ready in time, and was killed.
    pub(super) late: bool,
}

impl Failed {
    /// It could not be started at all.
    pub(super) fn not_started(error: &(dyn std::error::Error + 'static)) -> Self {
        Self {
            status: format!("not started: {}", sentence(error)),
            ..Self::default()
        }
    }

    /// It was started, and has ended so.
    pub(super) fn ended(process: &Process, status: String) -> Self {
        Self {
            status,
            last_words: process.journal().last_words(),
            port_taken: process.journal().signs().borrow().port_taken,
            late: false,
        }
    }

    /// It did not become ready: ends it, if it has not ended.
    pub(super) async fn not_ready(mut process: Process, reason: NotReady) -> Self {
        match reason {
            NotReady::Ended(status) => Self::ended(&process, status),
            NotReady::Late(patience) => {
                process.kill().await;
                let status = format!("killed: not ready within {patience:?}");
                Self {
                    late: true,
                    ..Self::ended(&process, status)
                }
            }
        }
    }

    /// Returns the last thing that it said.
    pub(super) fn last_line(&self) -> &str {
        self.last_words.lines().last().unwrap_or_default()
    }

    /// Returns how it ended as one text.
    pub(super) fn words(&self) -> String {
        if self.last_words.is_empty() {
            return self.status.clone();
        }
        format!("{}; {}", self.status, self.last_words.replace('\n', "; "))
    }
}
