//! The receiver's consumer: stores batches before they are acknowledged.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use glassbox_otlp::{Accepted, Batch, Consumer, Refusal};
use glassbox_store::{AppendError, SegmentStore};
use tokio::sync::Semaphore;

use crate::ownership::Ownership;

/// Delay after which clients try again when the disk could not be written.
const DISK_RETRY: Duration = Duration::from_secs(5);

/// Limit of batches that are written at a time. A client that disconnects releases its share of the
/// receiver's budget while its batch is still being written, so this needs a separate limit.
const WRITES: usize = 8;

/// Puts batches into the store.
#[derive(Debug)]
pub(crate) struct Intake {
    store: Arc<SegmentStore>,
    /// Held so that the folder is locked as long as anything can write to it.
    _ownership: Arc<Ownership>,
    /// Whether the last write failed, so that this is logged once and not per request.
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
        let failing = matches!(
            error,
            Some(AppendError::Write(_) | AppendError::Vanished { .. })
        );
        if self.failing.swap(failing, Ordering::Relaxed) == failing {
            return;
        }
        let directory = self.store.directory().display();
        match error {
            Some(error) => tracing::error!(
                file.directory = %directory,
                exception.message = error.source(),
                "{error}; clients are told to retry",
            ),
            None => tracing::info!(file.directory = %directory, "the store can write again"),
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
        // The write continues if the client disconnects; the client sends the batch again.
        let write = move || {
            let _turn = turn;
            store.append(&batch)
        };
        let appended = tokio::task::spawn_blocking(write).await;
        let appended = appended.map_err(|_| Refusal::Internal {
            message: "the store panicked while writing".to_owned(),
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
        AppendError::Vanished { .. } => Refusal::unavailable(error.to_string(), DISK_RETRY),
        AppendError::Closed => Refusal::unavailable(error.to_string(), Duration::from_secs(1)),
        _ => Refusal::Invalid {
            message: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests;
