//! The OpenTelemetry implementation of the telemetry contract of `glassbox-core`.
//!
//! One line in `main` sends an application's spans, logs and metrics as OTLP. Dropping the guard
//! flushes:
//!
//! ```
//! use glassbox_telemetry::TelemetryConfig;
//! # let backend = "http://127.0.0.1:9";
//!
//! #[tracing::instrument]
//! fn forecast(city: &str) -> u32 {
//!     tracing::info!("looking at the sky");
//!     glassbox_core::counter!("forecasts", "city" => city).add(1);
//!     21
//! }
//!
//! let _telemetry = glassbox_telemetry::init(
//!     TelemetryConfig::new("weather").with_endpoint(backend),
//! )?;
//! forecast("Oslo");
//! # Ok::<(), glassbox_telemetry::InitError>(())
//! ```
//!
//! | purpose | API |
//! |---|---|
//! | settings from file and environment | [`TelemetryConfig::from_settings`] |
//! | state of the pipeline | [`TelemetryGuard::health`], or `glassbox_core::telemetry::health()` |
//! | deliver everything now | [`TelemetryGuard::flush`] |
//! | shut down, with a report | [`TelemetryGuard::shutdown`] |
//! | your own subscriber | [`start`], [`TelemetryGuard::layers`] |
//!
//! Telemetry neither blocks the application nor makes it fail. Queues are bounded; if the backend is
//! unavailable, hangs or rejects requests, telemetry is lost, and every loss is counted with its reason.
//! One thread, with its own runtime, does all the sending.
//!
//! Features: `grpc`, `gzip`, `zstd`, `tls`, and `tracing-opentelemetry`, which offers the layer of that
//! crate in place of our own.

// Vocabulary: an item is a span, a log record or a data point. Items enter through the `Intake`, wait in a
// `Queue`, and leave as an encoded `Parcel` through an `Outlet`. The `Books` of a signal account for each
// of them. Details are in `pipeline.rs`.
mod bridge;
mod clock;
mod config;
mod error;
mod export;
mod guard;
mod init;
mod metrics;
mod otel;
mod parcel;
mod pipeline;
mod propagation;
mod report;
mod resource;
mod scope;
mod signal;
mod spans;

pub use bridge::Layers;
pub use config::{
    Compression, Console, Exporter, Kubernetes, Protocol, Sampler, SignalConfig, TelemetryConfig,
    Temporality, TracingLayer, UnknownChoice,
};
pub use error::InitError;
pub use guard::TelemetryGuard;
pub use init::{init, start};
pub use pipeline::FlushError;
pub use report::{ShutdownReport, SignalReport};

use signal::Signal;
