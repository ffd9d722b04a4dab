//! The API shows what a client sent, field by field, over every protocol and encoding.

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValueList};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, NumberDataPoint, Summary, SummaryDataPoint, exemplar, number_data_point,
};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message;
use serde_json::{Value, json};

use crate::client::{export, get_json, post, send};
use crate::records::{
    attribute, hex, log, logs, metric, metrics, now, point, span, sum, text, trace_id, traces,
};
use crate::{start, stop};

fn full_span(start: u64) -> Span {
    let list = ArrayValue {
        values: [Any::IntValue(1), Any::StringValue("two".to_owned())]
            .map(|value| AnyValue { value: Some(value) })
            .to_vec(),
    };
    let event = Event {
        time_unix_nano: start + 5,
        name: "exception".to_owned(),
        attributes: vec![text("exception.type", "Timeout")],
        ..Event::default()
    };
    let link = Link {
        trace_id: trace_id(9),
        span_id: vec![9; 8],
        ..Link::default()
    };
    Span {
        kind: 3,
        end_time_unix_nano: start + 250,
        attributes: vec![
            text("http.request.method", "GET"),
            attribute("http.response.status_code", Any::IntValue(503)),
            attribute("big", Any::IntValue(i64::MAX)),
            attribute("ratio", Any::DoubleValue(0.5)),
            attribute("odd", Any::DoubleValue(f64::NAN)),
            attribute("retried", Any::BoolValue(true)),
            attribute("list", Any::ArrayValue(list)),
            attribute(
                "map",
                Any::KvlistValue(KeyValueList {
                    values: vec![text("a", "b")],
                }),
            ),
            attribute("bytes", Any::BytesValue(vec![1, 2, 255])),
        ],
        events: vec![event],
        links: vec![link],
        status: Some(Status {
            code: 2,
            message: "timed out".to_owned(),
        }),
        ..span(1, 2, 1, "GET /forecast", start)
    }
}

fn expected_scope() -> Value {
    json!({
        "name": "tests",
        "version": "1.0",
        "attributes": {},
        "dropped_attributes": 0,
        "schema_url": null,
    })
}

