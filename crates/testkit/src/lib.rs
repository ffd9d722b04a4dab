//! Virtual clock, scripted services and model server, OTLP sink and telemetry capture for tests.

mod capture;
mod clock;
#[cfg(feature = "model")]
mod model_server;
mod nobody;
mod services;
#[cfg(feature = "sink")]
mod sink;

pub use capture::{CapturedSpan, TelemetryCapture};
pub use clock::{Sleep, VirtualClock};
#[cfg(feature = "model")]
pub use model_server::{ModelReply, ModelRequest, ModelServer};
pub use nobody::Nobody;
pub use services::Services;
#[cfg(feature = "sink")]
pub use sink::{OtlpSink, Received, SinkMode};
