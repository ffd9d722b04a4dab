//! Export requests to store.

use glassbox_otlp::proto::common::v1::any_value::Value;
use glassbox_otlp::proto::common::v1::{AnyValue, KeyValue};
use glassbox_otlp::proto::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use glassbox_otlp::proto::metrics::v1::metric::Data;
use glassbox_otlp::proto::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
};
use glassbox_otlp::proto::resource::v1::Resource;
use glassbox_otlp::proto::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use glassbox_otlp::proto::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest,
};
use glassbox_otlp::{Batch, Request};

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue {
        value: Some(Value::StringValue(value.to_owned())),
    });
    KeyValue {
        key: key.to_owned(),
        value,
        ..KeyValue::default()
    }
}

fn resource(service: &str) -> Option<Resource> {
    Some(Resource {
        attributes: vec![text("service.name", service)],
        ..Resource::default()
    })
}

/// The id of trace `number`.
pub(crate) fn trace(number: u8) -> [u8; 16] {
    [number; 16]
}

/// A span of trace `number`.
pub(crate) fn span(number: u8, name: &str, start: u64, is_error: bool) -> Span {
    let status = is_error.then(|| Status {
        code: 2,
        ..Status::default()
    });
    Span {
        trace_id: trace(number).to_vec(),
        span_id: vec![1; 8],
        name: name.to_owned(),
        start_time_unix_nano: start,
        end_time_unix_nano: start + 1,
        status,
        ..Span::default()
    }
}

pub(crate) fn spans(service: &str, spans: Vec<Span>) -> Batch {
    let scope_spans = vec![ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        resource: resource(service),
        scope_spans,
        ..ResourceSpans::default()
    }];
    Batch::new(Request::Traces(ExportTraceServiceRequest {
        resource_spans,
    }))
}

/// Log records with these times.
pub(crate) fn logs(times: &[u64]) -> Batch {
    let records = times.iter().map(|time| LogRecord {
        time_unix_nano: *time,
        ..LogRecord::default()
    });
    let scope_logs = vec![ScopeLogs {
        log_records: records.collect(),
        ..ScopeLogs::default()
    }];
    let resource_logs = vec![ResourceLogs {
        resource: resource("logger"),
        scope_logs,
        ..ResourceLogs::default()
    }];
    Batch::new(Request::Logs(ExportLogsServiceRequest { resource_logs }))
}

/// Gauges, each with points at these times.
pub(crate) fn gauges(metrics: &[(&str, &[u64])]) -> Batch {
    let metrics = metrics.iter().map(|(name, times)| {
        let points = times.iter().map(|time| NumberDataPoint {
            time_unix_nano: *time,
            ..NumberDataPoint::default()
        });
        Metric {
            name: (*name).to_owned(),
            data: Some(Data::Gauge(Gauge {
                data_points: points.collect(),
            })),
            ..Metric::default()
        }
    });
    let scope_metrics = vec![ScopeMetrics {
        metrics: metrics.collect(),
        ..ScopeMetrics::default()
    }];
    let resource_metrics = vec![ResourceMetrics {
        resource: resource("gauge"),
        scope_metrics,
        ..ResourceMetrics::default()
    }];
    Batch::new(Request::Metrics(ExportMetricsServiceRequest {
        resource_metrics,
    }))
}
