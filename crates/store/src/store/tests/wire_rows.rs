//! The rows that are read from the wire compared with the decoded messages.

use glassbox_otlp::proto::metrics::v1::metric::Data;
use glassbox_otlp::proto::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum,
};
use glassbox_otlp::proto::trace::v1::Status;
use glassbox_otlp::proto::{ExportLogsServiceRequest, ExportMetricsServiceRequest, logs};

use super::*;
use crate::columns::indexed;
use crate::index::rows;
use crate::rows::Rows;

fn int(key: &str, value: i64) -> KeyValue {
    let value = Some(AnyValue {
        value: Some(Value::IntValue(value)),
    });
    KeyValue {
        key: key.to_owned(),
        value,
        ..KeyValue::default()
    }
}

fn spans(bytes: &[u8]) -> Vec<SpanColumns> {
    match rows(Signal::Traces, bytes, 0, &Names::default(), ROOM) {
        Ok(Rows::Spans(rows)) => rows.into_vec(),
        other => panic!("{other:?}"),
    }
}

fn request(spans: Vec<Span>) -> Vec<u8> {
    let scope_spans = vec![ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }];
    let group = ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![group],
    }
    .encode_to_vec()
}

#[test]
fn tokens_are_kept_saturating_and_in_any_order_of_attributes() {
    let named = |name: &str, mut attributes: Vec<KeyValue>| {
        attributes.push(text("gen_ai.operation.name", name));
        Span {
            attributes,
            ..Span::default()
        }
    };
    let input = |number| vec![int("gen_ai.usage.input_tokens", number)];
    let both = vec![
        int("gen_ai.usage.output_tokens", 3),
        int("gen_ai.usage.input_tokens", 7),
    ];
    let rows = spans(&request(vec![
        named("chat", both.clone()),
        named("invoke_agent", both),
        named("chat", input(i64::MAX)),
        named("chat", input(-1)),
        named("chat", vec![]),
    ]));
    let tokens: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.count(Count::InputTokens),
                row.count(Count::OutputTokens),
                row.is_inference(),
                row.has_usage(),
            )
        })
        .collect();
    let expected = [
        (7, 3, true, true),
        (7, 3, false, true),
        (u32::MAX, 0, true, true),
        (0, 0, true, true),
        (0, 0, true, false),
    ];
    assert_eq!(tokens, expected);
}

#[test]
fn a_parent_of_zeros_is_no_parent_and_a_status_of_two_is_an_error() {
    let status = |code| {
        Some(Status {
            code,
            message: "m".to_owned(),
        })
    };
    let rows = spans(&request(vec![
        Span {
            parent_span_id: vec![0; 8],
            status: status(1),
            ..Span::default()
        },
        Span {
            parent_span_id: vec![1; 8],
            status: status(2),
            ..Span::default()
        },
    ]));
    assert_eq!((rows[0].is_root(), rows[0].is_error), (true, false));
    assert_eq!((rows[1].is_root(), rows[1].is_error), (false, true));
}

#[test]
fn a_resource_behind_its_records_still_names_their_service() {
    let scope = ScopeSpans {
        spans: vec![Span::default()],
        ..ScopeSpans::default()
    };
    let resource = Resource {
        attributes: vec![text("service.name", "late")],
        ..Resource::default()
    };
    let message = |tag: u8, bytes: Vec<u8>| {
        let len = u8::try_from(bytes.len()).unwrap();
        assert!(len < 0x80);
        [vec![tag, len], bytes].concat()
    };
    // Field 2 (scope spans) before field 1 (resource): valid, but no sender writes it.
    let group = [
        message(0x12, scope.encode_to_vec()),
        message(0x0a, resource.encode_to_vec()),
    ];
    let rows = spans(&message(0x0a, group.concat()));
    assert_eq!(&*rows[0].source.service, "late");
}

