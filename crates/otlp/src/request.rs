//! One decoded export request, whatever its signal.

use crate::Signal;
use crate::json::{self, JsonError};
use crate::proto::metrics::v1::{Metric, metric::Data};
use crate::proto::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest, Message,
};

/// A decoded `Export*ServiceRequest`.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// What the trace service receives.
    Traces(ExportTraceServiceRequest),
    /// What the metrics service receives.
    Metrics(ExportMetricsServiceRequest),
    /// What the logs service receives.
    Logs(ExportLogsServiceRequest),
}

impl Request {
    /// Decodes a protobuf message of the given signal.
    ///
    /// # Errors
    ///
    /// Fails on malformed protobuf, on a string that is not UTF-8 and on messages nested deeper
    /// than 100 levels.
    pub fn from_protobuf(signal: Signal, bytes: &[u8]) -> Result<Self, prost::DecodeError> {
        Ok(match signal {
            Signal::Traces => Self::Traces(Message::decode(bytes)?),
            Signal::Metrics => Self::Metrics(Message::decode(bytes)?),
            Signal::Logs => Self::Logs(Message::decode(bytes)?),
        })
    }

    /// Decodes an OTLP/JSON message of the given signal.
    ///
    /// # Errors
    ///
    /// Fails on malformed JSON and on values of the wrong kind; the error contains their path.
    pub fn from_json(signal: Signal, text: &[u8]) -> Result<Self, JsonError> {
        Ok(match signal {
            Signal::Traces => Self::Traces(json::from_slice(text)?),
            Signal::Metrics => Self::Metrics(json::from_slice(text)?),
            Signal::Logs => Self::Logs(json::from_slice(text)?),
        })
    }

    /// Encodes the message as OTLP/JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        match self {
            Self::Traces(request) => json::to_vec(request),
            Self::Metrics(request) => json::to_vec(request),
            Self::Logs(request) => json::to_vec(request),
        }
    }

    /// Encodes the message as protobuf.
    #[must_use]
    pub fn to_protobuf(&self) -> Vec<u8> {
        match self {
            Self::Traces(request) => request.encode_to_vec(),
            Self::Metrics(request) => request.encode_to_vec(),
            Self::Logs(request) => request.encode_to_vec(),
        }
    }

    /// Returns the signal of the request.
    #[must_use]
    pub const fn signal(&self) -> Signal {
        match self {
            Self::Traces(_) => Signal::Traces,
            Self::Metrics(_) => Signal::Metrics,
            Self::Logs(_) => Signal::Logs,
        }
    }

    /// Counts the spans, data points or log records inside.
    #[must_use]
    pub fn records(&self) -> u64 {
        let count: usize = match self {
            Self::Traces(request) => {
                let scopes = request.resource_spans.iter().flat_map(|r| &r.scope_spans);
                scopes.map(|scope| scope.spans.len()).sum()
            }
            Self::Metrics(request) => {
                let scopes = request
                    .resource_metrics
                    .iter()
                    .flat_map(|r| &r.scope_metrics);
                scopes
                    .flat_map(|scope| &scope.metrics)
                    .map(data_points)
                    .sum()
            }
            Self::Logs(request) => {
                let scopes = request.resource_logs.iter().flat_map(|r| &r.scope_logs);
                scopes.map(|scope| scope.log_records.len()).sum()
            }
        };
        count as u64
    }
}

/// Counts the points of one metric, whatever its kind.
pub(crate) fn data_points(metric: &Metric) -> usize {
    match &metric.data {
        None => 0,
        Some(Data::Gauge(data)) => data.data_points.len(),
        Some(Data::Sum(data)) => data.data_points.len(),
        Some(Data::Histogram(data)) => data.data_points.len(),
        Some(Data::ExponentialHistogram(data)) => data.data_points.len(),
        Some(Data::Summary(data)) => data.data_points.len(),
    }
}
