//! The fields of metrics.

use super::binary::Hex;
use super::enums::Enum;
use super::message::{Many, Maybe, Msg, Records, messages};
use super::scalar::{Double, Flag, Int, Text};
use crate::proto::metrics::v1::exponential_histogram_data_point::Buckets;
use crate::proto::metrics::v1::metric::Data;
use crate::proto::metrics::v1::summary_data_point::ValueAtQuantile;
use crate::proto::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge,
    Histogram, HistogramDataPoint, Metric, MetricsData, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar, number_data_point,
};
use crate::proto::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};

messages! {
    ExportMetricsServiceRequest {
        "resourceMetrics" => resource_metrics: Many<Msg>,
    }

    ExportMetricsServiceResponse {
        "partialSuccess" => partial_success: Maybe<Msg>,
    }

    ExportMetricsPartialSuccess {
        "rejectedDataPoints" => rejected_data_points: Int,
        "errorMessage" => error_message: Text,
    }

    MetricsData {
        "resourceMetrics" => resource_metrics: Many<Msg>,
    }

    ResourceMetrics {
        "resource" => resource: Maybe<Msg>,
        "scopeMetrics" | "instrumentationLibraryMetrics" => scope_metrics: Many<Msg>,
        "schemaUrl" => schema_url: Text,
    }

    ScopeMetrics {
        "scope" | "instrumentationLibrary" => scope: Maybe<Msg>,
        "metrics" => metrics: Records<Msg>,
        "schemaUrl" => schema_url: Text,
    }

    Metric {
        "name" => name: Text,
        "description" => description: Text,
        "unit" => unit: Text,
        "metadata" => metadata: Many<Msg>,
        oneof data {
            "gauge" => Data::Gauge: Msg,
            "sum" => Data::Sum: Msg,
            "histogram" => Data::Histogram: Msg,
            "exponentialHistogram" => Data::ExponentialHistogram: Msg,
            "summary" => Data::Summary: Msg,
        }
    }

    Gauge {
        "dataPoints" => data_points: Records<Msg>,
    }

    Sum {
        "dataPoints" => data_points: Records<Msg>,
        "aggregationTemporality" => aggregation_temporality: Enum<AggregationTemporality>,
        "isMonotonic" => is_monotonic: Flag,
    }

    Histogram {
        "dataPoints" => data_points: Records<Msg>,
        "aggregationTemporality" => aggregation_temporality: Enum<AggregationTemporality>,
    }

    ExponentialHistogram {
        "dataPoints" => data_points: Records<Msg>,
        "aggregationTemporality" => aggregation_temporality: Enum<AggregationTemporality>,
    }

    Summary {
        "dataPoints" => data_points: Records<Msg>,
    }

    NumberDataPoint {
        "attributes" => attributes: Many<Msg>,
        "startTimeUnixNano" => start_time_unix_nano: Int,
        "timeUnixNano" => time_unix_nano: Int,
        "exemplars" => exemplars: Many<Msg>,
        "flags" => flags: Int,
        oneof value {
            "asDouble" => number_data_point::Value::AsDouble: Double,
            "asInt" => number_data_point::Value::AsInt: Int,
        }
    }

    HistogramDataPoint {
        "attributes" => attributes: Many<Msg>,
        "startTimeUnixNano" => start_time_unix_nano: Int,
        "timeUnixNano" => time_unix_nano: Int,
        "count" => count: Int,
        "sum" => sum: Maybe<Double>,
        "bucketCounts" => bucket_counts: Many<Int>,
        "explicitBounds" => explicit_bounds: Many<Double>,
        "exemplars" => exemplars: Many<Msg>,
        "flags" => flags: Int,
        "min" => min: Maybe<Double>,
        "max" => max: Maybe<Double>,
    }

    ExponentialHistogramDataPoint {
        "attributes" => attributes: Many<Msg>,
        "startTimeUnixNano" => start_time_unix_nano: Int,
        "timeUnixNano" => time_unix_nano: Int,
        "count" => count: Int,
        "sum" => sum: Maybe<Double>,
        "scale" => scale: Int,
        "zeroCount" => zero_count: Int,
        "positive" => positive: Maybe<Msg>,
        "negative" => negative: Maybe<Msg>,
        "flags" => flags: Int,
        "exemplars" => exemplars: Many<Msg>,
        "min" => min: Maybe<Double>,
        "max" => max: Maybe<Double>,
        "zeroThreshold" => zero_threshold: Double,
    }

    Buckets {
        "offset" => offset: Int,
        "bucketCounts" => bucket_counts: Many<Int>,
    }

    SummaryDataPoint {
        "attributes" => attributes: Many<Msg>,
        "startTimeUnixNano" => start_time_unix_nano: Int,
        "timeUnixNano" => time_unix_nano: Int,
        "count" => count: Int,
        "sum" => sum: Double,
        "quantileValues" => quantile_values: Many<Msg>,
        "flags" => flags: Int,
    }

    ValueAtQuantile {
        "quantile" => quantile: Double,
        "value" => value: Double,
    }

    Exemplar {
        "filteredAttributes" => filtered_attributes: Many<Msg>,
        "timeUnixNano" => time_unix_nano: Int,
        "spanId" => span_id: Hex,
        "traceId" => trace_id: Hex,
        oneof value {
            "asDouble" => exemplar::Value::AsDouble: Double,
            "asInt" => exemplar::Value::AsInt: Int,
        }
    }
}
