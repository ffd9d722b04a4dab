//! Metrics that are derived from spans.

use super::{play, requests};
use crate::{
    collector::{Collector, Found, Signal},
    emitter::Emitted,
};
use serde_json::Value;
use std::collections::BTreeMap;

const CONFIG: &str = r"
connectors:
  spanmetrics:
    histogram:
      unit: ms
      explicit:
        buckets: [10ms, 50ms, 100ms, 1250ms, 2s]
    metrics_flush_interval: 200ms
service:
  pipelines:
    traces:
      exporters: [spanmetrics]
    metrics:
      receivers: [spanmetrics]
";

/// Upper bounds in milliseconds, as above.
const BOUNDS: [f64; 5] = [10.0, 50.0, 100.0, 1250.0, 2000.0];

const CALLS: &str = "traces.span.metrics.calls";
const DURATION: &str = "traces.span.metrics.duration";

/// Name, kind and status of a span, as the connector labels it.
type Series = [String; 3];

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_durations_are_those_of_the_spans() {
    let collector = Collector::start("pipelines", CONFIG).await;
    let emitted = play("requests", Signal::Traces, &collector).await;
    let expected = expected(&emitted);
    let spans: u64 = expected.values().map(|took| took.len() as u64).sum();

    let all = |found: &[Found]| {
        let calls = latest(found, CALLS, "sum");
        let counted = calls.values().map(|point| count(&point["asInt"]));
        let durations = latest(found, DURATION, "histogram");
        let timed = durations.values().map(|point| count(&point["count"]));
        counted.sum::<u64>() >= spans && timed.sum::<u64>() >= spans
    };
    let found = collector.records(Signal::Metrics, all).await;
    let calls = latest(&found, CALLS, "sum");
    let durations = latest(&found, DURATION, "histogram");
    assert_eq!(
        calls.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>()
    );
    for (series, took) in &expected {
        assert_eq!(count(&calls[series]["asInt"]), took.len() as u64);
        let point = &durations[series];
        assert_eq!(count(&point["count"]), took.len() as u64, "{series:?}");
        let sum: f64 = took.iter().sum();
        let summed = point["sum"].as_f64().unwrap();
        assert!((summed - sum).abs() < 1e-6 * sum, "{series:?}: {point}");
        assert_eq!(bounds(point), BOUNDS);
        assert_eq!(counts(point), in_buckets(took), "{series:?}");
    }
    for found in &found {
        assert_eq!(found.of("service.name"), Some("shop"));
    }
}

/// The durations of the spans of each series, in milliseconds.
fn expected(emitted: &Emitted) -> BTreeMap<Series, Vec<f64>> {
    let mut expected: BTreeMap<Series, Vec<f64>> = BTreeMap::new();
    for kind in ["fast", "failed", "slow"] {
        let failed = match kind {
            "failed" => "STATUS_CODE_ERROR",
            _ => "STATUS_CODE_UNSET",
        };
        for request in requests(emitted, kind) {
            let took = request.took.as_secs_f64() * 1000.0;
            for (name, kind, status, took) in [
                ("request", "SPAN_KIND_SERVER", "STATUS_CODE_UNSET", took),
                ("call", "SPAN_KIND_CLIENT", failed, took / 2.0),
                (
                    "step",
                    "SPAN_KIND_INTERNAL",
                    "STATUS_CODE_UNSET",
                    took / 4.0,
                ),
            ] {
                let series = [name, kind, status].map(str::to_owned);
                expected.entry(series).or_default().push(took);
            }
        }
    }
    expected
}

/// The number of values in each bucket; a value equal to a bound belongs to the lower bucket.
fn in_buckets(took: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; BOUNDS.len() + 1];
    for took in took {
        // The epsilon makes a bound in milliseconds equal to the same one in nanoseconds.
        let at = BOUNDS.partition_point(|bound| *bound + 1e-9 < *took);
        counts[at] += 1;
    }
    counts
}

/// The newest point of each series of a metric, because totals grow.
fn latest(found: &[Found], name: &str, data: &str) -> BTreeMap<Series, Value> {
    let mut latest = BTreeMap::new();
    for found in found.iter().filter(|found| found.name() == name) {
        let data = &found.record[data];
        assert_eq!(data["aggregationTemporality"], 2, "{}", found.record);
        for point in data["dataPoints"].as_array().unwrap() {
            let label = |key: &str| {
                let mut labels = point["attributes"].as_array().unwrap().iter();
                let label = labels.find(|label| label["key"] == key);
                let label = label.unwrap_or_else(|| panic!("no {key} in {point}"));
                label["value"]["stringValue"].as_str().unwrap().to_owned()
            };
            let series = ["span.name", "span.kind", "status.code"].map(label);
            latest.insert(series, point.clone());
        }
    }
    latest
}

fn bounds(point: &Value) -> Vec<f64> {
    let bounds = point["explicitBounds"].as_array().unwrap().iter();
    bounds.map(|bound| bound.as_f64().unwrap()).collect()
}

fn counts(point: &Value) -> Vec<u64> {
    let counts = point["bucketCounts"].as_array().unwrap().iter();
    counts.map(count).collect()
}

/// A 64-bit number, which OTLP/JSON encodes as a string.
fn count(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}
