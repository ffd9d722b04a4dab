//! Data points as JSON.

use glassbox_otlp::proto::common::v1::KeyValue;
use glassbox_otlp::proto::metrics::v1::exponential_histogram_data_point::Buckets;
use glassbox_otlp::proto::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint, SummaryDataPoint,
    exemplar, number_data_point,
};
use glassbox_otlp::wire::Fields;
use glassbox_store::MetricKind;
use serde_json::{Value, json};

use super::super::cut::Knife;
use super::super::record::decode;
use super::super::render::{attributes, id, number};

/// Finds the encoded points of an encoded metric.
pub(super) fn encoded(metric: &[u8], kind: MetricKind) -> impl Iterator<Item = &[u8]> {
    let number = match kind {
        MetricKind::Gauge => 5,
        MetricKind::Sum => 7,
        MetricKind::Histogram => 9,
        MetricKind::ExponentialHistogram => 10,
        _ => 11,
    };
    // If a sender repeats the field, the last one counts, as it does for the index.
    let data = fields(metric, number).last().unwrap_or_default();
    fields(data, 1)
}

fn fields(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    let fields = Fields::new(message).filter_map(Result::ok);
    let wanted = fields.filter(move |field| field.number == number);
    wanted.map(|field| field.value.bytes())
}

/// Decodes and renders a point; also returns its attributes. Large values are cut by `knife`.
pub(super) fn point(
    bytes: &[u8],
    kind: MetricKind,
    knife: &mut Knife<'_>,
) -> (Vec<KeyValue>, Value) {
    match kind {
        MetricKind::Gauge | MetricKind::Sum => {
            let mut point: NumberDataPoint = decode(bytes);
            knife.exemplars(&mut point.exemplars);
            let json = number_point(&point);
            (point.attributes, json)
        }
        MetricKind::Histogram => {
            let mut point: HistogramDataPoint = decode(bytes);
            knife.exemplars(&mut point.exemplars);
            let json = histogram_point(&point);
            (point.attributes, json)
        }
        MetricKind::ExponentialHistogram => {
            let mut point: ExponentialHistogramDataPoint = decode(bytes);
            knife.exemplars(&mut point.exemplars);
            let json = exponential_point(&point);
            (point.attributes, json)
        }
        _ => {
            let point: SummaryDataPoint = decode(bytes);
            let json = summary_point(&point);
            (point.attributes, json)
        }
    }
}

fn number_point(point: &NumberDataPoint) -> Value {
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
    add_flags(&mut json, point.flags);
    add_exemplars(&mut json, &point.exemplars);
    json
}

fn histogram_point(point: &HistogramDataPoint) -> Value {
    let bounds = point.explicit_bounds.iter().map(|bound| number(*bound));
    let mut json = json!({
        "time_unix_nano": point.time_unix_nano,
        "start_unix_nano": point.start_time_unix_nano,
        "count": point.count,
        "sum": point.sum.map(number),
        "min": point.min.map(number),
        "max": point.max.map(number),
        "bounds": bounds.collect::<Value>(),
        "buckets": point.bucket_counts,
    });
    add_flags(&mut json, point.flags);
    add_exemplars(&mut json, &point.exemplars);
    json
}

fn exponential_point(point: &ExponentialHistogramDataPoint) -> Value {
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
    add_flags(&mut json, point.flags);
    add_exemplars(&mut json, &point.exemplars);
    json
}

fn summary_point(point: &SummaryDataPoint) -> Value {
    let quantiles = point
        .quantile_values
        .iter()
        .map(|at| json!({ "quantile": number(at.quantile), "value": number(at.value) }));
    let mut json = json!({
        "time_unix_nano": point.time_unix_nano,
        "start_unix_nano": point.start_time_unix_nano,
        "count": point.count,
        "sum": number(point.sum),
        "quantiles": quantiles.collect::<Value>(),
    });
    add_flags(&mut json, point.flags);
    json
}

/// Adds the flags of a point if any is set.
fn add_flags(point: &mut Value, flags: u32) {
    if flags != 0 {
        point["flags"] = json!(flags);
    }
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
