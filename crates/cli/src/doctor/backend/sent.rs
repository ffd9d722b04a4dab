//! Checks that the test data arrives at the backend, completely and once.

use super::{HOP, Known, collector::named};
use crate::{
    backend::Status,
    doctor::{
        emission::{Emission, METRIC},
        finding::Finding,
    },
    failure::Failure,
    signal::Signal,
};
use serde_json::{Map, Value};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use tokio::time::{sleep, timeout};

/// The code for data that arrived.
pub(in crate::doctor) const ARRIVED: &str = "arrived";
const PAUSE: Duration = Duration::from_millis(50);
/// Delay before looking for duplicates, if a collector in between could create them.
const SECOND_COPY: Duration = Duration::from_millis(250);

/// The test data.
#[derive(Clone, Copy, Debug)]
pub(in crate::doctor) struct Sent<'a> {
    pub(in crate::doctor) emission: &'a Emission,
    /// Its `service.instance.id`.
    pub(in crate::doctor) instance: &'a str,
    pub(in crate::doctor) signals: &'a [Signal],
    /// Whether it is sent directly to this backend.
    pub(in crate::doctor) is_direct: bool,
    /// Whether the user named this backend as the destination.
    pub(in crate::doctor) is_wanted: bool,
}

impl Known {
    /// Polls until all test data has arrived, or for at most `patience`.
    pub(in crate::doctor) async fn await_arrival(
        &self,
        sent: &Sent<'_>,
        patience: Duration,
    ) -> Vec<Finding> {
        let start = Instant::now();
        let mut missing = sent.signals.to_vec();
        loop {
            let looking = self.still_missing(&mut missing, sent);
            let left = patience.saturating_sub(start.elapsed());
            match timeout(left, looking).await {
                Ok(Ok(())) if missing.is_empty() => break,
                Ok(Ok(())) if left > PAUSE => sleep(PAUSE).await,
                Ok(Ok(())) | Err(_) => break,
                Ok(Err(failure)) => return vec![failed(&failure.to_string())],
            }
        }
        let took = start.elapsed();
        let has_arrived = |signal: &&Signal| !missing.contains(signal);
        let arrived: Vec<Signal> = sent.signals.iter().filter(has_arrived).copied().collect();
        if arrived.is_empty() && !sent.is_direct && !sent.is_wanted {
            return vec![self.elsewhere()];
        }
        let mut findings = Vec::new();
        if !arrived.is_empty() {
            findings.push(found(&arrived, sent, took));
        }
        if !missing.is_empty() {
            findings.push(self.lost(&missing, sent, patience).await);
        }
        if arrived.contains(&Signal::Traces) {
            findings.extend(self.copies(sent).await);
        }
        findings
    }

    /// Removes signals from `missing` that have arrived.
    async fn still_missing(
        &self,
        missing: &mut Vec<Signal>,
        sent: &Sent<'_>,
    ) -> Result<(), Failure> {
        for signal in missing.clone() {
            if self.has(signal, sent).await? {
                missing.retain(|other| *other != signal);
            }
        }
        Ok(())
    }

    async fn has(&self, signal: Signal, sent: &Sent<'_>) -> Result<bool, Failure> {
        let trace_id = &sent.emission.trace_id;
        Ok(match signal {
            Signal::Traces => !self.client.trace(trace_id).await?.is_empty(),
            Signal::Logs => self.client.logs(trace_id).await? > 0,
            Signal::Metrics => {
                let metric = self.client.metric(METRIC).await?;
                let ours = |instance: Option<&str>| instance == Some(sent.instance);
                metric
                    .series
                    .iter()
                    .any(|series| ours(series.instance.as_deref()))
            }
        })
    }

