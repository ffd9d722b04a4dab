//! A real OpenTelemetry Collector as a child process: found, configured, started, watched, reloaded.
//!
//! [`find`] looks for the program of a collector. A [`Launch`] renders its configuration for the components
//! of its distribution, and [`Supervisor::begin`] starts it on the two OTLP [`Ports`] and keeps it running:
//! it is restarted after a crash, and a [`Fallback`] receives in its place once it has crashed too often.
//! It forwards what it receives to a private OTLP/HTTP receiver of the application.
//!
//! A [`Shim`] ensures that the collector ends with this process; `main` must call [`Shim::arm`] first.

mod archive;
mod binary;
mod clock;
mod components;
mod config;
mod health;
mod journal;
mod launch;
mod launcher;
mod losses;
mod plan;
mod port_owner;
mod ports;
mod process;
mod reload;
mod render;
mod restarts;
mod settings;
mod shim;
mod status;
mod supervisor;

pub use archive::{Archive, ArchiveStatus, look_after};
pub use binary::{Binary, BinaryError, FoundBy, NotFound, find};
pub use clock::Clock;
pub use config::CollectorConfig;
pub use launch::{ConfigurationError, Launch};
pub use losses::{Loss, Losses};
pub use plan::{FOLDER, folder_in};
pub use port_owner::PortOwner;
pub use ports::{Fallback, Ports};
pub use reload::{Instead, ReloadError};
pub use settings::{Otelcol, RemoteHeaders};
pub use shim::Shim;
pub use status::{CollectorMode, CollectorState, CollectorStatus, LastExit};
pub use supervisor::{Begun, NotBegun, Supervisor};
