//! Level 2: one call per operation.

use super::{Counter, Descriptor, Histogram, Kind, Span, SpanName, Value, installed};
use std::time::Duration;

/// Bounds from a millisecond to a minute, in seconds.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// The histogram of [`record_latency`] and [`time`].
pub const OPERATION_DURATION: Descriptor =
    Descriptor::new("operation.duration", Kind::Histogram(SECONDS))
        .with_unit("s")
        .with_description("How long an operation took.")
        .with_keys(&["operation.name"]);

/// The counter of [`record_error`].
pub const OPERATION_ERRORS: Descriptor = Descriptor::new("operation.errors", Kind::Counter)
    .with_unit("{error}")
    .with_description("How often an operation failed, by error.type.")
    .with_keys(&["operation.name", "error.type"]);

static DURATION: Histogram = Histogram::of(&OPERATION_DURATION);
static ERRORS: Counter = Counter::of(&OPERATION_ERRORS);

/// Records how long `operation` took, in `operation.duration` (s).
pub fn record_latency(operation: &str, took: Duration) {
    DURATION.record_with(took.as_secs_f64(), &[Value::Str(operation)]);
}

/// Counts a failure of `operation` in `operation.errors`. `error_type` has a low cardinality: a code or
/// a category, never a message.
pub fn record_error(operation: &str, error_type: &str) {
    ERRORS.add_with(1, &[Value::Str(operation), Value::Str(error_type)]);
}

/// Measures `operation` until the timer is dropped.
pub fn time(operation: &'static str) -> Timer {
    Timer {
        operation,
        start: installed().map(|telemetry| telemetry.now()),
    }
}

/// Runs `operation` in a new span, which is passed to it.
pub fn in_span<'a, T>(name: impl Into<SpanName<'a>>, operation: impl FnOnce(&mut Span) -> T) -> T {
    let mut span = Span::start(name);
    // Declared after the span, so it is dropped before the span ends, also during a panic.
    let _entered = span.enter_detached();
    operation(&mut span)
}

/// Records the time from its creation to its drop in `operation.duration`.
#[derive(Debug)]
#[must_use = "a timer measures until it is dropped"]
pub struct Timer {
    operation: &'static str,
    start: Option<u64>,
}

impl Drop for Timer {
    fn drop(&mut self) {
        // A timer that was created before installation has no start, and records nothing.
        if let (Some(start), Some(telemetry)) = (self.start, installed()) {
            let took = telemetry.now().saturating_sub(start);
            record_latency(self.operation, Duration::from_nanos(took));
        }
    }
}
