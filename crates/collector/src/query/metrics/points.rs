//! Data points as JSON.

use glassbox_otlp::proto::common::v1::KeyValue;
use glassbox_otlp::proto::metrics::v1::exponential_histogram_data_point::Buckets;
use glassbox_otlp::proto::metrics::v1::metric::Data;
use glassbox_otlp::proto::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint,
    SummaryDataPoint, exemplar, number_data_point,
};
use serde_json::{Value, json};

use super::super::render::{attributes, id, number};

/// Returns the points of a metric in wire order, each with its attributes.
pub(super) fn points(metric: &Metric) -> Vec<(&[KeyValue], Value)> {
    match &metric.data {
        Some(Data::Gauge(gauge)) => all(&gauge.data_points, number_point),
        Some(Data::Sum(sum)) => all(&sum.data_points, number_point),
        Some(Data::Histogram(histogram)) => all(&histogram.data_points, histogram_point),
        Some(Data::ExponentialHistogram(histogram)) => {
            all(&histogram.data_points, exponential_point)
        }
        Some(Data::Summary(summary)) => all(&summary.data_points, summary_point),
        None => Vec::new(),
    }
}

fn all<P>(points: &[P], render: fn(&P) -> (&[KeyValue], Value)) -> Vec<(&[KeyValue], Value)> {
    points.iter().map(render).collect()
}

fn number_point(point: &NumberDataPoint) -> (&[KeyValue], Value) {
    let value = match point.value {
        Some(number_data_point::Value::AsInt(value)) => json!(value),
        Some(number_data_point::Value::AsDouble(value)) => number(value),
        None => Value::Null,
    };
    let mut json = json!({
        "time_unix_nano": point.time_unix_nano,
        "start_unix_nano": point.start_time_unix_nano,
        "value": value,
    });
    add_exemplars(&mut json, &point.exemplars);
    (&point.attributes, json)
}

fn histogram_point(point: &HistogramDataPoint) -> (&[KeyValue], Value) {
    let mut json = json!({
        "time_unix_nano": point.time_unix_nano,
        "start_unix_nano": point.start_time_unix_nano,
        "count": point.count,
        "sum": point.sum.map(number),
        "min": point.min.map(number),
        "max": point.max.map(number),
        "bounds": point.explicit_bounds,
        "buckets": point.bucket_counts,
    });
    add_exemplars(&mut json, &point.exemplars);
    (&point.attributes, json)
}

fn exponential_point(point: &ExponentialHistogramDataPoint) -> (&[KeyValue], Value) {
    let side = |buckets: &Option<Buckets>| {
        buckets
            .as_ref()
            .map(|side| json!({ "offset": side.offset, "buckets": side.bucket_counts }))
    };
    let mut json = json!({
        "time_unix_nano": point.time_unix_nano,
        "start_unix_nano": point.start_time_unix_nano,
        "count": point.count,
        "sum": point.sum.map(number),
        "min": point.min.map(number),
        "max": point.max.map(number),
        "scale": point.scale,
        "zero_count": point.zero_count,
        "zero_threshold": number(point.zero_threshold),
        "positive": side(&point.positive),
        "negative": side(&point.negative),
    });
    add_exemplars(&mut json, &point.exemplars);
    (&point.attributes, json)
}

fn summary_point(point: &SummaryDataPoint) -> (&[KeyValue], Value) {
    let quantiles = point
        .quantile_values
        .iter()
        .map(|at| json!({ "quantile": at.quantile, "value": number(at.value) }));
    let json = json!({
        "time_unix_nano": point.time_unix_nano,
        "start_unix_nano": point.start_time_unix_nano,
        "count": point.count,
        "sum": number(point.sum),
        "quantiles": quantiles.collect::<Value>(),
    });
    (&point.attributes, json)
}

fn add_exemplars(point: &mut Value, exemplars: &[Exemplar]) {
    if exemplars.is_empty() {
        return;
    }
    let exemplars = exemplars.iter().map(|exemplar| {
        json!({
            "time_unix_nano": exemplar.time_unix_nano,
            "value": match exemplar.value {
                Some(exemplar::Value::AsInt(value)) => json!(value),
                Some(exemplar::Value::AsDouble(value)) => number(value),
                None => Value::Null,
            },
            "trace_id": id(&exemplar.trace_id),
            "span_id": id(&exemplar.span_id),
            "attributes": attributes(&exemplar.filtered_attributes),
        })
    });
    point["exemplars"] = exemplars.collect();
}
