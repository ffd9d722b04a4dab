//! Virtual clock, OTLP sink and telemetry capture for tests.

mod capture;
mod clock;
mod nobody;
#[cfg(feature = "sink")]
mod sink;

pub use capture::{CapturedSpan, TelemetryCapture};
pub use clock::{Sleep, VirtualClock};
pub use nobody::Nobody;
#[cfg(feature = "sink")]
pub use sink::{OtlpSink, Received, SinkMode};
