//! Emits test data like an application.

use glassbox_core::telemetry::{Counter, Span};
use glassbox_semconv::glassbox::INTERNAL;
use std::time::{Duration, Instant};

/// The `service.name` of the test data.
pub(super) const SERVICE: &str = "glassbox-doctor";
/// The test metric.
pub(super) const METRIC: &str = "glassbox.doctor.emissions";
static EMISSIONS: Counter = Counter::new(METRIC)
    .with_unit("{emission}")
    .with_description("Test measurements of glassbox doctor.");
/// The target of the log records, for the log filter.
pub(super) const TARGET: &str = "glassbox_doctor";

/// Number of timed emissions per kind.
const TIMED: usize = 25;
/// A slower emission affects the application.
const SLOW: Duration = Duration::from_millis(1);

/// The emitted test data and its cost.
#[derive(Clone, Debug)]
pub(super) struct Emission {
    /// 32 hex digits.
    pub(super) trace_id: String,
    /// The time to emit one span.
    pub(super) span: Duration,
    /// The time to emit one log record.
    pub(super) log: Duration,
    /// The time to emit one measurement.
    pub(super) measurement: Duration,
}

impl Emission {
    /// Emits the test data; `None` if that takes longer than `patience`.
    pub(super) async fn within(patience: Duration) -> Option<Self> {
        // On its own thread, because writing to standard error may block forever.
        let emitted = tokio::task::spawn_blocking(Self::emit);
        tokio::time::timeout(patience, emitted).await.ok()?.ok()
    }

    /// Emits a trace with log records in it, and a metric.
    fn emit() -> Self {
        let root = Span::builder("glassbox doctor")
            .root()
            .attributes(&[(INTERNAL, true.into())])
            .start();
        let entered = root.enter();
        let span = median(|_| drop(Span::start("glassbox doctor emits")));
        let log = median(|n| {
            tracing::info!(
                target: TARGET,
                { glassbox.doctor.event = n },
                "glassbox doctor emits"
            )
        });
        let measurement = median(|_| EMISSIONS.add(1));
        drop(entered);
        let trace_id = format!("{:032x}", root.context().trace_id);
        Self {
            trace_id,
            span,
            log,
            measurement,
        }
    }

    /// The slow kinds, each with its time.
    pub(super) fn slow(&self) -> Vec<(&'static str, Duration)> {
        let kinds = [
            ("a span", self.span),
            ("a log record", self.log),
            ("a measurement", self.measurement),
        ];
        kinds.into_iter().filter(|(_, cost)| *cost > SLOW).collect()
    }
}

/// The median is robust against other load on the machine.
fn median(mut emit: impl FnMut(usize)) -> Duration {
    let mut times: Vec<Duration> = (0..TIMED)
        .map(|n| {
            let start = Instant::now();
            emit(n);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[TIMED / 2]
}