    /// Looks for duplicated spans.
    async fn copies(&self, sent: &Sent<'_>) -> Option<Finding> {
        if !sent.is_direct {
            sleep(SECOND_COPY).await;
        }
        let trace = self
            .client
            .whole_trace(&sent.emission.trace_id)
            .await
            .ok()?;
        let spans = trace.spans.iter();
        let different: BTreeSet<&str> = spans.map(|span| span.span_id.as_str()).collect();
        let repeated = trace.summary.map_or(0, |sum| sum.repeated);
        let all = trace.spans.len() as u64 + repeated;
        if all == different.len() as u64 {
            return None;
        }
        let what = format!(
            "telemetry is duplicated: the trace has {all} spans, but only {} distinct ones",
            different.len()
        );
        let fix = "check that each pipeline of the collector has one exporter to this backend, that no \
                    second collector forwards the same data, and that the application installs \
                    telemetry once";
        Some(Finding::broken(HOP, "duplicated", what, fix))
    }

    /// The finding for data accepted by a collector that may not forward to this backend.
    fn elsewhere(&self) -> Finding {
        let what = format!(
            "the test data is not at {}: telemetry goes to another collector, which may not forward it there",
            self.page()
        );
        let fix = "pass the page of the backend behind that collector with --backend URL";
        Finding::unknown(HOP, "another_backend", what).fix(fix)
    }

    /// The finding for data that was accepted but did not arrive.
    async fn lost(&self, missing: &[Signal], sent: &Sent<'_>, patience: Duration) -> Finding {
        let names: Vec<&str> = missing.iter().map(|signal| signal.as_str()).collect();
        let what = format!(
            "lost between collector and backend: {} were accepted, but are not at {} after {patience:?}",
            names.join(", "),
            self.page()
        );
        let Ok(now) = self.client.look().await else {
            return failed(&what);
        };
        let refused = refused_since(self.status(), &now);
        let fix = match (now.collector.is_otelcol(), sent.is_direct) {
            (true, true) => format!(
                "check the collector's log for what happens to them ({}, {})",
                named(&now.collector),
                now.collector.state.as_deref().unwrap_or("state unknown")
            ),
            (false, true) => "check the log of the backend".to_owned(),
            (_, false) => format!(
                "check that the collector has a pipeline for {} that exports to {} (OTLP over HTTP) \
                 or {} (gRPC), and check its log for errors; or send directly to the backend",
                names.join(", "),
                self.endpoint(false),
                self.endpoint(true)
            ),
        };
        Finding::broken(HOP, "not_arrived", what + &refused, fix)
    }
}

/// What the backend has refused between two statuses, by reason.
fn refused_since(before: &Status, now: &Status) -> String {
    let counts = |was: &Map<String, Value>, is: &Map<String, Value>| -> Vec<String> {
        let count = |of: &Map<String, Value>, key: &str| of.get(key).and_then(Value::as_u64);
        is.keys()
            .filter_map(|reason| {
                let more = count(is, reason)?.saturating_sub(count(was, reason).unwrap_or(0));
                (more > 0).then(|| format!("{reason} {more}"))
            })
            .collect()
    };
    let mut reasons = counts(&before.refused, &now.refused);
    reasons.extend(counts(&before.rejected, &now.rejected));
    match reasons.is_empty() {
        true => String::new(),
        false => format!("; in the meantime it refused: {}", reasons.join(", ")),
    }
}

fn failed(what: &str) -> Finding {
    let fix = "check the log of the backend, and restart it";
    Finding::broken(HOP, "backend_failed", what, fix)
}

fn found(arrived: &[Signal], sent: &Sent<'_>, after: Duration) -> Finding {
    let parts: Vec<String> = arrived
        .iter()
        .map(|signal| match signal {
            Signal::Traces => format!("the trace {}", sent.emission.trace_id),
            Signal::Logs => "its log records".to_owned(),
            Signal::Metrics => format!("the metric {METRIC}"),
        })
        .collect();
    let what = format!(
        "arrived within {} ms: {}",
        after.as_millis(),
        parts.join(", ")
    );
    Finding {
        code: ARRIVED,
        ..Finding::well(HOP, what)
    }
}
