//! The output of the collector's file exporter: JSON lines, one request each.

use serde_json::Value;
use std::{fs, path::Path};

/// The signal of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Metrics,
    Logs,
}

impl Signal {
    /// The name in settings and reports.
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

/// A span, metric or log record with its resource and scope; all as the collector wrote it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// With its sibling field, the schema URL.
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

    /// The number of items: one per data point for a metric, otherwise one.
    pub(crate) fn items(&self) -> u64 {
        let data = ["sum", "gauge", "histogram"];
        let data = data.iter().find_map(|data| self.record.get(data));
        let points = data.and_then(|data| data["dataPoints"].as_array());
        points.map_or(1, |points| points.len() as u64)
    }

    /// A text attribute of the resource.
    pub(crate) fn of(&self, key: &str) -> Option<&str> {
        let attributes = self.resource["attributes"].as_array()?;
        let found = attributes
            .iter()
            .find(|attribute| attribute["key"] == key)?;
        found["value"]["stringValue"].as_str()
    }
}

/// The current content of a file; empty if it does not exist yet.
pub(super) fn bytes(file: &Path) -> Vec<u8> {
    match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => panic!("{}: {error}", file.display()),
    }
}

/// Returns all records so far, in file order. The collector writes a line and its end separately, and
/// a batch may be split between two flushes: blank lines are skipped, and an incomplete last line
/// is left for the next read.
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
