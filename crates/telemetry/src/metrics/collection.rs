//! A collection of all metrics.

use super::{Metrics, reader::SharedReader};
use opentelemetry_sdk::metrics::{data::ResourceMetrics, reader::MetricReader};
use std::{cell::Cell, fmt, sync::Arc};

thread_local! {
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is collecting.
pub(super) fn in_callback() -> bool {
    IN_CALLBACK.get()
}

/// Collects all metrics of the process for one reader; the callbacks of observables run in it.
#[derive(Clone)]
pub(crate) struct Collection {
    reader: SharedReader,
    metrics: Arc<Metrics>,
}

impl Collection {
    pub(super) const fn new(reader: SharedReader, metrics: Arc<Metrics>) -> Self {
        Self { reader, metrics }
    }

    /// Collects. Blocks until all callbacks have returned.
    ///
    /// # Errors
    /// Fails if the SDK's reader has been shut down.
    pub(crate) fn collect(&self, into: &mut ResourceMetrics) -> Result<(), String> {
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                IN_CALLBACK.set(false);
            }
        }
        self.metrics.catch_up();
        let outcome = {
            IN_CALLBACK.set(true);
            let _leave = Leave;
            self.reader.collect(into)
        };
        // At once, so that the values are part of the next collection.
        self.metrics.catch_up();
        outcome.map_err(|error| format!("failed to collect metrics: {error}"))
    }
}

impl fmt::Debug for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collection")
    }
}
