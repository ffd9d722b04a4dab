//! The output of the collector's file exporter: JSON lines, one request each.

use serde_json::Value;
use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};
use tempfile::TempDir;

const CONFIG: &str = include_str!("otelcol.yaml");

/// A span as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    /// Empty for a root.
    pub(crate) parent: String,
}

/// A log record as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) service: String,
    pub(crate) body: String,
    /// Empty if it belongs to no span.
    pub(crate) trace: String,
    pub(crate) span: String,
}

/// The folder that a collector reads its config from and writes its files to.
pub(crate) struct Archive(TempDir);

impl Archive {
    pub(crate) fn new() -> Self {
        let archive = Self(tempfile::tempdir().unwrap());
        // Readable for the collector's user, regardless of the umask.
        let allow = |path: &Path, mode| {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        fs::create_dir(archive.path("data")).unwrap();
        fs::write(archive.path("otelcol.yaml"), CONFIG).unwrap();
        allow(&archive.path("data"), 0o777);
        allow(&archive.path("otelcol.yaml"), 0o644);
        archive
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The config file, to mount in the container.
    pub(crate) fn config(&self) -> String {
        self.path("otelcol.yaml").to_str().unwrap().to_owned()
    }

    /// The output folder, to mount in the container.
    pub(crate) fn data(&self) -> String {
        self.path("data").to_str().unwrap().to_owned()
    }

    /// The user for the collector, so that we can read what it writes; `None` if we are root and can read everything.
    pub(crate) fn user(&self) -> Option<String> {
        let owner = fs::metadata(self.0.path()).unwrap();
        (owner.uid() != 0).then(|| format!("{}:{}", owner.uid(), owner.gid()))
    }

    /// All spans so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let keys = ["resourceSpans", "scopeSpans", "spans"];
        let span = |(service, span): (String, Value)| Span {
            service,
            name: text(&span["name"]),
            trace: text(&span["traceId"]),
            id: text(&span["spanId"]),
            parent: text(&span["parentSpanId"]),
        };
        self.records("traces.jsonl", keys)
            .into_iter()
            .map(span)
            .collect()
    }

    /// All log records so far.
    pub(crate) fn logs(&self) -> Vec<Log> {
        let keys = ["resourceLogs", "scopeLogs", "logRecords"];
        let log = |(service, log): (String, Value)| Log {
            service,
            body: text(&log["body"]["stringValue"]),
            trace: text(&log["traceId"]),
            span: text(&log["spanId"]),
        };
        self.records("logs.jsonl", keys)
            .into_iter()
            .map(log)
            .collect()
    }

    /// The records of a file, each with the name of its service. An incomplete last line is skipped.
    fn records(&self, file: &str, [resources, scopes, records]: [&str; 3]) -> Vec<(String, Value)> {
        let written = match fs::read_to_string(self.path("data").join(file)) {
            Ok(written) => written,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => panic!("{file}: {error}"),
        };
        let mut found = Vec::new();
        for request in written
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
        {
            for of_resource in list(&request, resources) {
                let service = service(&of_resource["resource"]);
                for of_scope in list(of_resource, scopes) {
                    let records = list(of_scope, records).iter();
                    found.extend(records.map(|record| (service.clone(), record.clone())));
                }
            }
        }
        found
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn service(resource: &Value) -> String {
    let mut attributes = list(resource, "attributes").iter();
    let name = attributes.find(|attribute| attribute["key"] == "service.name");
    name.map_or_else(String::new, |name| text(&name["value"]["stringValue"]))
}
