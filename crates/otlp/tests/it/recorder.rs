//! A consumer that records its batches and returns the result that a test sets.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use glassbox_otlp::proto::common::v1::{AnyValue, KeyValue, any_value::Value};
use glassbox_otlp::proto::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use glassbox_otlp::proto::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data, number_data_point,
};
use glassbox_otlp::proto::trace::v1::{ResourceSpans, ScopeSpans, Span};
use glassbox_otlp::proto::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest,
};
use glassbox_otlp::{Accepted, Batch, Consumer, Limits, Receiver, Refusal, Request};
use tokio::sync::Semaphore;

/// Accepts everything by default.
pub(crate) struct Recorder {
    batches: Mutex<Vec<Batch>>,
    answer: Mutex<Result<Accepted, Refusal>>,
    gate: Semaphore,
}

impl Recorder {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            batches: Mutex::default(),
            answer: Mutex::new(Ok(Accepted::all())),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    /// Accepts nothing until released, one batch per call of [`release`](Self::release).
    pub(crate) fn closed() -> Arc<Self> {
        let mut recorder = Self::new();
        Arc::get_mut(&mut recorder).unwrap().gate = Semaphore::new(0);
        recorder
    }

    pub(crate) fn release(&self) {
        self.gate.add_permits(1);
    }

    pub(crate) fn answer(&self, answer: Result<Accepted, Refusal>) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(crate) fn batches(&self) -> Vec<Batch> {
        self.batches.lock().unwrap().clone()
    }

    pub(crate) fn receiver(self: &Arc<Self>) -> Receiver {
        self.receiver_with(Limits::default())
    }

    pub(crate) fn receiver_with(self: &Arc<Self>, limits: Limits) -> Receiver {
        Receiver::new(Arc::clone(self) as Arc<dyn Consumer>, limits)
    }
}

#[async_trait]
impl Consumer for Recorder {
    async fn consume(&self, batch: Batch) -> Result<Accepted, Refusal> {
        self.batches.lock().unwrap().push(batch);
        self.gate.acquire().await.unwrap().forget();
        self.answer.lock().unwrap().clone()
    }
}

pub(crate) fn span(name: &str) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: name.to_owned(),
        start_time_unix_nano: 1_700_000_000_000_000_000,
        end_time_unix_nano: 1_700_000_000_000_000_500,
        ..Span::default()
    }
}

pub(crate) fn traces(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope = ScopeSpans {
        spans,
        ..ScopeSpans::default()
    };
    let resource = ResourceSpans {
        scope_spans: vec![scope],
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![resource],
    }
}

pub(crate) fn log(body: &str) -> LogRecord {
    let body = AnyValue {
        value: Some(Value::StringValue(body.to_owned())),
    };
    LogRecord {
        time_unix_nano: 7,
        body: Some(body),
        ..LogRecord::default()
    }
}

pub(crate) fn logs(log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let scope = ScopeLogs {
        log_records,
        ..ScopeLogs::default()
    };
    let resource = ResourceLogs {
        scope_logs: vec![scope],
        ..ResourceLogs::default()
    };
    ExportLogsServiceRequest {
        resource_logs: vec![resource],
    }
}

pub(crate) fn gauge(name: &str, value: i64) -> Metric {
    let value = Some(number_data_point::Value::AsInt(value));
    let point = NumberDataPoint {
        time_unix_nano: 7,
        value,
        ..NumberDataPoint::default()
    };
    let data = Some(Data::Gauge(Gauge {
        data_points: vec![point],
    }));
    Metric {
        name: name.to_owned(),
        data,
        ..Metric::default()
    }
}

pub(crate) fn metrics(metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    let scope = ScopeMetrics {
        metrics,
        ..ScopeMetrics::default()
    };
    let resource = ResourceMetrics {
        scope_metrics: vec![scope],
        ..ResourceMetrics::default()
    };
    ExportMetricsServiceRequest {
        resource_metrics: vec![resource],
    }
}

/// One valid request of each signal.
pub(crate) fn one_of_each() -> [Request; 3] {
    [
        Request::Traces(traces(vec![span("a")])),
        Request::Metrics(metrics(vec![gauge("b", 1)])),
        Request::Logs(logs(vec![log("c")])),
    ]
}

pub(crate) fn text_attribute(key: &str, text: String) -> KeyValue {
    let value = Some(AnyValue {
        value: Some(Value::StringValue(text)),
    });
    KeyValue {
        key: key.to_owned(),
        value,
        ..KeyValue::default()
    }
}
