//! A real OpenTelemetry Collector as a child: found, configured, started, watched, stopped.
//!
//! Applications send to `otelcol`, `otelcol` sends to a private receiver of ours, and that one
//! stores. An application opts in by a [`Shim`]; without one a backend receives by itself.

mod components;
mod plan;
mod reload;
mod render;
mod settings;
mod shim;
mod status;

pub(crate) use components::Components;
pub(crate) use plan::Plan;
pub use reload::ReloadError;
pub(crate) use settings::endpoint_fault;
pub use settings::{Otelcol, RemoteHeaders};
pub use shim::Shim;
pub use status::{CollectorMode, CollectorState, CollectorStatus, FoundBy, LastExit};
