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
/// [`install`](Self::install) gives a handle to the same one. Tests that run in parallel tell their
/// own emissions apart by trace id, by label or by name.
///
/// Labels are compared as text, and a query gives the series that carry *at least* the labels asked
/// for: `&[]` means every series of that name.
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
    /// Installs the capture, or joins the one that is installed.
    ///
    /// # Panics
    /// If other telemetry than a capture is installed in this process.
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

    /// What was added to the counter, over all series that carry `labels`.
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        self.measured(name, labels, |measurement| match measurement {
            Measurement::Add(n) => Some(n),
            _ => None,
        })
        .sum()
    }

    /// What was added to the counter of fractions, over all series that carry `labels`.
    pub fn float_counter(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.measured(name, labels, |measurement| match measurement {
            Measurement::AddFloat(n) => Some(n),
            _ => None,
        })
        .sum()
    }

    /// Where the up-down counter stands, over all series that carry `labels`.
    pub fn up_down_counter(&self, name: &str, labels: &[(&str, &str)]) -> i64 {
        self.measured(name, labels, |measurement| match measurement {
            Measurement::AddSigned(n) => Some(n),
            _ => None,
        })
        .sum()
    }

    /// What the gauge was last set to among the series that carry `labels`; `None` if it never was.
    pub fn gauge(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.measured(name, labels, |measurement| match measurement {
            Measurement::Set(value) => Some(value),
            _ => None,
        })
        .last()
    }

    /// What was recorded into the histogram by the series that carry `labels`, in order.
    pub fn histogram(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        self.measured(name, labels, |measurement| match measurement {
            Measurement::Record(value) => Some(value),
            _ => None,
        })
        .collect()
    }

    /// What the observable instruments of this name report now, for the series that carry `labels`.
    pub fn observe(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        self.0.observe(name, labels)
    }

    /// The label sets that the instruments of this name were used with, each once, in order of
    /// first use; keys in the order in which the instrument declares them.
    pub fn series(&self, name: &str) -> Vec<Vec<(String, String)>> {
        self.0.series(name)
    }

    /// How the instrument of this name was described; `None` if it was never used.
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

    /// Forgets what was emitted so far, also by other tests of the process; ids stay valid.
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
