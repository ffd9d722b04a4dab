//! Metrics by name, each with its points at every collection.

use super::super::{resource::described, times};
use crate::{collector::Found, emitter::Emitted};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The points of one collection, each as start time, end time and the rest.
type Points = Vec<(u64, u64, Value)>;

/// A metric without its points, and the points of each collection.
struct Stream {
    metric: Value,
    collections: Vec<Points>,
}

/// All metrics that arrived.
pub(super) struct Streams(BTreeMap<String, Stream>);

impl Streams {
    /// Checks the times of all points and removes them.
    pub(super) fn new(emitted: &Emitted, found: Vec<Found>) -> Self {
        let facts = &emitted.facts;
        let begin = facts["first.begin"].as_u64().unwrap();
        let mut streams: BTreeMap<String, Stream> = BTreeMap::new();
        for found in found {
            assert_scope(&found);
            let name = found.name().to_owned();
            let mut metric = found.record;
            let data = metric.as_object_mut().unwrap();
            let kind = ["sum", "gauge", "histogram"]
                .into_iter()
                .find(|kind| data.contains_key(*kind))
                .unwrap();
            let data = data[kind].as_object_mut().unwrap();
            let Some(Value::Array(points)) = data.remove("dataPoints") else {
                panic!("{name} without points");
            };
            let mut points: Points = points
                .into_iter()
                .map(|point| timed(point, begin))
                .collect();
            points.sort_by_key(|(_, _, point)| point.to_string());
            let stream = streams.entry(name).or_insert_with(|| Stream {
                metric: metric.clone(),
                collections: Vec::new(),
            });
            assert_eq!(stream.metric, metric, "it is another each time");
            stream.collections.push(points);
        }
        let names: Vec<_> = streams.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "native.balance",
                "native.size",
                "native.temperature",
                "shop.active",
                "shop.balance",
                "shop.cost",
                "shop.level",
                "shop.plain",
                "shop.queued",
                "shop.requests",
                "shop.took",
                "shop.written",
            ]
        );
        Self(streams)
    }

    /// Asserts that the metric and its points at each collection are these.
    pub(super) fn assert_stream(&self, metric: Value, collections: &[&[Value]]) {
        let name = metric["name"].as_str().unwrap();
        let stream = &self.0[name];
        assert_eq!(stream.metric, metric);
        let points = |points: &Points| -> Vec<Value> {
            points.iter().map(|(_, _, point)| point.clone()).collect()
        };
        let arrived: Vec<Vec<Value>> = stream.collections.iter().map(points).collect();
        let mut expected: Vec<_> = collections.iter().map(|points| points.to_vec()).collect();
        for points in &mut expected {
            points.sort_by_key(Value::to_string);
        }
        assert_eq!(arrived, expected, "{name}");
    }

    /// Asserts that all points have the same start time.
    pub(super) fn assert_one_start(&self, name: &str) {
        let points = self.0[name].collections.iter().flatten();
        let starts: Vec<_> = points.map(|(start, _, _)| *start).collect();
        assert!(starts.iter().all(|start| *start == starts[0]), "{name}");
    }

    /// Asserts that each collection starts at the end of the previous one.
    pub(super) fn assert_continued(&self, name: &str) {
        for pair in self.0[name].collections.windows(2) {
            let ended = pair[0][0].1;
            for (start, _, _) in &pair[1] {
                assert_eq!(*start, ended, "{name}");
            }
        }
    }
}

/// Asserts that each metric has its scope.
fn assert_scope(found: &Found) {
    let (scope, schema) = match found.name().starts_with("native.") {
        true => (
            json!({
                "name": "native.meter",
                "version": "7.8.9",
                "attributes": [{ "key": "scope.key", "value": { "stringValue": "scope value" } }],
            }),
            json!("https://opentelemetry.io/schemas/1.41.0"),
        ),
        false => (
            json!({ "name": "glassbox", "version": env!("CARGO_PKG_VERSION") }),
            Value::Null,
        ),
    };
    assert_eq!((&found.scope, &found.scope_schema), (&scope, &schema));
}

/// A point with its times separated, and its attributes by key.
fn timed(mut point: Value, begin: u64) -> (u64, u64, Value) {
    let start = times::take(&mut point, "startTimeUnixNano");
    let time = times::take(&mut point, "timeUnixNano");
    times::assert_ordered(&[begin, start, time], &point);
    if point.get("attributes").is_some() {
        point["attributes"] = json!(described(&point));
    }
    (start, time, point)
}
