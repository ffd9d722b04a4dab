//! Compares what was emitted with what the collectors have and what the application counts as lost.

use super::received::Received;
use crate::collector::{Collector, Signal};
use serde_json::Value;

/// The application's own report, and what the collectors have.
pub(super) struct Books<'a> {
    /// Jobs emitted: each is a span, a log record and an addition to the counter.
    emitted: u64,
    report: &'a Value,
    collectors: &'a [&'a Collector],
    /// Requests of a signal whose outcome is uncertain.
    unsure: Unsure,
}

/// If a collector ends or freezes while it handles a request, the sender cannot know whether the request
/// was written. No protocol solves this unless the receiver remembers what it wrote. The counts may
/// differ by this much, and no more.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unsure {
    /// Items of each signal that are counted as lost but may have been written.
    late: Late,
    /// Requests of each signal that may have been written, were not acknowledged, and were sent again.
    again: u64,
}

/// See [`Unsure`].
#[derive(Clone, Copy, Debug, Default)]
enum Late {
    #[default]
    None,
    /// This many requests of data points, which are sent at intervals, and none of spans
    /// and records, because the suite ensures that none are in flight.
    Points(u64),
    /// This many requests of each signal.
    Requests(u64),
    /// Everything that is counted as `export_failed`.
    GivenUp,
}

impl<'a> Books<'a> {
    /// Creates the books of one application.
    pub(super) const fn of(
        emitted: u64,
        report: &'a Value,
        collectors: &'a [&'a Collector],
    ) -> Self {
        let unsure = Unsure {
            late: Late::None,
            again: 0,
        };
        Self {
            emitted,
            report,
            collectors,
            unsure,
        }
    }

    /// Allows this many requests of each signal to be written twice.
    pub(super) const fn with_doubles(mut self, requests: u64) -> Self {
        self.unsure.again = requests;
        self
    }

    /// Allows this many requests of data points to be written although they count as lost.
    pub(super) const fn with_late_points(mut self, requests: u64) -> Self {
        self.unsure.late = Late::Points(requests);
        self
    }

    /// Allows this many requests of each signal to be written although they count as lost.
    pub(super) const fn with_late_requests(mut self, requests: u64) -> Self {
        self.unsure.late = Late::Requests(requests);
        self
    }

    /// Allows everything that was given up to be written.
    pub(super) const fn with_late_losses(mut self) -> Self {
        self.unsure.late = Late::GivenUp;
        self
    }

    /// Asserts that the books balance: every emitted item is delivered or lost for one reason; everything
    /// delivered is there; and everything there is delivered, except for the uncertain requests.
    pub(super) fn balance(&self) {
        for signal in [Signal::Traces, Signal::Logs, Signal::Metrics] {
            let counted = &self.report[signal.as_str()];
            let count = |key: &str| counted[key].as_u64().unwrap();
            let (emitted, delivered) = (count("emitted"), count("delivered"));
            let dropped = counted["dropped"].as_object().unwrap().values();
            let dropped: u64 = dropped.map(|count| count.as_u64().unwrap()).sum();
            let received = Received::read(self.collectors, signal);
            let said = format!(
                "{}: {counted}, {} there, {} doubled",
                signal.as_str(),
                received.distinct(),
                received.doubled
            );
            if !matches!(signal, Signal::Metrics) {
                assert_eq!(emitted, self.emitted, "every call counts; {said}");
            }
            assert_eq!(emitted, delivered + dropped, "{said}");
            let late = match (self.unsure.late, signal) {
                (Late::Points(requests), Signal::Metrics) | (Late::Requests(requests), _) => {
                    requests * received.largest
                }
                (Late::None | Late::Points(_), _) => 0,
                (Late::GivenUp, _) => counted["dropped"]["export_failed"].as_u64().unwrap_or(0),
            };
            assert!(
                received.distinct() >= delivered,
                "acknowledged and not there; {said}"
            );
            assert!(
                received.distinct() <= delivered + late,
                "there and counted as lost; {said}"
            );
            let again = self.unsure.again * received.largest;
            assert!(received.doubled <= again, "sent twice; {said}");
        }
    }

    /// Asserts that the counter of jobs has reached its total, because an outage must not lose totals.
    pub(super) fn counter_is_whole(&self) {
        let received = Received::read(self.collectors, Signal::Metrics);
        assert_eq!(received.counted(), self.emitted, "{}", self.report);
    }
}
