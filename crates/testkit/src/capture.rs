//! Telemetry kept in memory for assertions.

mod recorder;
mod span;

pub use span::CapturedSpan;

use glassbox_core::telemetry::{self, Descriptor};
use recorder::{Measurement, Recorder};
use std::sync::{Arc, OnceLock};

/// Everything that this process emits through `glassbox_core::telemetry`, for assertions.
///
/// Telemetry is process-global, so there is one capture per test process: every
/// [`install`](Self::install) returns a handle to the same one. Tests that run in parallel separate their
/// own emissions by trace id, by label or by name.
///
/// Labels are compared as text, and a query returns the series that have *at least* the given labels:
/// `&[]` matches every series of that name.
///
/// ```
/// use glassbox_core::counter;
/// use glassbox_testkit::TelemetryCapture;
///
/// let capture = TelemetryCapture::install();
/// counter!("doc.requests", "route" => "/x", "cached" => true).add(2);
/// assert_eq!(capture.counter("doc.requests", &[("route", "/x")]), 2);
/// assert_eq!(capture.counter("doc.requests", &[("cached", "false")]), 0);
/// ```
#[derive(Clone, Debug)]
pub struct TelemetryCapture(Arc<Recorder>);

impl TelemetryCapture {
    /// Installs the capture, or returns the installed one.
    ///
    /// # Panics
    /// If telemetry other than a capture is installed in this process.
    pub fn install() -> Self {
        static SHARED: OnceLock<TelemetryCapture> = OnceLock::new();
        SHARED
            .get_or_init(|| {
                let recorder = Arc::new(Recorder::default());
                telemetry::install(Arc::clone(&recorder))
                    .expect("a test process has no telemetry but the capture");
                Self(recorder)
            })
            .clone()
    }

    /// The sum of a counter over all series that have `labels`.
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        self.measured(name, labels, |measurement| match measurement {
            Measurement::Add(n) => Some(n),
            _ => None,
        })
        .sum()
    }

    /// The sum of a counter of fractions over all series that have `labels`.
    pub fn float_counter(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.measured(name, labels, |measurement| match measurement {
            Measurement::AddFloat(n) => Some(n),
            _ => None,
        })
        .sum()
    }

    /// The sum of an up-down counter over all series that have `labels`.
    pub fn up_down_counter(&self, name: &str, labels: &[(&str, &str)]) -> i64 {
        self.measured(name, labels, |measurement| match measurement {
            Measurement::AddSigned(n) => Some(n),
            _ => None,
        })
        .sum()
    }

    /// The last value of a gauge among the series that have `labels`; `None` if it was never set.
    pub fn gauge(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.measured(name, labels, |measurement| match measurement {
            Measurement::Set(value) => Some(value),
            _ => None,
        })
        .last()
    }

    /// The values recorded into a histogram by the series that have `labels`, in order.
    pub fn histogram(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        self.measured(name, labels, |measurement| match measurement {
            Measurement::Record(value) => Some(value),
            _ => None,
        })
        .collect()
    }

    /// The current values of the observable instruments of this name, for the series that have `labels`.
    pub fn observe(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        self.0.observe(name, labels)
    }

    /// The label sets used with the instruments of this name, each once, in order of
    /// first use; keys in the order in which the instrument declares them.
    pub fn series(&self, name: &str) -> Vec<Vec<(String, String)>> {
        self.0.series(name)
    }

    /// The descriptor of the instrument of this name; `None` if it was never used.
    pub fn descriptor(&self, name: &str) -> Option<Descriptor> {
        self.0.descriptor(name)
    }

    /// The spans that ended, in that order.
    pub fn spans(&self) -> Vec<CapturedSpan> {
        self.0.spans()
    }

    /// The spans of this name that ended, in that order.
    pub fn spans_named(&self, name: &str) -> Vec<CapturedSpan> {
        let mut spans = self.spans();
        spans.retain(|span| span.name() == name);
        spans
    }

    /// The spans of one trace that ended, in that order.
    pub fn trace(&self, trace_id: u128) -> Vec<CapturedSpan> {
        let mut spans = self.spans();
        spans.retain(|span| span.context().trace_id == trace_id);
        spans
    }

    /// Removes everything emitted so far, also by other tests of the process. Ids stay valid.
    pub fn clear(&self) {
        self.0.clear();
    }

    fn measured<T>(
        &self,
        name: &str,
        labels: &[(&str, &str)],
        wanted: impl Fn(Measurement) -> Option<T>,
    ) -> impl Iterator<Item = T> {
        self.0
            .measurements(name, labels)
            .into_iter()
            .filter_map(wanted)
    }
}

#[cfg(test)]
mod tests;
