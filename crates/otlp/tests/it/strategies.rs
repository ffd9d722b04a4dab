//! Arbitrary messages for property tests.

use glassbox_otlp::proto::common::v1::any_value::Value;
use glassbox_otlp::proto::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use glassbox_otlp::proto::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use glassbox_otlp::proto::metrics::v1::exponential_histogram_data_point::Buckets;
use glassbox_otlp::proto::metrics::v1::metric::Data;
use glassbox_otlp::proto::metrics::v1::summary_data_point::ValueAtQuantile;
use glassbox_otlp::proto::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, exemplar, number_data_point,
};
use glassbox_otlp::proto::resource::v1::Resource;
use glassbox_otlp::proto::trace::v1::span::{Event, Link};
use glassbox_otlp::proto::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use glassbox_otlp::proto::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn some<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    vec(of, 0..3)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z.]{1,8}", "\\PC{0,6}"]
}

/// Any double but NaN, which is not equal to itself, and -0.0, which protobuf does not keep.
fn double() -> impl Strategy<Value = f64> {
    use proptest::num::f64::{INFINITE, NEGATIVE, NORMAL, POSITIVE, SUBNORMAL};
    prop_oneof![
        Just(0.0),
        POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | INFINITE
    ]
}

fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = option::of(prop_oneof![
        text().prop_map(Value::StringValue),
        any::<bool>().prop_map(Value::BoolValue),
        any::<i64>().prop_map(Value::IntValue),
        double().prop_map(Value::DoubleValue),
        vec(any::<u8>(), 0..5).prop_map(Value::BytesValue),
    ])
    .prop_map(|value| AnyValue { value });
    leaf.prop_recursive(3, 12, 3, |inner| {
        let pair = (text(), option::of(inner.clone())).prop_map(|(key, value)| KeyValue {
            key,
            value,
            ..KeyValue::default()
        });
        prop_oneof![
            some(inner).prop_map(|values| Value::ArrayValue(ArrayValue { values })),
            some(pair).prop_map(|values| Value::KvlistValue(KeyValueList { values })),
        ]
        .prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    some(
        (text(), option::of(any_value())).prop_map(|(key, value)| KeyValue {
            key,
            value,
            ..KeyValue::default()
        }),
    )
}

fn resource() -> impl Strategy<Value = Option<Resource>> {
    let entity = (text(), text(), some(text()), some(text())).prop_map(
        |(schema_url, r#type, id_keys, description_keys)| EntityRef {
            schema_url,
            r#type,
            id_keys,
            description_keys,
        },
    );
    option::of((attributes(), any::<u32>(), some(entity)).prop_map(
        |(attributes, dropped_attributes_count, entity_refs)| Resource {
            attributes,
            dropped_attributes_count,
            entity_refs,
        },
    ))
}

fn scope() -> impl Strategy<Value = Option<InstrumentationScope>> {
    option::of((text(), text(), attributes(), any::<u32>()).prop_map(
        |(name, version, attributes, dropped_attributes_count)| InstrumentationScope {
            name,
            version,
            attributes,
            dropped_attributes_count,
        },
    ))
}

fn id(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        vec(any::<u8>(), length),
        vec(any::<u8>(), 0..20)
    ]
}

prop_compose! {
    fn event()(
        time_unix_nano: u64,
        name in text(),
        attributes in attributes(),
        dropped_attributes_count: u32,
    ) -> Event {
        Event { time_unix_nano, name, attributes, dropped_attributes_count }
    }
}

prop_compose! {
    fn link()(
        trace_id in id(16),
        span_id in id(8),
        trace_state in text(),
        attributes in attributes(),
        dropped_attributes_count: u32,
        flags: u32,
    ) -> Link {
        Link { trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags }
    }
}

prop_compose! {
    fn span()(
        (trace_id, span_id, parent_span_id) in (id(16), id(8), id(8)),
        (trace_state, name, flags, kind) in (text(), text(), any::<u32>(), any::<i32>()),
        (start_time_unix_nano, end_time_unix_nano) in any::<(u64, u64)>(),
        (dropped_attributes_count, dropped_events_count, dropped_links_count)
            in any::<(u32, u32, u32)>(),
        attributes in attributes(),
        events in some(event()),
        links in some(link()),
        status in option::of((text(), any::<i32>())),
    ) -> Span {
        Span {
            trace_id,
            span_id,
            trace_state,
            parent_span_id,
            flags,
            name,
            kind,
            start_time_unix_nano,
            end_time_unix_nano,
            attributes,
            dropped_attributes_count,
            events,
            dropped_events_count,
            links,
            dropped_links_count,
            status: status.map(|(message, code)| Status { message, code }),
        }
    }
}

prop_compose! {
    fn log_record()(
        (time_unix_nano, observed_time_unix_nano, severity_number) in any::<(u64, u64, i32)>(),
        (severity_text, event_name, body) in (text(), text(), option::of(any_value())),
        attributes in attributes(),
        (dropped_attributes_count, flags) in any::<(u32, u32)>(),
        (trace_id, span_id) in (id(16), id(8)),
    ) -> LogRecord {
        LogRecord {
            time_unix_nano,
            observed_time_unix_nano,
            severity_number,
            severity_text,
            body,
            attributes,
            dropped_attributes_count,
            flags,
            trace_id,
            span_id,
            event_name,
        }
    }
}

prop_compose! {
    fn exemplar()(
        filtered_attributes in attributes(),
        time_unix_nano: u64,
        (span_id, trace_id) in (id(8), id(16)),
        value in option::of(prop_oneof![
            double().prop_map(exemplar::Value::AsDouble),
            any::<i64>().prop_map(exemplar::Value::AsInt),
        ]),
    ) -> Exemplar {
        Exemplar { filtered_attributes, time_unix_nano, span_id, trace_id, value }
    }
}

