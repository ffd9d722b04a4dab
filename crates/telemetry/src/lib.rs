//! The OpenTelemetry implementation of the telemetry contract of `glassbox-core`.
//!
//! One line in `main` sends an application's spans, logs and metrics as OTLP; dropping the guard
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
//! | what | how |
//! |---|---|
//! | settings from file and environment | [`TelemetryConfig::from_settings`] |
//! | how the pipeline is | [`TelemetryGuard::health`], or `glassbox_core::telemetry::health()` |
//! | everything delivered before a check | [`TelemetryGuard::flush`] |
//! | an orderly end, with its report | [`TelemetryGuard::shutdown`] |
//! | a subscriber of one's own | [`start`], [`TelemetryGuard::layers`] |
//!
//! Nothing here blocks or fails the application: queues are bounded, a backend that is away, hangs
//! or refuses costs what waits in them, and every loss is counted with its reason. One thread,
//! with a runtime of its own, does all the sending.
//!
//! Features: `grpc`, `gzip`, `zstd`, `tls`, and `tracing-opentelemetry` for the layer of that name
//! in the place of ours.

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