#[test]
fn series_differ_by_attributes_and_not_by_their_order() {
    let point = |attributes| NumberDataPoint {
        attributes,
        time_unix_nano: 5,
        ..Default::default()
    };
    let (a, b) = (text("a", "1"), text("b", "2"));
    let sum = Sum {
        data_points: vec![
            point(vec![a.clone(), b.clone()]),
            point(vec![b.clone(), a.clone()]),
            point(vec![a]),
        ],
        aggregation_temporality: 1,
        is_monotonic: true,
    };
    let exponential = ExponentialHistogram {
        data_points: vec![ExponentialHistogramDataPoint {
            attributes: vec![b],
            time_unix_nano: 9,
            ..Default::default()
        }],
        aggregation_temporality: 2,
    };
    let metrics = [Data::Sum(sum), Data::ExponentialHistogram(exponential)];
    let metrics = metrics.map(|data| Metric {
        name: "m".to_owned(),
        data: Some(data),
        ..Metric::default()
    });
    let scope = ScopeMetrics {
        metrics: metrics.to_vec(),
        ..ScopeMetrics::default()
    };
    let group = ResourceMetrics {
        scope_metrics: vec![scope],
        ..ResourceMetrics::default()
    };
    let bytes = ExportMetricsServiceRequest {
        resource_metrics: vec![group],
    }
    .encode_to_vec();
    let Ok(Rows::Points(points)) = rows(Signal::Metrics, &bytes, 0, &Names::default(), ROOM) else {
        panic!("not points");
    };
    assert_eq!(points[0].series, points[1].series);
    assert_ne!(points[0].series, points[2].series);
    assert_eq!(
        points.iter().map(|row| row.time).collect::<Vec<_>>(),
        [5, 5, 5, 9]
    );
    assert_eq!(points[0].metric.temporality, Some("delta"));
    assert_eq!(points[0].metric.monotonic, Some(true));
    assert_eq!(points[3].metric.kind.as_str(), "exponential_histogram");
    assert_eq!(&*points[3].source.service, "unknown_service");
}

#[test]
fn a_log_record_takes_the_best_time_it_has() {
    let record = |time_unix_nano, observed_time_unix_nano| logs::v1::LogRecord {
        time_unix_nano,
        observed_time_unix_nano,
        ..Default::default()
    };
    let log_records = vec![record(5, 6), record(0, 6), record(0, 0)];
    let scope_logs = vec![logs::v1::ScopeLogs {
        log_records,
        ..Default::default()
    }];
    let group = logs::v1::ResourceLogs {
        scope_logs,
        ..Default::default()
    };
    let bytes = ExportLogsServiceRequest {
        resource_logs: vec![group],
    }
    .encode_to_vec();
    let Ok(Rows::Logs(rows)) = rows(Signal::Logs, &bytes, 7, &Names::default(), ROOM) else {
        panic!("not logs");
    };
    assert_eq!(
        rows.iter().map(|row| row.time).collect::<Vec<_>>(),
        [5, 6, 7]
    );
}

#[test]
fn every_cut_and_every_flipped_byte_is_rows_or_an_error_and_never_a_panic() {
    let bytes = span(3, 200).bytes().to_vec();
    let names = Names::default();
    let mut malformed = 0;
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0xff;
        for input in [&bytes[..at], &flipped] {
            for signal in Signal::ALL {
                let result = rows(signal, input, 0, &names, ROOM);
                malformed += usize::from(matches!(result, Err(RowError::Malformed)));
            }
        }
    }
    assert!(malformed > 0);
}

#[test]
fn the_index_keeps_the_beginning_of_a_long_name() {
    let name = format!("{}ü{}", "n".repeat(1023), "x".repeat(1_000_000));
    let long = Span {
        name: name.clone(),
        ..Span::default()
    };
    let rows = spans(&request(vec![long]));
    assert_eq!(*rows[0].name, *"n".repeat(1023), "cut between letters");
    assert_eq!(indexed(&name), &*rows[0].name);
    assert_eq!(indexed("short"), "short");
}
