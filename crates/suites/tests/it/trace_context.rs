//! Propagation of trace contexts through a service, with telemetry and without.

mod official;
mod service;
mod variations;
mod wire;
