//! What the backend's API answers, as far as the command line reads it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `GET /api/status`.
#[derive(Debug, Deserialize)]
pub(crate) struct Status {
    /// Where the backend listens.
    pub(crate) endpoints: Endpoints,
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
}

/// `GET /api/otel/logs?trace_id=…`.
#[derive(Debug, Deserialize)]
pub(crate) struct Logs {
    pub(crate) total: u64,
}

/// `GET /v1/registry/services`.
#[derive(Debug, Deserialize)]
pub(crate) struct Services {
    pub(crate) services: Vec<glassbox_core::ServiceInfo>,
}
