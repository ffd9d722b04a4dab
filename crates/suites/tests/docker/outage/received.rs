//! The items in the output of one or more collectors.

use crate::collector::{Collector, Signal};
use serde_json::{Deserializer, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The items of one signal in the archives of one or more collectors.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// The identity of each item: the number of its job, or the series and the time of a data
    /// point.
    distinct: BTreeSet<String>,
    /// Items that occur more than once.
    pub(super) doubled: u64,
    /// The largest number of items in one request.
    pub(super) largest: u64,
    /// The highest total of each series of the counter of jobs.
    totals: BTreeMap<String, u64>,
}

impl Received {
    /// Reads the archives.
    pub(super) fn read(collectors: &[&Collector], signal: Signal) -> Self {
        let mut received = Self::default();
        for collector in collectors {
            for request in requests(&collector.written(signal)) {
                let items = match signal {
                    Signal::Traces => jobs(&request, ["resourceSpans", "scopeSpans", "spans"]),
                    Signal::Logs => jobs(&request, ["resourceLogs", "scopeLogs", "logRecords"]),
                    Signal::Metrics => received.points(&request),
                };
                received.largest = received.largest.max(items.len() as u64);
                for item in items {
                    if !received.distinct.insert(item) {
                        received.doubled += 1;
                    }
                }
            }
        }
        received
    }

    /// The number of items, each counted once.
    pub(super) fn distinct(&self) -> u64 {
        self.distinct.len() as u64
    }

    /// The number of jobs according to the counter.
    pub(super) fn counted(&self) -> u64 {
        self.totals.values().sum()
    }

    fn points(&mut self, request: &Value) -> Vec<String> {
        let mut points = Vec::new();
        for metric in records(request, ["resourceMetrics", "scopeMetrics", "metrics"]) {
            let name = metric["name"].as_str().unwrap();
            let data = ["sum", "gauge", "histogram"];
            let data = data.iter().find_map(|kind| metric.get(kind)).unwrap();
            for point in data["dataPoints"].as_array().unwrap() {
                let series = format!("{name} {}", point["attributes"]);
                points.push(format!("{series} {}", point["timeUnixNano"]));
                if name == "jobs" {
                    let total = self.totals.entry(series).or_default();
                    *total = number(&point["asInt"]).max(*total);
                }
            }
        }
        points
    }
}

fn jobs(request: &Value, path: [&str; 3]) -> Vec<String> {
    let job = |record: &&Value| {
        let mut attributes = record["attributes"].as_array()?.iter();
        let id = attributes.find(|attribute| attribute["key"] == "job.id")?;
        Some(number(&id["value"]["intValue"]).to_string())
    };
    records(request, path).iter().filter_map(job).collect()
}

fn records<'a>(request: &'a Value, [resources, scopes, records]: [&str; 3]) -> Vec<&'a Value> {
    fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        value[key].as_array().map_or(&[][..], Vec::as_slice).iter()
    }
    list(request, resources)
        .flat_map(|resource| list(resource, scopes))
        .flat_map(|scope| list(scope, records))
        .collect()
}

/// A 64-bit number, which OTLP/JSON encodes as a string.
fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

/// The requests that were written completely. A kill may come between a record and the end of its line,
/// or in the middle of a record; the next record is then on the same line.
fn requests(written: &[u8]) -> Vec<Value> {
    let mut requests = Vec::new();
    for mut line in written.split(|byte| *byte == b'\n') {
        while let Some(at) = begin(line) {
            line = &line[at..];
            let mut read = Deserializer::from_slice(line).into_iter();
            let next = match read.next() {
                Some(Ok(request)) => {
                    requests.push(request);
                    read.byte_offset()
                }
                // An incomplete record; a complete one may follow on the same line.
                _ => 1,
            };
            line = &line[next..];
        }
    }
    requests
}

/// The offset at which the first record begins. Nothing within a record begins like this.
fn begin(line: &[u8]) -> Option<usize> {
    let signals = ["Spans", "Metrics", "Logs"];
    let begins = signals.map(|signal| format!("{{\"resource{signal}\":"));
    (0..line.len()).find(|at| {
        let rest = &line[*at..];
        begins
            .iter()
            .any(|begin| rest.starts_with(begin.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_kill_tore_costs_no_other_record() {
        let whole = br#"{"resourceSpans":[1]}"#;
        let torn = br#"{"resourceSpans":[{"resource":{"attr"#;
        let written = [
            &whole[..],
            b"\n",
            torn,
            whole,
            whole,
            b"\n\n",
            whole,
            b"\n",
            torn,
        ];
        let found = requests(&written.concat());
        assert_eq!(found, vec![json!({"resourceSpans": [1]}); 4]);
    }
}
