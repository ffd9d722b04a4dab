//! Encodes the SDK's data as export requests.

mod byte_values;

use super::item::{LogItem, SpanItem};
use crate::{Signal, parcel::Parcel};
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
    logs::LogBatch,
    metrics::data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics},
};
use prost::Message;
use std::{fmt, sync::Arc};

/// The resource in the form in which requests contain it.
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

pub(super) fn spans(batch: Vec<SpanItem>, resource: &SharedResource) -> Parcel {
    let items = batch.len();
    let (plain, with_bytes): (Vec<_>, Vec<_>) =
        batch.into_iter().partition(|item| item.bytes.is_empty());
    let plain: Vec<_> = plain.into_iter().map(|item| item.data).collect();
    let mut resource_spans = group_spans_by_resource_and_scope(plain, &resource.0);
    for item in with_bytes {
        let encoded = group_spans_by_resource_and_scope(vec![item.data], &resource.0);
        byte_values::add(&mut resource_spans, encoded, item.bytes);
    }
    let request = ExportTraceServiceRequest { resource_spans };
    parcel(Signal::Traces, items, &request)
}

pub(super) fn logs(batch: Vec<LogItem>, resource: &SharedResource) -> Parcel {
    let borrowed: Vec<_> = batch.iter().map(|item| (&item.0, &item.1)).collect();
    let resource_logs = group_logs_by_resource_and_scope(&LogBatch::new(&borrowed), &resource.0);
    let request = ExportLogsServiceRequest { resource_logs };
    parcel(Signal::Logs, batch.len(), &request)
}

pub(super) fn points(collected: &ResourceMetrics) -> Parcel {
    let scopes = collected.scope_metrics();
    let items = scopes
        .flat_map(|scope| scope.metrics())
        .map(points_of)
        .sum();
    let request = ExportMetricsServiceRequest::from(collected);
    parcel(Signal::Metrics, items, &request)
}

fn parcel(signal: Signal, items: usize, request: &impl Message) -> Parcel {
    Parcel {
        signal,
        items,
        body: request.encode_to_vec().into(),
    }
}

/// The number of data points of a metric.
fn points_of(metric: &Metric) -> usize {
    match metric.data() {
        AggregatedMetrics::F64(data) => count(data),
        AggregatedMetrics::U64(data) => count(data),
        AggregatedMetrics::I64(data) => count(data),
    }
}

fn count<T: Copy>(data: &MetricData<T>) -> usize {
    match data {
        MetricData::Gauge(gauge) => gauge.data_points().count(),
        MetricData::Sum(sum) => sum.data_points().count(),
        MetricData::Histogram(histogram) => histogram.data_points().count(),
        MetricData::ExponentialHistogram(histogram) => histogram.data_points().count(),
    }
}

#[cfg(test)]
mod tests;
