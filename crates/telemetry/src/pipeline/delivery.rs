//! Exports an encoded parcel and enters the outcome in the books.

use super::{books::Books, counts::Loss};
use crate::{
    clock::Monotonic,
    export::{Answer, ExportError, Exporter},
    parcel::Parcel,
};
use glassbox_resilience::Permit;
use std::sync::Arc;

/// Exports parcels and accounts for their items.
#[derive(Debug)]
pub(super) struct Delivery {
    exporter: Exporter,
    books: Arc<dyn Books>,
}

impl Delivery {
    pub(super) fn new(exporter: Exporter, books: Arc<dyn Books>) -> Self {
        Self { exporter, books }
    }

    pub(super) fn books(&self) -> &dyn Books {
        &*self.books
    }

    pub(super) fn destination(&self) -> &str {
        self.exporter.shown()
    }

    /// Whether the process is shutting down.
    pub(super) fn is_hurried(&self) -> bool {
        self.exporter.is_hurried()
    }

    /// Returns the permission for a scheduled export; `None` while the breaker is open.
    pub(super) fn permit(&self) -> Option<Permit<'_, Monotonic>> {
        self.exporter.permit()
    }

    /// Exports a parcel whose items are in flight. It is also sent without a permit; the breaker is then
    /// not informed of the outcome.
    ///
    /// # Errors
    /// Returns the failure as text; the books contain it too.
    pub(super) async fn deliver(
        &self,
        parcel: Parcel,
        permit: Option<Permit<'_, Monotonic>>,
    ) -> Result<(), String> {
        let outcome = self.exporter.export(&parcel, permit).await;
        self.settle(&parcel, outcome)
    }

    /// Accounts for the items, and logs when exporting starts or stops failing.
    fn settle(&self, parcel: &Parcel, outcome: Result<Answer, ExportError>) -> Result<(), String> {
        let n = parcel.items;
        let error = match outcome {
            Ok(answer) => {
                let rejected = answer.rejected.min(n);
                self.books.settle(n - rejected, rejected, Loss::Rejected);
                (rejected > 0)
                    .then(|| format!("the backend rejected {rejected} of {n}: {}", answer.message))
            }
            Err(error) => {
                self.books.settle(0, n, Loss::ExportFailed);
                Some(error.line())
            }
        };
        let turned = self.books.counts().outcome(error.clone());
        let signal = parcel.signal.as_str();
        match &error {
            Some(error) if turned => {
                tracing::warn!(
                    glassbox.telemetry.signal = signal,
                    exception.message = error,
                    "telemetry cannot be delivered"
                );
            }
            None if turned => {
                tracing::info!(
                    glassbox.telemetry.signal = signal,
                    "telemetry is delivered again"
                )
            }
            _ => {}
        }
        error.map_or(Ok(()), Err)
    }
}
