//! The API shows everything that an SDK sent.

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Histogram, HistogramDataPoint, Metric};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use prost::Message;
use serde_json::json;

use crate::client::{export, get_json};
use crate::records::{hex, log, logs, metrics, now, span, text, trace_id, traces};
use crate::{start, stop};

#[tokio::test(flavor = "multi_thread")]
async fn a_span_has_its_trace_state_its_flags_and_what_its_sdk_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let mut sent = span(1, 1, 0, "a", now());
    sent.trace_state = "vendor=1".to_owned();
    sent.flags = 0x301;
    sent.dropped_attributes_count = 2;
    sent.dropped_events_count = 3;
    sent.dropped_links_count = 4;
    sent.events = vec![Event {
        name: "e".to_owned(),
        dropped_attributes_count: 5,
        ..Event::default()
    }];
    sent.links = vec![Link {
        trace_id: trace_id(9),
        span_id: vec![7; 8],
        trace_state: "other=2".to_owned(),
        flags: 1,
        dropped_attributes_count: 6,
        ..Link::default()
    }];
    let mut request = traces("agent", vec![sent]);
    let group = &mut request.resource_spans[0];
    group.schema_url = "https://opentelemetry.io/schemas/1.40.0".to_owned();
    group.resource.as_mut().unwrap().dropped_attributes_count = 7;
    group.scope_spans[0].schema_url = "https://opentelemetry.io/schemas/1.41.0".to_owned();
    let scope = group.scope_spans[0].scope.get_or_insert_default();
    scope.dropped_attributes_count = 8;
    export(http, "/v1/traces", &request.encode_to_vec()).await;
    let path = format!("/api/otel/traces?trace_id={}", hex(&trace_id(1)));
    let shown = &get_json(page, &path).await["spans"][0];
    assert_eq!(shown["trace_state"], "vendor=1");
    assert_eq!(shown["flags"], 0x301);
    assert_eq!(shown["dropped_attributes"], 2);
    assert_eq!(shown["dropped_events"], 3);
    assert_eq!(shown["dropped_links"], 4);
    assert_eq!(shown["events"][0]["dropped_attributes"], 5);
    let link = &shown["links"][0];
    assert_eq!(
        (&link["trace_state"], &link["flags"]),
        (&json!("other=2"), &json!(1))
    );
    assert_eq!(link["dropped_attributes"], 6);
    assert_eq!(
        shown["resource_schema_url"],
        "https://opentelemetry.io/schemas/1.40.0"
    );
    assert_eq!(shown["resource_dropped_attributes"], 7);
    assert_eq!(
        shown["scope"]["schema_url"],
        "https://opentelemetry.io/schemas/1.41.0"
    );
    assert_eq!(shown["scope"]["dropped_attributes"], 8);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_record_has_its_flags_and_what_its_sdk_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let mut record = log("said", now(), 9);
    record.flags = 1;
    record.dropped_attributes_count = 3;
    let mut request = logs("agent", vec![record]);
    request.resource_logs[0].scope_logs[0].schema_url = "https://example.com/1".to_owned();
    export(http, "/v1/logs", &request.encode_to_vec()).await;
    let shown = &get_json(page, "/api/otel/logs").await["logs"][0];
    assert_eq!(
        (&shown["flags"], &shown["dropped_attributes"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(shown["scope"]["schema_url"], "https://example.com/1");
    assert_eq!(shown["resource_schema_url"], json!(null));
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_has_its_resource_and_scope_and_infinite_bounds_are_text() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let point = HistogramDataPoint {
        time_unix_nano: now(),
        count: 1,
        sum: Some(f64::NEG_INFINITY),
        explicit_bounds: vec![0.5, f64::INFINITY],
        bucket_counts: vec![0, 1, 0],
        flags: 1,
        ..HistogramDataPoint::default()
    };
    let histogram = Histogram {
        data_points: vec![point],
        aggregation_temporality: 2,
    };
    let metric = Metric {
        name: "h".to_owned(),
        data: Some(Data::Histogram(histogram)),
        ..Metric::default()
    };
    let mut request = metrics("agent", vec![metric]);
    let group = &mut request.resource_metrics[0];
    group.schema_url = "https://example.com/r".to_owned();
    let resource = group.resource.as_mut().unwrap();
    resource.attributes.push(text("host.name", "a-host"));
    group.scope_metrics[0].scope = Some(InstrumentationScope {
        name: "meter".to_owned(),
        version: "1.2".to_owned(),
        ..InstrumentationScope::default()
    });
    export(http, "/v1/metrics", &request.encode_to_vec()).await;
    let series = &get_json(page, "/api/otel/metrics?name=h").await["series"][0];
    assert_eq!(series["resource"]["host.name"], "a-host");
    assert_eq!(series["resource_schema_url"], "https://example.com/r");
    assert_eq!(series["scope"]["name"], "meter");
    assert_eq!(series["scope"]["version"], "1.2");
    let point = &series["points"][0];
    assert_eq!(point["bounds"], json!([0.5, "Infinity"]));
    assert_eq!(
        (&point["sum"], &point["flags"]),
        (&json!("-Infinity"), &json!(1))
    );
    stop(backend).await;
}