fn expected_span(start: u64) -> Value {
    json!({
        "trace_id": hex(&trace_id(1)),
        "span_id": "0000000000000002",
        "parent_span_id": "0000000000000001",
        "service": "weather",
        "instance": "weather-1",
        "name": "GET /forecast",
        "kind": "client",
        "start_unix_nano": start,
        "end_unix_nano": start + 250,
        "duration_nano": 250,
        "status": "error",
        "status_message": "timed out",
        "attributes": {
            "http.request.method": "GET",
            "http.response.status_code": 503,
            "big": i64::MAX,
            "ratio": 0.5,
            "odd": "NaN",
            "retried": true,
            "list": [1, "two"],
            "map": {"a": "b"},
            "bytes": "AQL/",
        },
        "events": [{
            "time_unix_nano": start + 5,
            "name": "exception",
            "attributes": {"exception.type": "Timeout"},
            "dropped_attributes": 0,
        }],
        "links": [{
            "trace_id": hex(&trace_id(9)),
            "span_id": "0909090909090909",
            "trace_state": null,
            "flags": 0,
            "attributes": {},
            "dropped_attributes": 0,
        }],
        "trace_state": null,
        "flags": 0,
        "dropped_attributes": 0,
        "dropped_events": 0,
        "dropped_links": 0,
        "resource": {"service.name": "weather", "service.instance.id": "weather-1"},
        "resource_dropped_attributes": 0,
        "resource_schema_url": null,
        "scope": expected_scope(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_is_read_back_field_by_field() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let time = now();
    export(
        http,
        "/v1/traces",
        &traces("weather", vec![full_span(time)]).encode_to_vec(),
    )
    .await;
    let answer = get_json(
        page,
        &format!("/api/otel/traces?trace_id={}", hex(&trace_id(1))),
    )
    .await;
    assert_eq!(answer["trace_id"], hex(&trace_id(1)));
    assert_eq!(
        (&answer["total"], &answer["returned"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(answer["spans"][0], expected_span(time));
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn protobuf_json_and_gzip_store_the_same_span() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let time = now();
    let json = json!({"resourceSpans": [{
        "resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": "weather"}},
            {"key": "service.instance.id", "value": {"stringValue": "weather-1"}},
        ]},
        "scopeSpans": [{"scope": {"name": "tests", "version": "1.0"}, "spans": [{
            "traceId": hex(&trace_id(1)).to_uppercase(),
            "spanId": "0000000000000002",
            "parentSpanId": "0000000000000001",
            "name": "GET /forecast",
            "kind": 3,
            "startTimeUnixNano": time.to_string(),
            "endTimeUnixNano": time + 250,
            "attributes": [
                {"key": "http.request.method", "value": {"stringValue": "GET"}},
                {"key": "http.response.status_code", "value": {"intValue": "503"}},
                {"key": "big", "value": {"intValue": i64::MAX.to_string()}},
                {"key": "ratio", "value": {"doubleValue": 0.5}},
                {"key": "odd", "value": {"doubleValue": "NaN"}},
                {"key": "retried", "value": {"boolValue": true}},
                {"key": "list", "value": {"arrayValue": {"values": [
                    {"intValue": 1}, {"stringValue": "two"}]}}},
                {"key": "map", "value": {"kvlistValue": {"values": [
                    {"key": "a", "value": {"stringValue": "b"}}]}}},
                {"key": "bytes", "value": {"bytesValue": "AQL/"}},
            ],
            "events": [{"timeUnixNano": (time + 5).to_string(), "name": "exception", "attributes": [
                {"key": "exception.type", "value": {"stringValue": "Timeout"}}]}],
            "links": [{"traceId": hex(&trace_id(9)), "spanId": "0909090909090909"}],
            "status": {"code": 2, "message": "timed out"},
        }]}],
    }]});
    let posted = post(
        http,
        "/v1/traces",
        "application/json",
        json.to_string().as_bytes(),
    )
    .await;
    assert_eq!(posted.status, 200);
    assert_eq!(posted.json(), json!({}));
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    let request = traces("weather", vec![full_span(time)]).encode_to_vec();
    std::io::Write::write_all(&mut gzip, &request).unwrap();
    let headers = [
        ("Content-Type", "application/x-protobuf"),
        ("Content-Encoding", "gzip"),
    ];
    let posted = send(
        "POST",
        http,
        "/v1/traces",
        &headers,
        &gzip.finish().unwrap(),
    )
    .await;
    assert_eq!(posted.status, 200);
    let answer = get_json(
        page,
        &format!("/api/otel/traces?trace_id={}", hex(&trace_id(1))),
    )
    .await;
    assert_eq!(answer["spans"], json!([expected_span(time)]));
    assert_eq!(
        answer["summary"]["repeated"], 1,
        "both are stored as the same bytes"
    );
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_record_is_read_back_field_by_field() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let page = backend.endpoints().page();
    let time = now();
    let mut record = log("", time, 17);
    record.observed_time_unix_nano = time + 3;
    record.severity_text = "ERROR".to_owned();
    record.event_name = "tool.failed".to_owned();
    record.body = Some(AnyValue {
        value: Some(Any::KvlistValue(KeyValueList {
            values: vec![text("why", "timeout")],
        })),
    });
    record.trace_id = trace_id(1);
    record.span_id = vec![0, 0, 0, 0, 0, 0, 0, 2];
    record.attributes = vec![text("code.file.path", "src/main.rs")];
    let grpc = backend.endpoints().grpc().to_owned();
    let mut client = LogsServiceClient::connect(grpc).await.unwrap();
    client
        .export(logs("weather", vec![record, log("plain", time - 1, 0)]))
        .await
        .unwrap();

    let answer = get_json(page, "/api/otel/logs").await;
    let found = &answer["logs"][0];
    let expected = json!({
        "cursor": found["cursor"],
        "time_unix_nano": time,
        "observed_unix_nano": time + 3,
        "severity_number": 17,
        "severity_text": "ERROR",
        "body": {"why": "timeout"},
        "event_name": "tool.failed",
        "service": "weather",
        "instance": "weather-1",
        "trace_id": hex(&trace_id(1)),
        "span_id": "0000000000000002",
        "flags": 0,
        "attributes": {"code.file.path": "src/main.rs"},
        "dropped_attributes": 0,
        "resource": {"service.name": "weather", "service.instance.id": "weather-1"},
        "resource_dropped_attributes": 0,
        "resource_schema_url": null,
        "scope": expected_scope(),
    });
    assert_eq!(found, &expected);
    let plain = &answer["logs"][1];
    assert_eq!(
        (&plain["trace_id"], &plain["event_name"]),
        (&Value::Null, &Value::Null)
    );
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_posted_to_the_api_are_answered_as_the_receiver_answers() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let page = backend.endpoints().page();
    let body = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [
        {"timeUnixNano": now().to_string(), "body": {"stringValue": "from the browser"}},
    ]}]}]});
    let posted = post(
        page,
        "/api/otel/logs",
        "application/json",
        body.to_string().as_bytes(),
    )
    .await;
    assert_eq!((posted.status, posted.json()), (200, json!({})));
    let answer = get_json(page, "/api/otel/logs").await;
    assert_eq!(answer["logs"][0]["body"], "from the browser");
    assert_eq!(answer["logs"][0]["service"], "unknown_service");
    let wrong = post(page, "/api/otel/logs", "application/json", b"{]").await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.json()["message"].is_string());
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn points_of_every_kind_are_read_back_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let page = backend.endpoints().page();
    let gauge = NumberDataPoint {
        time_unix_nano: 20,
        value: Some(number_data_point::Value::AsDouble(1.5)),
        exemplars: vec![Exemplar {
            time_unix_nano: 19,
            trace_id: trace_id(1),
            span_id: vec![1; 8],
            value: Some(exemplar::Value::AsDouble(1.5)),
            ..Exemplar::default()
        }],
        ..NumberDataPoint::default()
    };
    let histogram = HistogramDataPoint {
        start_time_unix_nano: 1,
        time_unix_nano: 20,
        count: 3,
        sum: Some(6.0),
        explicit_bounds: vec![1.0, 2.0],
        bucket_counts: vec![0, 1, 2],
        max: Some(4.0),
        ..HistogramDataPoint::default()
    };
    let exponential = ExponentialHistogramDataPoint {
        start_time_unix_nano: 1,
        time_unix_nano: 20,
        count: 4,
        scale: 3,
        zero_count: 1,
        positive: Some(Buckets {
            offset: -2,
            bucket_counts: vec![1, 2],
        }),
        ..ExponentialHistogramDataPoint::default()
    };
    let summary = SummaryDataPoint {
        time_unix_nano: 20,
        count: 2,
        sum: 3.0,
        quantile_values: vec![ValueAtQuantile {
            quantile: 0.5,
            value: 1.0,
        }],
        ..SummaryDataPoint::default()
    };
    let all = vec![
        metric(
            "g",
            Data::Gauge(Gauge {
                data_points: vec![gauge],
            }),
        ),
        metric(
            "h",
            Data::Histogram(Histogram {
                data_points: vec![histogram],
                aggregation_temporality: 1,
            }),
        ),
        metric(
            "e",
            Data::ExponentialHistogram(ExponentialHistogram {
                data_points: vec![exponential],
                aggregation_temporality: 2,
            }),
        ),
        metric(
            "s",
            Data::Summary(Summary {
                data_points: vec![summary],
            }),
        ),
        sum(
            "c",
            vec![
                point(1, 20, vec![text("tool", "time")]),
                point(5, 20, vec![]),
            ],
        ),
    ];
    let grpc = backend.endpoints().grpc().to_owned();
    let mut client = MetricsServiceClient::connect(grpc).await.unwrap();
    client.export(metrics("agent", all)).await.unwrap();

    let listed = get_json(page, "/api/otel/metrics").await;
    assert_eq!(listed["total"], 5);
    let counter = &listed["metrics"][0];
    let expected = json!({
        "name": "c", "unit": "{call}", "description": "How often.", "kind": "sum",
        "monotonic": true, "temporality": "cumulative", "services": ["agent"], "series": 2,
        "points": 2, "last_unix_nano": 20, "conflicts": [],
    });
    assert_eq!(counter, &expected);
    let kinds: Vec<&str> = listed["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "sum",
            "exponential_histogram",
            "gauge",
            "histogram",
            "summary"
        ]
    );
    assert_eq!(listed["metrics"][3]["temporality"], "delta");
    assert_eq!(listed["metrics"][2]["monotonic"], Value::Null);

    let only = async |name: &str| {
        let answer = get_json(page, &format!("/api/otel/metrics?name={name}")).await;
        assert_eq!(answer["metric"]["name"], name);
        answer["series"][0]["points"][0].clone()
    };
    let exemplar = json!({
        "time_unix_nano": 19, "value": 1.5, "trace_id": hex(&trace_id(1)),
        "span_id": "0101010101010101", "attributes": {},
    });
    assert_eq!(
        only("g").await,
        json!({"time_unix_nano": 20, "start_unix_nano": 0, "value": 1.5, "exemplars": [exemplar]})
    );
    assert_eq!(
        only("h").await,
        json!({
            "time_unix_nano": 20, "start_unix_nano": 1, "count": 3, "sum": 6.0, "min": null,
            "max": 4.0, "bounds": [1.0, 2.0], "buckets": [0, 1, 2],
        })
    );
    assert_eq!(
        only("e").await,
        json!({
            "time_unix_nano": 20, "start_unix_nano": 1, "count": 4, "sum": null, "min": null,
            "max": null, "scale": 3, "zero_count": 1, "zero_threshold": 0.0,
            "positive": {"offset": -2, "buckets": [1, 2]}, "negative": null,
        })
    );
    assert_eq!(
        only("s").await,
        json!({
            "time_unix_nano": 20, "start_unix_nano": 0, "count": 2, "sum": 3.0,
            "quantiles": [{"quantile": 0.5, "value": 1.0}],
        })
    );
    let series = get_json(page, "/api/otel/metrics?name=c").await;
    assert_eq!(series["series"][0]["attributes"], json!({"tool": "time"}));
    assert_eq!(series["series"][0]["points"][0]["value"], 1);
    assert_eq!(series["series"][1]["attributes"], json!({}));
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn otlp_is_taken_at_the_paths_that_people_mistake_for_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let request = traces("agent", vec![span(1, 1, 0, "a", now())]).encode_to_vec();
    for path in ["/v1/traces", "/otlp/v1/traces", "/api/otel/v1/traces"] {
        export(http, path, &request).await;
    }
    let lost = post(http, "/v1/spans", "application/x-protobuf", &request).await;
    assert_eq!(lost.status, 404);
    let status = get_json(page, "/api/status").await;
    assert_eq!(
        status["received"],
        json!({"spans": 3, "log_records": 0, "data_points": 0})
    );
    assert_eq!(status["refused"], json!({"path": 1}));
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn single_bad_records_are_rejected_and_counted_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let good = span(1, 1, 0, "good", now());
    let bad = Span {
        trace_id: vec![0; 16],
        ..span(1, 2, 0, "bad", now())
    };
    let request = traces("agent", vec![good, bad]).encode_to_vec();
    let answer = post(http, "/v1/traces", "application/x-protobuf", &request).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.body.is_empty(), "the client is told");
    let status = get_json(page, "/api/status").await;
    assert_eq!(status["store"]["spans"], 1);
    let rejected = status["rejected"].as_object().unwrap();
    assert_eq!(
        rejected.values().filter_map(Value::as_u64).sum::<u64>(),
        1,
        "{rejected:?}"
    );
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_this_version_does_not_know_are_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let known = traces("agent", vec![span(1, 1, 0, "a", now())]).encode_to_vec();
    // Field 100 as a varint, as bytes, and as a group, a deprecated encoding.
    for unknown in [
        &[0xa0, 0x06, 1][..],
        &[0xa2, 0x06, 2, 7, 7],
        &[0xa3, 0x06, 0xa4, 0x06],
    ] {
        export(http, "/v1/traces", &[&known, unknown].concat()).await;
    }
    let answer = get_json(
        page,
        &format!("/api/otel/traces?trace_id={}", hex(&trace_id(1))),
    )
    .await;
    assert_eq!(answer["returned"], 1);
    assert_eq!(answer["summary"]["repeated"], 2);
    stop(backend).await;
}
