//! What stands behind the receiver: batches go into the store before they are acknowledged.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use glassbox_otlp::{Accepted, Batch, Consumer, Refusal};
use glassbox_store::{AppendError, SegmentStore};
use tokio::sync::Semaphore;

use crate::ownership::Ownership;

/// How long clients keep their data before they try a disk again that could not be written.
const DISK_RETRY: Duration = Duration::from_secs(5);

/// How many batches are written at a time. A client that goes away gives its share of the receiver's
/// budget back while its batch is still being written, so their number needs a bound of its own.
const WRITES: usize = 8;

/// Puts batches into the store.
#[derive(Debug)]
pub(crate) struct Intake {
    store: Arc<SegmentStore>,
    /// Whoever may write must own the folder, so the right lives as long as this.
    _ownership: Arc<Ownership>,
    /// Whether the last write failed, so that the log says it once and not per request.
    failing: AtomicBool,
    writes: Arc<Semaphore>,
}

impl Intake {
    pub(crate) fn new(store: Arc<SegmentStore>, ownership: Arc<Ownership>) -> Self {
        Self {
            store,
            _ownership: ownership,
            failing: AtomicBool::new(false),
            writes: Arc::new(Semaphore::new(WRITES)),
        }
    }

    fn note(&self, error: Option<&AppendError>) {
        let failing = matches!(error, Some(AppendError::Write(_)));
        if self.failing.swap(failing, Ordering::Relaxed) == failing {
            return;
        }
        let directory = self.store.directory().display();
        match error {
            Some(error) => tracing::error!(
                %directory,
                error = error.source(),
                "the store cannot write: clients are asked to keep their telemetry",
            ),
            None => tracing::info!(%directory, "the store can write again"),
        }
    }
}

#[glassbox_core::async_trait]
impl Consumer for Intake {
    async fn consume(&self, batch: Batch) -> Result<Accepted, Refusal> {
        let store = Arc::clone(&self.store);
        let Ok(turn) = Arc::clone(&self.writes).acquire_owned().await else {
            return Err(refusal(&AppendError::Closed));
        };
        // A client that goes away does not undo the write; it sends again what it does not know.
        let write = move || {
            let _turn = turn;
            store.append(&batch)
        };
        let appended = tokio::task::spawn_blocking(write).await;
        let appended = appended.map_err(|_| Refusal::Internal {
            message: "the store failed while it wrote".to_owned(),
        })?;
        self.note(appended.as_ref().err());
        match appended {
            Ok(()) => Ok(Accepted::all()),
            Err(error) => Err(refusal(&error)),
        }
    }
}

fn refusal(error: &AppendError) -> Refusal {
    match error {
        AppendError::Write(source) => {
            Refusal::unavailable(format!("{error}: {source}"), DISK_RETRY)
        }
        AppendError::Closed => Refusal::unavailable(error.to_string(), Duration::from_secs(1)),
        _ => Refusal::Invalid {
            message: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests;
