//! What has come from applications, as the backend sees it: nothing, no metrics yet, too many
//! series, an open breaker.

use super::{
    backend::{Known, age},
    emission::SERVICE,
    finding::{Finding, Hop},
};
use crate::{
    backend::{Metric, Metrics, Series, Traces},
    elapsed,
    failure::Failure,
};
use glassbox_semconv::glassbox::{BREAKER_REJECTIONS, BREAKER_STATE, DEPENDENCY};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

const HOP: Hop = Hop::Arrivals;
/// How far back is looked.
const RECENT: &str = "1h";
/// The most metrics that are looked into.
const METRICS: &str = "500";
/// The most points of one metric that are looked at.
const POINTS: &str = "5000";
/// The attribute of the series that takes what is over the limit.
const OVERFLOW: &str = "otel.metric.overflow";
/// A breaker that refuses calls within this time is open now, or was a moment ago.
const OPEN: &str = "5m";

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// The service that somebody misses something of.
    pub(super) service: Option<&'a str>,
    /// How often it sends metrics.
    pub(super) metric_interval: Duration,
}

/// Looks at what applications have sent of late.
pub(super) async fn look(
    known: &Known,
    question: Question<'_>,
    patience: Duration,
) -> Vec<Finding> {
    let why = match tokio::time::timeout(patience, walk(known, question)).await {
        Ok(Ok(findings)) => return findings,
        Ok(Err(failure)) => failure.to_string(),
        Err(_) => format!("the backend has not answered all questions within {patience:?}"),
    };
    let mend = "look again with a longer --timeout; if that is no help, see the log of the backend";
    vec![Finding::unknown(HOP, "backend_failed", why).mend(mend)]
}

async fn walk(known: &Known, question: Question<'_>) -> Result<Vec<Finding>, Failure> {
    let mut findings = match question.service {
        Some(service) => of_service(known, service, question.metric_interval).await?,
        None => vec![of_all(known).await?],
    };
    let parameters = [
        ("since", RECENT),
        ("limit", METRICS),
        ("service", question.service.unwrap_or_default()),
    ];
    let metrics: Metrics = known.client.query("/api/otel/metrics", &parameters).await?;
    for metric in &metrics.metrics {
        findings.extend(overflow(known, &metric.name, question.service).await?);
    }
    findings.extend(open_breakers(known, question.service).await?);
    Ok(findings)
}

/// Which services there are at all.
async fn of_all(known: &Known) -> Result<Finding, Failure> {
    let traces: Traces = known
        .client
        .query("/api/otel/traces", &[("since", RECENT), ("limit", "1000")])
        .await?;
    let services: BTreeSet<&str> = traces
        .traces
        .iter()
        .flat_map(|trace| &trace.services)
        .map(|share| share.name.as_str())
        .filter(|name| *name != SERVICE)
        .collect();
    if services.is_empty() {
        let what = "no application has sent a trace within the last hour";
        let mend = "if one should have, run 'glassbox doctor --service NAME' where it runs, with its \
                    environment";
        return Ok(Finding::note(HOP, "no_application", what).mend(mend));
    }
    let services: Vec<&str> = services.into_iter().collect();
    let what = format!("traces within the last hour: {}", services.join(", "));
    Ok(Finding::well(HOP, what))
}

/// Whether anything of one service is there, and what is missing.
async fn of_service(
    known: &Known,
    service: &str,
    metric_interval: Duration,
) -> Result<Vec<Finding>, Failure> {
    let client = &known.client;
    let recent = [("service", service), ("since", RECENT), ("limit", "1000")];
    let traces: Traces = client.query("/api/otel/traces", &recent).await?;
    let metrics: Metrics = client.query("/api/otel/metrics", &recent).await?;
    let of_logs = [("service", service), ("since", RECENT), ("limit", "1")];
    let logs: crate::backend::Logs = client.query("/api/otel/logs", &of_logs).await?;
    if traces.traces.is_empty() && metrics.metrics.is_empty() && logs.total == 0 {
        let what =
            format!("nothing of {service} has arrived within the last hour, and the way is open");
        let mend = "if it runs, it has no telemetry installed, or another environment than this one: \
                    call glassbox_telemetry::init first thing in its main, hold the guard to the end, \
                    and run the doctor with its environment";
        return Ok(vec![Finding::broken(HOP, "silent_service", what, mend)]);
    }
    let what = format!(
        "of {service} within the last hour: traces {}, metrics {}, log records {}",
        traces.traces.len(),
        metrics.metrics.len(),
        logs.total
    );
    let mut findings = vec![Finding::well(HOP, what)];
    if traces.traces.is_empty() {
        let what = format!("no traces of {service}, though it sends");
        let mend = "see that it was asked anything, that OTEL_TRACES_SAMPLER keeps some where it runs, \
                    and that OTEL_TRACES_EXPORTER is not none there";
        findings.push(Finding::note(HOP, "no_traces", what).mend(mend));
    }
    if metrics.metrics.is_empty() {
        let first = traces
            .traces
            .iter()
            .map(|trace| trace.start_unix_nano)
            .min();
        let running = first.and_then(age).unwrap_or_default();
        findings.push(no_metrics(service, running, metric_interval));
    }
    Ok(findings)
}