prop_compose! {
    fn number_point()(
        attributes in attributes(),
        (start_time_unix_nano, time_unix_nano, flags) in any::<(u64, u64, u32)>(),
        exemplars in some(exemplar()),
        value in option::of(prop_oneof![
            double().prop_map(number_data_point::Value::AsDouble),
            any::<i64>().prop_map(number_data_point::Value::AsInt),
        ]),
    ) -> NumberDataPoint {
        NumberDataPoint { attributes, start_time_unix_nano, time_unix_nano, exemplars, flags, value }
    }
}

prop_compose! {
    fn histogram_point()(
        attributes in attributes(),
        (start_time_unix_nano, time_unix_nano, count, flags) in any::<(u64, u64, u64, u32)>(),
        (sum, min, max) in (option::of(double()), option::of(double()), option::of(double())),
        bucket_counts in some(any::<u64>()),
        explicit_bounds in some(double()),
        exemplars in some(exemplar()),
    ) -> HistogramDataPoint {
        HistogramDataPoint {
            attributes,
            start_time_unix_nano,
            time_unix_nano,
            count,
            sum,
            bucket_counts,
            explicit_bounds,
            exemplars,
            flags,
            min,
            max,
        }
    }
}

fn buckets() -> impl Strategy<Value = Option<Buckets>> {
    option::of(
        (any::<i32>(), some(any::<u64>())).prop_map(|(offset, bucket_counts)| Buckets {
            offset,
            bucket_counts,
        }),
    )
}

prop_compose! {
    fn exponential_point()(
        attributes in attributes(),
        (start_time_unix_nano, time_unix_nano, count, flags) in any::<(u64, u64, u64, u32)>(),
        (sum, min, max) in (option::of(double()), option::of(double()), option::of(double())),
        (scale, zero_count) in any::<(i32, u64)>(),
        (positive, negative, zero_threshold) in (buckets(), buckets(), double()),
        exemplars in some(exemplar()),
    ) -> ExponentialHistogramDataPoint {
        ExponentialHistogramDataPoint {
            attributes,
            start_time_unix_nano,
            time_unix_nano,
            count,
            sum,
            scale,
            zero_count,
            positive,
            negative,
            flags,
            exemplars,
            min,
            max,
            zero_threshold,
        }
    }
}

prop_compose! {
    fn summary_point()(
        attributes in attributes(),
        (start_time_unix_nano, time_unix_nano, count, flags) in any::<(u64, u64, u64, u32)>(),
        sum in double(),
        quantile_values in some((double(), double())
            .prop_map(|(quantile, value)| ValueAtQuantile { quantile, value })),
    ) -> SummaryDataPoint {
        SummaryDataPoint {
            attributes,
            start_time_unix_nano,
            time_unix_nano,
            count,
            sum,
            quantile_values,
            flags,
        }
    }
}

fn data() -> impl Strategy<Value = Data> {
    prop_oneof![
        some(number_point()).prop_map(|data_points| Data::Gauge(Gauge { data_points })),
        (some(number_point()), any::<i32>(), any::<bool>()).prop_map(
            |(data_points, aggregation_temporality, is_monotonic)| Data::Sum(Sum {
                data_points,
                aggregation_temporality,
                is_monotonic,
            })
        ),
        (some(histogram_point()), any::<i32>()).prop_map(
            |(data_points, aggregation_temporality)| Data::Histogram(Histogram {
                data_points,
                aggregation_temporality,
            })
        ),
        (some(exponential_point()), any::<i32>()).prop_map(
            |(data_points, aggregation_temporality)| {
                Data::ExponentialHistogram(ExponentialHistogram {
                    data_points,
                    aggregation_temporality,
                })
            }
        ),
        some(summary_point()).prop_map(|data_points| Data::Summary(Summary { data_points })),
    ]
}

prop_compose! {
    fn metric()(
        (name, description, unit) in (text(), text(), text()),
        metadata in attributes(),
        data in option::of(data()),
    ) -> Metric {
        Metric { name, description, unit, metadata, data }
    }
}

pub(crate) fn traces() -> impl Strategy<Value = ExportTraceServiceRequest> {
    let scope_spans =
        (scope(), some(span()), text()).prop_map(|(scope, spans, schema_url)| ScopeSpans {
            scope,
            spans,
            schema_url,
        });
    let resource_spans =
        (resource(), some(scope_spans), text()).prop_map(|(resource, scope_spans, schema_url)| {
            ResourceSpans {
                resource,
                scope_spans,
                schema_url,
            }
        });
    some(resource_spans).prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

pub(crate) fn metrics() -> impl Strategy<Value = ExportMetricsServiceRequest> {
    let scope_metrics =
        (scope(), some(metric()), text()).prop_map(|(scope, metrics, schema_url)| ScopeMetrics {
            scope,
            metrics,
            schema_url,
        });
    let resource_metrics = (resource(), some(scope_metrics), text()).prop_map(
        |(resource, scope_metrics, schema_url)| ResourceMetrics {
            resource,
            scope_metrics,
            schema_url,
        },
    );
    some(resource_metrics)
        .prop_map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics })
}

pub(crate) fn logs() -> impl Strategy<Value = ExportLogsServiceRequest> {
    let scope_logs =
        (scope(), some(log_record()), text()).prop_map(|(scope, log_records, schema_url)| {
            ScopeLogs {
                scope,
                log_records,
                schema_url,
            }
        });
    let resource_logs =
        (resource(), some(scope_logs), text()).prop_map(|(resource, scope_logs, schema_url)| {
            ResourceLogs {
                resource,
                scope_logs,
                schema_url,
            }
        });
    some(resource_logs).prop_map(|resource_logs| ExportLogsServiceRequest { resource_logs })
}
