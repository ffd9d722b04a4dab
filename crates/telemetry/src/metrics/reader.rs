//! The readers of all metrics.

use crate::{Signal, config::TelemetryConfig};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    metrics::{
        InstrumentKind, ManualReader, Pipeline, Temporality, data::ResourceMetrics,
        reader::MetricReader,
    },
};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};

/// One reader for each destination of metrics, since each keeps its own state for differences. Without
/// a destination there is none, and the SDK's instruments do nothing.
pub(super) fn readers(config: &TelemetryConfig) -> Vec<SharedReader> {
    let otlp = config.exports(Signal::Metrics);
    otlp.then(|| SharedReader::new(config.temporality))
        .into_iter()
        .collect()
}

/// A reader of the SDK, shared by its provider and a [`Collection`](super::Collection).
#[derive(Clone, Debug)]
pub(super) struct SharedReader(Arc<ManualReader>);

impl SharedReader {
    fn new(temporality: crate::Temporality) -> Self {
        let temporality = match temporality {
            crate::Temporality::Cumulative => Temporality::Cumulative,
            crate::Temporality::Delta => Temporality::Delta,
            crate::Temporality::LowMemory => Temporality::LowMemory,
        };
        let reader = ManualReader::builder().with_temporality(temporality);
        Self(Arc::new(reader.build()))
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
