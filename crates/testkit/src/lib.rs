//! Virtual clock, OTLP sink and telemetry capture for tests.

mod capture;
mod clock;

pub use capture::{CapturedSpan, TelemetryCapture};
pub use clock::VirtualClock;
