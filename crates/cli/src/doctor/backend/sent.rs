//! Whether what was sent is found at the backend: all of it, and once.

use super::{HOP, Known, collector::named};
use crate::{
    backend::Status,
    doctor::{
        emission::{Emission, METRIC},
        finding::Finding,
        target::Signal,
    },
    failure::Failure,
};
use serde_json::{Map, Value};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use tokio::time::{sleep, timeout};

/// The code of what has arrived.
pub(in crate::doctor) const ARRIVED: &str = "arrived";
const PAUSE: Duration = Duration::from_millis(50);
/// How much later a second copy is looked for, where somebody is between who could make one.
const SECOND_COPY: Duration = Duration::from_millis(250);

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::doctor) struct Sent<'a> {
    pub(in crate::doctor) emission: &'a Emission,
    /// `service.instance.id` of it.
    pub(in crate::doctor) instance: &'a str,
    pub(in crate::doctor) signals: &'a [Signal],
    /// Whether it is sent to this backend itself, not to a collector that may hand it on.
    pub(in crate::doctor) is_direct: bool,
    /// Whether somebody said that it is to arrive here.
    pub(in crate::doctor) is_wanted: bool,
}

impl Known {
    /// Looks for what was sent until all of it is there, or the time is over.
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

    /// Takes out of `missing` what has arrived.
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

    /// Whether any span is there more than once.
    async fn copies(&self, sent: &Sent<'_>) -> Option<Finding> {
        if !sent.is_direct {
            sleep(SECOND_COPY).await;
        }
        let spans = self.client.trace(&sent.emission.trace_id).await.ok()?;
        let different: BTreeSet<&str> = spans.iter().map(|span| span.span_id.as_str()).collect();
        if spans.len() == different.len() {
            return None;
        }
        let what = format!(
            "what was sent once is there more than once: {} spans, and {} different ones",
            spans.len(),
            different.len()
        );
        let mend = "see that each pipeline of the collector has one exporter to this backend, that no \
                    second collector hands the same on, and that the application installs telemetry \
                    once";
        Some(Finding::broken(HOP, "duplicated", what, mend))
    }

    /// Taken by somebody who need not hand it on to this backend.
    fn elsewhere(&self) -> Finding {
        let what = format!(
            "what was taken is not at {}, and need not be: telemetry goes to another collector",
            self.page()
        );
        let mend = "name the page of the backend behind that collector with --backend URL";
        Finding::unknown(HOP, "another_backend", what).mend(mend)
    }

    /// Taken at the port, and not here: what is between says why, or the way leads elsewhere.
    async fn lost(&self, missing: &[Signal], sent: &Sent<'_>, patience: Duration) -> Finding {
        let names: Vec<&str> = missing.iter().map(|signal| signal.as_str()).collect();
        let what = format!(
            "lost between collector and backend: {} were taken, and are not at {} after {patience:?}",
            names.join(", "),
            self.page()
        );
        let Ok(now) = self.client.look().await else {
            return failed(&what);
        };
        let refused = refused_since(self.status(), &now);
        let mend = match (now.collector.is_otelcol(), sent.is_direct) {
            (true, true) => format!(
                "see the collector's log for what it does with them ({}, {})",
                named(&now.collector),
                now.collector.state.as_deref().unwrap_or("state unknown")
            ),
            (false, true) => "see the log of the backend".to_owned(),
            (_, false) => format!(
                "see in that collector's configuration that a pipeline for {} exports to {} (OTLP \
                 over HTTP) or {} (gRPC), and in its log whether that fails; or send there at once",
                names.join(", "),
                self.endpoint(false),
                self.endpoint(true)
            ),
        };
        Finding::broken(HOP, "not_arrived", what + &refused, mend)
    }
}

/// What the backend has refused between two looks, by reason.
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
        false => format!("; it has refused meanwhile: {}", reasons.join(", ")),
    }
}

fn failed(what: &str) -> Finding {
    let mend = "see the log of the backend, and start it again";
    Finding::broken(HOP, "backend_failed", what, mend)
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
