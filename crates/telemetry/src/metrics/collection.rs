//! One collection of all metrics.

use super::Metrics;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    metrics::{
        InstrumentKind, ManualReader, Pipeline, Temporality, data::ResourceMetrics,
        reader::MetricReader,
    },
};
use std::{
    cell::Cell,
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

thread_local! {
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside a collection.
pub(super) fn in_callback() -> bool {
    IN_CALLBACK.get()
}

/// The SDK's reader, held by its provider and by us.
#[derive(Clone, Debug)]
pub(super) struct SharedReader(Arc<ManualReader>);

impl SharedReader {
    pub(super) fn new(reader: ManualReader) -> Self {
        Self(Arc::new(reader))
    }
}

impl MetricReader for SharedReader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, collected: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(collected)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

/// Collects all metrics of the process; the callbacks of observables run in it.
#[derive(Clone)]
pub(crate) struct Collection {
    reader: SharedReader,
    metrics: Arc<Metrics>,
}

impl Collection {
    pub(super) const fn new(reader: SharedReader, metrics: Arc<Metrics>) -> Self {
        Self { reader, metrics }
    }

    /// Collects, blocking for as long as the slowest callback takes.
    ///
    /// # Errors
    /// If the SDK's reader has been shut down.
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
        // Now, so that the values are in the next collection at the latest.
        self.metrics.catch_up();
        outcome.map_err(|error| format!("failed to collect metrics: {error}"))
    }
}

impl fmt::Debug for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collection")
    }
}
