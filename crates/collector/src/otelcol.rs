//! A real OpenTelemetry Collector as a child: found, configured, started, watched, stopped.
//!
//! Applications send to `otelcol`, `otelcol` sends to a private receiver of ours, and that one
//! stores. An application opts in by a [`Shim`]; without one a backend receives by itself.

mod archive;
mod binary;
mod components;
mod health;
mod journal;
mod launch;
mod launcher;
mod losses;
mod plan;
mod process;
mod reload;
mod render;
mod restarts;
mod settings;
mod shim;
mod status;
mod supervisor;

pub(crate) use archive::{Archive, ArchiveBounds, look_after};
pub use binary::BinaryError;
pub(crate) use binary::{Binary, Search, find};
pub(crate) use components::Components;
pub use launch::ConfigurationError;
pub(crate) use launch::{Launch, sentence};
pub(crate) use launcher::Launcher;
pub(crate) use losses::Losses;
pub(crate) use plan::{FOLDER, Plan, folder_in};
pub use reload::{Instead, ReloadError};
pub(crate) use settings::endpoint_fault;
pub use settings::{Otelcol, RemoteHeaders};
pub use shim::Shim;
pub use status::{CollectorMode, CollectorState, CollectorStatus, FoundBy, LastExit};
pub(crate) use supervisor::{Begun, NotBegun, Supervisor};
