//! What an application does: emits, here to be found again at the other end.

use glassbox_core::telemetry::{Counter, Span};
use std::time::{Duration, Instant};

/// `service.name` of what is sent.
pub(super) const SERVICE: &str = "glassbox-doctor";
/// The metric that is sent.
pub(super) const METRIC: &str = "glassbox.doctor.emissions";
static EMISSIONS: Counter = Counter::new(METRIC)
    .with_unit("{emission}")
    .with_description("Measurements that glassbox doctor made of itself.");
/// The target of the log records, so that the filter lets them through.
pub(super) const TARGET: &str = "glassbox_doctor";

/// Emissions of each kind that are timed.
const TIMED: usize = 25;
/// An emission that takes longer is felt by the application.
const SLOW: Duration = Duration::from_millis(1);

/// What was emitted.
#[derive(Clone, Debug)]
pub(super) struct Emission {
    /// 32 hex digits.
    pub(super) trace_id: String,
    /// What one span costs the application.
    pub(super) span: Duration,
    /// What one log record costs the application.
    pub(super) log: Duration,
    /// What one measurement costs the application.
    pub(super) measurement: Duration,
}

impl Emission {
    /// Emits, as an application does; `None` if that has not come back when the time is over.
    pub(super) async fn within(patience: Duration) -> Option<Self> {
        // On a thread of its own: whoever reads standard error may hold it up for ever.
        let emitted = tokio::task::spawn_blocking(Self::emit);
        tokio::time::timeout(patience, emitted).await.ok()?.ok()
    }

    /// Emits a trace with log records in it, and a metric.
    fn emit() -> Self {
        let root = Span::builder("glassbox doctor").root().start();
        let entered = root.enter();
        let span = median(|_| drop(Span::start("glassbox doctor emits")));
        let log = median(|n| tracing::info!(target: TARGET, n, "glassbox doctor emits"));
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

    /// The kinds that are slow, each with its time.
    pub(super) fn slow(&self) -> Vec<(&'static str, Duration)> {
        let kinds = [
            ("a span", self.span),
            ("a log record", self.log),
            ("a measurement", self.measurement),
        ];
        kinds.into_iter().filter(|(_, cost)| *cost > SLOW).collect()
    }
}

/// Half of them are not slower: what the machine does meanwhile counts little.
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
