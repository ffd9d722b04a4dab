//! Virtual clock, OTLP sink and telemetry capture for tests.

mod capture;
mod clock;
#[cfg(feature = "sink")]
mod sink;

pub use capture::{CapturedSpan, TelemetryCapture};
pub use clock::{Sleep, VirtualClock};
#[cfg(feature = "sink")]
pub use sink::{OtlpSink, Received, SinkMode};