fn no_metrics(service: &str, running: Duration, interval: Duration) -> Finding {
    if running <= interval {
        let what = format!(
            "no metrics of {service} yet: they are collected every {interval:?}, and its first span is \
             {} old",
            elapsed::age(running)
        );
        let mend = "wait, or set OTEL_METRIC_EXPORT_INTERVAL to 5000 (milliseconds)";
        return Finding::note(HOP, "no_metrics_yet", what).mend(mend);
    }
    let what = format!(
        "no metrics of {service}, {} after its first span: they are collected every {interval:?}",
        elapsed::age(running)
    );
    let mend = "see that OTEL_METRICS_EXPORTER is not none where it runs, and that it lives longer than \
                one interval or ends with TelemetryGuard::shutdown";
    Finding::broken(HOP, "no_metrics", what, mend)
}

/// A metric with more combinations of labels than are kept apart.
async fn overflow(
    known: &Known,
    metric: &str,
    service: Option<&str>,
) -> Result<Vec<Finding>, Failure> {
    let parameters = |query| {
        [
            ("name", metric),
            ("since", RECENT),
            ("limit", POINTS),
            ("service", service.unwrap_or_default()),
            ("query", query),
        ]
    };
    let over: Metric = known
        .client
        .query("/api/otel/metrics", &parameters(OVERFLOW))
        .await?;
    let services: BTreeSet<&str> = over
        .series
        .iter()
        .filter(|series| series.attributes.get(OVERFLOW) == Some(&Value::Bool(true)))
        .map(|series| series.service.as_str())
        .collect();
    if services.is_empty() {
        return Ok(Vec::new());
    }
    let all: Metric = known
        .client
        .query("/api/otel/metrics", &parameters(""))
        .await?;
    let findings = services.into_iter().map(|service| {
        let of_service = |series: &&Series| series.service == service;
        let series: Vec<&Series> = all.series.iter().filter(of_service).collect();
        let (blame, mend) = match widest(&series) {
            Some((label, values)) => (
                format!("; '{label}' alone has {values} values"),
                format!("take '{label}' off the metric (a span may have it)"),
            ),
            None => (String::new(), "take labels with many values off the metric".to_owned()),
        };
        let what = format!(
            "{metric} of {service} has more combinations of labels than are kept apart ({} series); the \
             rest is summed up as {OVERFLOW}{blame}",
            series.len()
        );
        let mend = format!("{mend}, or raise telemetry.cardinality_limit");
        Finding::broken(HOP, "cardinality", what, mend)
    });
    Ok(findings.collect())
}

/// The label with the most values.
fn widest<'a>(series: &[&'a Series]) -> Option<(&'a str, usize)> {
    let mut values: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (label, value) in series.iter().flat_map(|series| &series.attributes) {
        if label != OVERFLOW {
            values.entry(label).or_default().insert(value.to_string());
        }
    }
    let widest = values.into_iter().max_by_key(|(_, values)| values.len())?;
    Some((widest.0, widest.1.len()))
}

/// Breakers between an application and what it calls that let nothing through.
async fn open_breakers(known: &Known, service: Option<&str>) -> Result<Vec<Finding>, Failure> {
    let mut open = BTreeSet::new();
    for metric in [BREAKER_STATE.name, BREAKER_REJECTIONS.name] {
        let parameters = [
            ("name", metric),
            ("since", OPEN),
            ("limit", POINTS),
            ("service", service.unwrap_or_default()),
        ];
        let found: Metric = known.client.query("/api/otel/metrics", &parameters).await?;
        let is_open = match metric == BREAKER_STATE.name {
            true => says_open,
            false => has_grown,
        };
        for series in found.series.iter().filter(|series| is_open(series)) {
            let dependency = series.attributes.get(DEPENDENCY).and_then(Value::as_str);
            open.insert((
                series.service.clone(),
                dependency.unwrap_or("a dependency").to_owned(),
            ));
        }
    }
    let findings = open.into_iter().map(|(service, dependency)| {
        let what = format!(
            "{service} has a breaker open: calls to {dependency} were refused within the last five minutes"
        );
        let mend = format!(
            "see why {dependency} fails (the error spans of {service} say it); the breaker closes by \
             itself once a call succeeds"
        );
        Finding::broken(HOP, "open_circuit", what, mend)
    });
    Ok(findings.collect())
}

/// The gauge stands at open, which is 2.
fn says_open(series: &Series) -> bool {
    let last = series
        .points
        .last()
        .and_then(|point| point["value"].as_f64());
    last.is_some_and(|state| state >= 2.0)
}

/// The counter has counted within the time that was asked for: from nothing, or from its first point
/// in it.
fn has_grown(series: &Series) -> bool {
    let value = |point: &Value| point["value"].as_f64().unwrap_or(0.0);
    let last = series.points.last().map_or(0.0, value);
    let first = match series.points.as_slice() {
        [first, _, ..] => value(first),
        _ => 0.0,
    };
    last > first
}
