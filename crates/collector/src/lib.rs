//! The local backend: receives OTLP, stores it, and serves a query API and a page.
//!
//! [`Backend::start`] locks a data folder, binds OTLP/gRPC, OTLP/HTTP and the page on loopback, and
//! serves until [`Backend::shutdown`]. The crate `glassbox-store` keeps requests as received.
//!
//! If the application has a [`Shim`], a real OpenTelemetry Collector can receive instead of the
//! backend and forward to it: [`BackendConfig::supervise`] allows that, and [`Backend::collector`]
//! returns its status. The crate `glassbox-otelcol` runs it.
//!
//! Acknowledged data survives the death of the process at once, and a power cut after at most
//! 200 ms. The backend emits no telemetry about what it receives; it logs only its own state.
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
mod intake;
mod listeners;
mod login;
mod overload;
mod ownership;
mod query;
mod readers;
mod receivers;
mod runtimes;
mod server;
mod start_error;
mod tail;

pub use glassbox_guard::Keys;
pub use glassbox_otelcol::{
    BinaryError, CollectorMode, CollectorState, CollectorStatus, ConfigurationError, FoundBy,
    Instead, LastExit, Otelcol, PortOwner, ReloadError, RemoteHeaders, Shim,
};

pub use backend::{Backend, ShutdownReport};
pub use config::BackendConfig;
pub use endpoints::Endpoints;
pub use glassbox_config::{Listen, ParseListenError};
pub use ownership::{Owner, Ownership, OwnershipError};
pub use start_error::StartError;
