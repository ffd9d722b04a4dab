//! Responses of the backend's API, limited to the fields that the command uses.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// `GET /api/status`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Status {
    /// The addresses of the backend.
    pub(crate) endpoints: Endpoints,
    /// Its receiver.
    #[serde(default)]
    pub(crate) collector: Collector,
    /// Its stored data.
    #[serde(default)]
    pub(crate) store: Store,
    /// Refused requests, by reason.
    #[serde(default)]
    pub(crate) refused: Map<String, Value>,
    /// Rejected records, by reason.
    #[serde(default)]
    pub(crate) rejected: Map<String, Value>,
}

/// The receiver of a backend and its state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Collector {
    /// `otelcol` or `embedded`.
    pub(crate) mode: String,
    /// `starting`, `running`, `restarting`, `fallen_back` or `stopped`.
    pub(crate) state: Option<String>,
    /// Whether OTLP is received.
    pub(crate) running: bool,
    /// Why the embedded receiver is used, if it is.
    pub(crate) reason: Option<String>,
    /// The path of the collector.
    pub(crate) binary: Option<String>,
    /// The version of the collector.
    pub(crate) version: Option<String>,
    /// The process id of the collector.
    pub(crate) pid: Option<u32>,
    /// The number of restarts.
    pub(crate) restarts: u64,
    /// The last unexpected exit.
    pub(crate) last_exit: Option<LastExit>,
    /// Data that its exporters dropped, by exporter name.
    pub(crate) lost: BTreeMap<String, Loss>,
}

/// Data that one exporter of a collector dropped.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Loss {
    /// Spans, log records or data points.
    pub(crate) items: u64,
    pub(crate) last_error: String,
    pub(crate) last_unix_nano: u64,
}

/// An unexpected exit of a collector.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LastExit {
    pub(crate) status: String,
    pub(crate) last_words: String,
}

impl Collector {
    /// Whether the receiver is a separate process.
    pub(crate) fn is_otelcol(&self) -> bool {
        self.mode == "otelcol"
    }

    /// A short description.
    pub(crate) fn line(&self) -> String {
        if !self.is_otelcol() {
            let reason = self.reason.as_ref();
            return reason.map_or("embedded".to_owned(), |why| format!("embedded: {why}"));
        }
        let line = self.program();
        match self.state.as_deref() {
            None | Some("running") => line,
            Some(state) => format!("{line} ({})", state.replace('_', " ")),
        }
    }

    /// The collector with its version, path and process id.
    pub(crate) fn program(&self) -> String {
        let mut line = "otelcol".to_owned();
        if let Some(version) = &self.version {
            line = format!("{line} {version}");
        }
        if let Some(binary) = &self.binary {
            line = format!("{line} ({binary})");
        }
        if let Some(pid) = self.pid {
            line = format!("{line}, pid {pid}");
        }
        line
    }
}

/// The stored data of a backend.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    pub(crate) directory: String,
    pub(crate) bytes: u64,
    pub(crate) cap_bytes: u64,
    pub(crate) pruned: Pruned,
}

/// The pruned data of a backend.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pruned {
    pub(crate) spans: u64,
    pub(crate) log_records: u64,
    pub(crate) data_points: u64,
    /// All data from before this time is pruned.
    pub(crate) before_unix_nano: Option<u64>,
}

/// The addresses of a backend, as URLs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Endpoints {
    /// OTLP over gRPC.
    pub(crate) grpc: String,
    /// OTLP over HTTP.
    pub(crate) http: String,
    /// Page and API.
    pub(crate) page: String,
}

/// `GET /api/otel/traces?trace_id=…`.
#[derive(Debug, Deserialize)]
pub(crate) struct Trace {
    /// Ordered by start time.
    pub(crate) spans: Vec<Span>,
    #[serde(default)]
    pub(crate) summary: Option<Sum>,
}

/// The summary of a whole trace.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sum {
    /// Spans that arrived again unchanged.
    pub(crate) repeated: u64,
}

/// One span.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Span {
    pub(crate) span_id: String,
    pub(crate) parent_span_id: Option<String>,
    pub(crate) service: String,
    pub(crate) instance: Option<String>,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) start_unix_nano: u64,
    pub(crate) end_unix_nano: u64,
    pub(crate) status: String,
    pub(crate) attributes: Map<String, Value>,
}

#[cfg(feature = "demo")]
impl Span {
    /// A string attribute.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.attributes.get(key).and_then(Value::as_str)
    }

    /// A number attribute.
    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        self.attributes.get(key).and_then(Value::as_u64)
    }

    /// `gen_ai.operation.name`.
    pub(crate) fn operation(&self) -> Option<&str> {
        self.text("gen_ai.operation.name")
    }

    /// Whether the status is an error.
    pub(crate) fn is_error(&self) -> bool {
        self.status == "error"
    }
}

/// `GET /api/otel/traces`.
#[derive(Debug, Deserialize)]
pub(crate) struct Traces {
    pub(crate) traces: Vec<TraceSummary>,
}

/// One trace in a list.
#[derive(Debug, Deserialize)]
pub(crate) struct TraceSummary {
    pub(crate) services: Vec<ServiceShare>,
    pub(crate) start_unix_nano: u64,
}

/// A service in a trace.
#[derive(Debug, Deserialize)]
pub(crate) struct ServiceShare {
    pub(crate) name: String,
}

/// `GET /api/otel/metrics`.
#[derive(Debug, Deserialize)]
pub(crate) struct Metrics {
    pub(crate) metrics: Vec<MetricSummary>,
}

/// One metric in a list.
#[derive(Debug, Deserialize)]
pub(crate) struct MetricSummary {
    pub(crate) name: String,
}

/// `GET /api/otel/metrics?name=…`.
#[derive(Debug, Deserialize)]
pub(crate) struct Metric {
    /// One per set of attributes and instance.
    pub(crate) series: Vec<Series>,
}

/// One series of a metric.
#[derive(Debug, Deserialize)]
pub(crate) struct Series {
    pub(crate) instance: Option<String>,
    pub(crate) service: String,
    pub(crate) attributes: Map<String, Value>,
    /// Ordered by time.
    pub(crate) points: Vec<Value>,
}

/// `GET /api/otel/logs?trace_id=…`.
#[derive(Debug, Deserialize)]
pub(crate) struct Logs {
    pub(crate) total: u64,
}

/// `GET /v1/registry/services`.
#[cfg(feature = "demo")]
#[derive(Debug, Deserialize)]
pub(crate) struct Services {
    pub(crate) services: Vec<glassbox_core::ServiceInfo>,
}
