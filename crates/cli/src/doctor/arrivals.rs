//! Checks what applications have sent to the backend: nothing, no metrics yet, too many series, an
//! open breaker.

use super::{
    backend::{Known, age},
    emission::SERVICE,
    finding::{Finding, Hop},
};
use crate::{
    backend::{Metric, Metrics, Series, Traces},
    elapsed,
    failure::Failure,
    plural::counted,
};
use glassbox_semconv::glassbox::{BREAKER_REJECTIONS, BREAKER_STATE, DEPENDENCY};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

const HOP: Hop = Hop::Arrivals;
/// The time range of the check.
const RECENT: &str = "1h";
/// Maximum number of metrics checked.
const METRICS: &str = "500";
/// Maximum number of points checked per metric.
const POINTS: &str = "5000";
/// The attribute of the overflow series.
const OVERFLOW: &str = "otel.metric.overflow";
/// A breaker that rejected calls within this time counts as open.
const OPEN: &str = "5m";

/// The scope of the check.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// The service to check; `None` for all.
    pub(super) service: Option<&'a str>,
    /// How often it sends metrics.
    pub(super) metric_interval: Duration,
}

/// Checks what applications have sent recently.
pub(super) async fn look(
    known: &Known,
    question: Question<'_>,
    patience: Duration,
) -> Vec<Finding> {
    let why = match tokio::time::timeout(patience, walk(known, question)).await {
        Ok(Ok(findings)) => return findings,
        Ok(Err(failure)) => failure.to_string(),
        Err(_) => format!("the backend did not answer all queries within {patience:?}"),
    };
    let fix =
        "try again with a longer --timeout; if that does not help, check the log of the backend";
    vec![Finding::unknown(HOP, "backend_failed", why).fix(fix)]
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

/// Lists the services that have sent traces.
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
        let fix = "if one should have, run 'glassbox doctor --service NAME' where it runs, with its \
                    environment";
        return Ok(Finding::note(HOP, "no_application", what).fix(fix));
    }
    let services: Vec<&str> = services.into_iter().collect();
    let what = format!(
        "services with traces within the last hour: {}",
        services.join(", ")
    );
    Ok(Finding::well(HOP, what))
}

/// Checks which signals of one service have arrived.
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
        let what = format!(
            "nothing from {service} has arrived within the last hour, although the path works"
        );
        let fix = "if it is running, it has no telemetry installed or a different environment: call \
                    glassbox_telemetry::init at the start of its main, keep the guard until the \
                    end, and run the doctor with its environment";
        return Ok(vec![Finding::broken(HOP, "silent_service", what, fix)]);
    }
    let what = format!(
        "from {service} within the last hour: {}, {}, {}",
        counted(traces.traces.len() as u64, "trace"),
        counted(metrics.metrics.len() as u64, "metric"),
        counted(logs.total, "log record")
    );
    let mut findings = vec![Finding::well(HOP, what)];
    if traces.traces.is_empty() {
        let what = format!("no traces from {service}, but other signals");
        let fix = "check that it has received requests, and that its OTEL_TRACES_SAMPLER samples some \
                    traces and its OTEL_TRACES_EXPORTER is not none";
        findings.push(Finding::note(HOP, "no_traces", what).fix(fix));
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
            "no metrics from {service} yet: they are collected every {interval:?}, and its first span \
             is {} old",
            elapsed::age(running)
        );
        let fix = "wait, or set OTEL_METRIC_EXPORT_INTERVAL to 5000 (milliseconds)";
        return Finding::note(HOP, "no_metrics_yet", what).fix(fix);
    }
    let what = format!(
        "no metrics from {service}, {} after its first span: they are collected every {interval:?}",
        elapsed::age(running)
    );
    let fix = "check that its OTEL_METRICS_EXPORTER is not none, and that it runs longer than one \
                interval or ends with TelemetryGuard::shutdown";
    Finding::broken(HOP, "no_metrics", what, fix)
}

/// Finds metrics that exceed the cardinality limit.
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
        let (blame, fix) = match widest(&series) {
            Some((label, values)) => (
                format!("; '{label}' alone has {values} values"),
                format!("remove '{label}' from the metric (use it on a span instead)"),
            ),
            None => (String::new(), "remove labels with many values from the metric".to_owned()),
        };
        let what = format!(
            "{metric} of {service} exceeds the cardinality limit ({} series); the rest is aggregated \
             as {OVERFLOW}{blame}",
            series.len()
        );
        let fix = format!("{fix}, or raise telemetry.cardinality_limit");
        Finding::broken(HOP, "cardinality", what, fix)
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

/// Finds open circuit breakers.
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
            "{service} has an open circuit breaker: calls to {dependency} were rejected within the last five \
             minutes"
        );
        let fix = format!(
            "check why {dependency} fails (see the error spans of {service}); the breaker closes once a \
             call succeeds"
        );
        Finding::broken(HOP, "open_circuit", what, fix)
    });
    Ok(findings.collect())
}

/// Whether the gauge is at 2, which means open.
fn says_open(series: &Series) -> bool {
    let last = series
        .points
        .last()
        .and_then(|point| point["value"].as_f64());
    last.is_some_and(|state| state >= 2.0)
}

/// Whether the counter has increased within the time range: from zero, or from its first point.
fn has_grown(series: &Series) -> bool {
    let value = |point: &Value| point["value"].as_f64().unwrap_or(0.0);
    let last = series.points.last().map_or(0.0, value);
    let first = match series.points.as_slice() {
        [first, _, ..] => value(first),
        _ => 0.0,
    };
    last > first
}
