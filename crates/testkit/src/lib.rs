//! Virtual clock, scripted services, OTLP sink and telemetry capture for tests.

mod capture;
mod clock;
mod nobody;
mod services;
#[cfg(feature = "sink")]
mod sink;

pub use capture::{CapturedSpan, TelemetryCapture};
pub use clock::{Sleep, VirtualClock};
pub use nobody::Nobody;
pub use services::Services;
#[cfg(feature = "sink")]
pub use sink::{OtlpSink, Received, SinkMode};
