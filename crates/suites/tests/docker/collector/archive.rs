//! What the collector's file exporter has written: JSON lines, a request each.

use serde_json::Value;
use std::{fs, path::Path};

/// Which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Metrics,
    Logs,
}

impl Signal {
    /// As it is called in settings and reports.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    pub(super) const fn file(self) -> &'static str {
        match self {
            Self::Traces => "traces.jsonl",
            Self::Metrics => "metrics.jsonl",
            Self::Logs => "logs.jsonl",
        }
    }

    /// The keys on the way to a record.
    const fn path(self) -> [&'static str; 3] {
        match self {
            Self::Traces => ["resourceSpans", "scopeSpans", "spans"],
            Self::Metrics => ["resourceMetrics", "scopeMetrics", "metrics"],
            Self::Logs => ["resourceLogs", "scopeLogs", "logRecords"],
        }
    }
}

/// A span, metric or log record, and what it is of; all as the collector wrote it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// With what else stands beside it: the URL of its schema.
    pub(crate) resource: Value,
    pub(crate) resource_schema: Value,
    pub(crate) scope: Value,
    pub(crate) scope_schema: Value,
    pub(crate) record: Value,
}

impl Found {
    /// The name of a span or a metric.
    pub(crate) fn name(&self) -> &str {
        self.record["name"].as_str().unwrap_or_default()
    }

    /// How many items it counts for: a metric for each of its points.
    pub(crate) fn items(&self) -> u64 {
        let data = ["sum", "gauge", "histogram"];
        let data = data.iter().find_map(|data| self.record.get(data));
        let points = data.and_then(|data| data["dataPoints"].as_array());
        points.map_or(1, |points| points.len() as u64)
    }

    /// A text among the attributes of the resource.
    pub(crate) fn of(&self, key: &str) -> Option<&str> {
        let attributes = self.resource["attributes"].as_array()?;
        let found = attributes
            .iter()
            .find(|attribute| attribute["key"] == key)?;
        found["value"]["stringValue"].as_str()
    }
}

/// What a file holds so far; one that is not there yet, nothing.
pub(super) fn bytes(file: &Path) -> Vec<u8> {
    match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => panic!("{}: {error}", file.display()),
    }
}

/// All records so far, in the order of the file. A line and its end are two writes of the
/// collector, and a batch may be split between two flushes: blank lines are nothing, and a last
/// line that is not whole yet comes whole the next time.
pub(super) fn read(file: &Path, signal: Signal) -> Vec<Found> {
    let text = bytes(file);
    let whole = text.ends_with(b"\n");
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let tail = match whole {
        true => None,
        false => lines.pop(),
    };
    let mut found = Vec::new();
    for line in lines.iter().filter(|line| !line.is_empty()) {
        let line = serde_json::from_slice(line).unwrap_or_else(|error| {
            panic!(
                "{}: {error}: {}",
                file.display(),
                String::from_utf8_lossy(line)
            )
        });
        collect(&line, signal, &mut found);
    }
    if let Some(line) = tail.and_then(|tail| serde_json::from_slice(tail).ok()) {
        collect(&line, signal, &mut found);
    }
    found
}

fn collect(line: &Value, signal: Signal, found: &mut Vec<Found>) {
    let [resources, scopes, records] = signal.path();
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    for of_resource in list(line, resources) {
        for of_scope in list(&of_resource, scopes) {
            for record in list(&of_scope, records) {
                found.push(Found {
                    resource: of_resource["resource"].clone(),
                    resource_schema: of_resource["schemaUrl"].clone(),
                    scope: of_scope["scope"].clone(),
                    scope_schema: of_scope["schemaUrl"].clone(),
                    record,
                });
            }
        }
    }
}
