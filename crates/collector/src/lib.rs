//! The local backend: receives OTLP, stores it, answers questions about it and shows it.
//!
//! [`Backend::start`] takes a data folder, binds OTLP/gRPC, OTLP/HTTP and the page on loopback and
//! serves until [`Backend::shutdown`]. What a client sent is kept as it was sent: the store appends
//! the OTLP bytes to segment files and finds them again by an index in memory.
//!
//! Where the application allows it by a [`Shim`], a real OpenTelemetry Collector receives in the
//! backend's place and sends on to it; [`BackendConfig::supervise`] says how that is allowed, and
//! [`Backend::collector`] what came of it.
//!
//! What is acknowledged survives the death of the process at once and a power cut after at most
//! 200 ms. The backend emits no telemetry about what it ingests; its log tells of its own life.
//!
//! ```no_run
//! use std::time::Duration;
//! use glassbox_collector::{Backend, BackendConfig};
//!
//! # async fn run() -> Result<(), glassbox_collector::StartError> {
//! let backend = Backend::start(BackendConfig::default()).await?;
//! for note in backend.notes() {
//!     eprintln!("{note}");
//! }
//! eprintln!("page: {}", backend.endpoints().page());
//! backend.shutdown(Duration::from_secs(5)).await;
//! # Ok(())
//! # }
//! ```

mod api;
mod assets;
mod backend;
mod clock;
mod config;
mod endpoints;
mod guard;
mod intake;
mod listen;
mod listeners;
mod ownership;
mod query;
mod receivers;
mod server;
mod start_error;

pub use glassbox_otelcol::{
    BinaryError, CollectorMode, CollectorState, CollectorStatus, ConfigurationError, FoundBy,
    Instead, LastExit, Otelcol, PortOwner, ReloadError, RemoteHeaders, Shim,
};

pub use backend::{Backend, ShutdownReport};
pub use config::BackendConfig;
pub use endpoints::Endpoints;
pub use listen::{Listen, ParseListenError};
pub use ownership::{Owner, Ownership, OwnershipError};
pub use start_error::StartError;
