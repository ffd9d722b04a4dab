//! What the backend's API answers, as far as the command line reads it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// `GET /api/status`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Status {
    /// Where the backend listens.
    pub(crate) endpoints: Endpoints,
    /// What receives for it.
    #[serde(default)]
    pub(crate) collector: Collector,
    /// What it keeps.
    #[serde(default)]
    pub(crate) store: Store,
    /// Requests that were not taken, by reason.
    #[serde(default)]
    pub(crate) refused: Map<String, Value>,
    /// Records that were not taken, by reason.
    #[serde(default)]
    pub(crate) rejected: Map<String, Value>,
}

/// What receives for a backend, and how it fares.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Collector {
    /// `otelcol` or `embedded`.
    pub(crate) mode: String,
    /// `starting`, `running`, `restarting`, `fallen_back` or `stopped`.
    pub(crate) state: Option<String>,
    /// Whether anybody receives.
    pub(crate) running: bool,
    /// Why the backend receives by itself, where it does.
    pub(crate) reason: Option<String>,
    /// The program that receives.
    pub(crate) binary: Option<String>,
    /// Of that program.
    pub(crate) version: Option<String>,
    /// The process that receives.
    pub(crate) pid: Option<u32>,
    /// How often it was started again.
    pub(crate) restarts: u64,
    /// The last time that it ended by itself.
    pub(crate) last_exit: Option<LastExit>,
    /// What its exporters could not hand on, by their names.
    pub(crate) lost: BTreeMap<String, Loss>,
}

/// What one exporter of a collector could not hand on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Loss {
    /// Spans, log records or data points.
    pub(crate) items: u64,
    pub(crate) last_error: String,
    pub(crate) last_unix_nano: u64,
}

/// How a collector ended by itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LastExit {
    pub(crate) status: String,
    pub(crate) last_words: String,
}

impl Collector {
    /// Whether it is a process beside the backend's own.
    pub(crate) fn is_otelcol(&self) -> bool {
        self.mode == "otelcol"
    }

    /// In a few words, as a person reads them.
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

    /// The program that receives, with its version, its file and its process.
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

/// What a backend keeps.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    pub(crate) directory: String,
    pub(crate) bytes: u64,
    pub(crate) cap_bytes: u64,
    pub(crate) pruned: Pruned,
}

/// What a backend keeps no more.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pruned {
    pub(crate) spans: u64,
    pub(crate) log_records: u64,
    pub(crate) data_points: u64,
    /// Nothing from before this is kept.
    pub(crate) before_unix_nano: Option<u64>,
}

/// Where a backend listens, as URLs.
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
    /// In the order of their start.
    pub(crate) spans: Vec<Span>,
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
    /// A text attribute.
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

    /// Whether it ended in an error.
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

/// What one service has in a trace.
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
    /// One for each set of attributes of each instance.
    pub(crate) series: Vec<Series>,
}

/// One series of a metric.
#[derive(Debug, Deserialize)]
pub(crate) struct Series {
    pub(crate) instance: Option<String>,
    pub(crate) service: String,
    pub(crate) attributes: Map<String, Value>,
    /// By time.
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
