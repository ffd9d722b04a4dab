//! From the SDK's data to the bytes of a request.

use opentelemetry::InstrumentationScope;
use opentelemetry_proto::{
    tonic::collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    transform::{
        common::tonic::ResourceAttributesWithSchema, logs::tonic::group_logs_by_resource_and_scope,
        trace::tonic::group_spans_by_resource_and_scope,
    },
};
use opentelemetry_sdk::{
    Resource,
    logs::{LogBatch, SdkLogRecord},
    metrics::data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics},
    trace::SpanData,
};
use prost::Message;
use std::{fmt, sync::Arc};

/// A record and the scope that it came from.
pub(crate) type LogItem = Box<(SdkLogRecord, InstrumentationScope)>;

/// The resource in the form that requests carry.
#[derive(Clone)]
pub(super) struct SharedResource(Arc<ResourceAttributesWithSchema>);

impl From<&Resource> for SharedResource {
    fn from(resource: &Resource) -> Self {
        Self(Arc::new(resource.into()))
    }
}

impl fmt::Debug for SharedResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedResource")
    }
}

pub(super) fn spans(batch: Vec<SpanData>, resource: &SharedResource) -> Vec<u8> {
    let resource_spans = group_spans_by_resource_and_scope(batch, &resource.0);
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

pub(super) fn logs(batch: Vec<LogItem>, resource: &SharedResource) -> Vec<u8> {
    let borrowed: Vec<_> = batch.iter().map(|item| (&item.0, &item.1)).collect();
    let batch = LogBatch::new(&borrowed);
    let resource_logs = group_logs_by_resource_and_scope(&batch, &resource.0);
    ExportLogsServiceRequest { resource_logs }.encode_to_vec()
}

pub(super) fn points(collected: &ResourceMetrics) -> Vec<u8> {
    ExportMetricsServiceRequest::from(collected).encode_to_vec()
}

/// How many data points there are.
pub(super) fn count(collected: &ResourceMetrics) -> usize {
    let scopes = collected.scope_metrics();
    scopes.flat_map(|scope| scope.metrics()).map(of).sum()
}

fn of(metric: &Metric) -> usize {
    match metric.data() {
        AggregatedMetrics::F64(data) => of_data(data),
        AggregatedMetrics::U64(data) => of_data(data),
        AggregatedMetrics::I64(data) => of_data(data),
    }
}

fn of_data<T: Copy>(data: &MetricData<T>) -> usize {
    match data {
        MetricData::Gauge(gauge) => gauge.data_points().count(),
        MetricData::Sum(sum) => sum.data_points().count(),
        MetricData::Histogram(histogram) => histogram.data_points().count(),
        MetricData::ExponentialHistogram(histogram) => histogram.data_points().count(),
    }
}

#[cfg(test)]
mod tests;
