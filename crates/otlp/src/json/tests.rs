use crate::json::{from_slice, to_string};
use crate::proto::common::v1::any_value::Value;
use crate::proto::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use crate::proto::logs::v1::LogRecord;
use crate::proto::metrics::v1::metric::Data;
use crate::proto::metrics::v1::{HistogramDataPoint, MetricsData, NumberDataPoint, Sum};
use crate::proto::trace::v1::{Span, TracesData};
use crate::proto::{ExportLogsServiceRequest, ExportTraceServiceRequest, Message};

fn span(fields: &str) -> Result<Span, String> {
    from_slice(format!("{{{fields}}}").as_bytes()).map_err(|error| error.to_string())
}

fn any(json: &str) -> Result<AnyValue, String> {
    from_slice(json.as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn ids_are_hex_in_either_case() {
    let lower = span(r#""traceId": "5b8efff798038103d269b633813fc60c""#).unwrap();
    let upper = span(r#""traceId": "5B8EFFF798038103D269B633813FC60C""#).unwrap();
    assert_eq!(lower.trace_id.len(), 16);
    assert_eq!(lower.trace_id[..3], [0x5b, 0x8e, 0xff]);
    assert_eq!(lower, upper);
}

#[test]
fn an_id_that_is_not_hex_is_an_error_that_names_the_field() {
    for id in ["zz", "abc", "W47/95gDgQPSabYzgT/GDA", "0x0102030405060708"] {
        let error = span(&format!(r#""spanId": "{id}""#)).unwrap_err();
        assert!(
            error.starts_with("spanId: an id must be an even number of hex digits"),
            "{error}"
        );
    }
}

#[test]
fn an_id_may_be_base64_as_in_the_mapping_of_protobuf() {
    let span = span(r#""traceId": "W47/95gDgQPSabYzgT/GDA==", "spanId": "AQIDBAUGBwg=""#).unwrap();
    assert_eq!(span.trace_id[..3], [0x5b, 0x8e, 0xff]);
    assert_eq!(span.span_id, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn other_bytes_are_base64_in_both_alphabets_with_or_without_padding() {
    for text in ["+/8=", "+/8", "-_8=", "-_8"] {
        let value = any(&format!(r#"{{"bytesValue": "{text}"}}"#)).unwrap();
        assert_eq!(
            value.value,
            Some(Value::BytesValue(vec![0xfb, 0xff])),
            "{text}"
        );
    }
    assert!(
        any(r#"{"bytesValue": "*"}"#)
            .unwrap_err()
            .starts_with("bytesValue: not base64")
    );
}

#[test]
fn integers_of_64_bits_are_strings_or_numbers() {
    for text in ["\"1544712660300000000\"", "1544712660300000000"] {
        let span = span(&format!(r#""startTimeUnixNano": {text}"#)).unwrap();
        assert_eq!(span.start_time_unix_nano, 1_544_712_660_300_000_000);
    }
    for text in ["\"-9223372036854775808\"", "-9223372036854775808"] {
        let value = any(&format!(r#"{{"intValue": {text}}}"#)).unwrap();
        assert_eq!(value.value, Some(Value::IntValue(i64::MIN)));
    }
    let whole = any(r#"{"intValue": 5.0}"#).unwrap();
    assert_eq!(whole.value, Some(Value::IntValue(5)));
}

#[test]
fn an_integer_that_does_not_fit_is_an_error() {
    for (field, text) in [
        ("startTimeUnixNano", "-1"),
        ("startTimeUnixNano", "18446744073709551616"),
        ("startTimeUnixNano", "\"18446744073709551616\""),
        ("droppedEventsCount", "4294967296"),
        ("kind", "2147483648"),
        ("startTimeUnixNano", "1.5"),
        ("startTimeUnixNano", "\"ten\""),
        ("startTimeUnixNano", "\"\""),
        ("startTimeUnixNano", "true"),
        ("startTimeUnixNano", "1e300"),
    ] {
        let error = span(&format!(r#""{field}": {text}"#)).unwrap_err();
        assert!(error.starts_with(field), "{text}: {error}");
    }
}

#[test]
fn enums_are_numbers_or_the_names_of_the_protobuf_files() {
    assert_eq!(span(r#""kind": 2"#).unwrap().kind, 2);
    assert_eq!(span(r#""kind": "2""#).unwrap().kind, 2);
    assert_eq!(span(r#""kind": 99"#).unwrap().kind, 99, "enums are open");
    assert_eq!(span(r#""kind": "SPAN_KIND_SERVER""#).unwrap().kind, 2);
    let failed = span(r#""status": {"code": "STATUS_CODE_ERROR"}"#).unwrap();
    assert_eq!(failed.status.unwrap().code, 2);
    let record: LogRecord = from_slice(br#"{"severityNumber": "SEVERITY_NUMBER_WARN"}"#).unwrap();
    assert_eq!(record.severity_number, 13);
    let sum: Sum =
        from_slice(br#"{"aggregationTemporality": "AGGREGATION_TEMPORALITY_DELTA"}"#).unwrap();
    assert_eq!(sum.aggregation_temporality, 1);

    let error = span(r#""kind": "SERVER""#).unwrap_err();
    assert!(
        error.starts_with("kind: \"SERVER\" is not a value of this enum"),
        "{error}"
    );
}

#[test]
fn booleans_are_literals_or_strings() {
    for text in ["true", "\"true\""] {
        let value = any(&format!(r#"{{"boolValue": {text}}}"#)).unwrap();
        assert_eq!(value.value, Some(Value::BoolValue(true)));
    }
    assert!(any(r#"{"boolValue": "yes"}"#).is_err());
}

#[test]
fn doubles_are_numbers_or_the_three_special_strings() {
    let double = |text: &str| match any(&format!(r#"{{"doubleValue": {text}}}"#))?.value {
        Some(Value::DoubleValue(value)) => Ok(value),
        other => Err(format!("{other:?}")),
    };
    assert_eq!(double("1.5"), Ok(1.5));
    assert_eq!(double("3"), Ok(3.0));
    assert_eq!(double("-3"), Ok(-3.0));
    assert_eq!(double("\"1e3\""), Ok(1000.0));
    assert_eq!(double("\"Infinity\""), Ok(f64::INFINITY));
    assert_eq!(double("\"-Infinity\""), Ok(f64::NEG_INFINITY));
    assert!(double("\"NaN\"").unwrap().is_nan());
    assert!(double("NaN").unwrap().is_nan());
    assert_eq!(double("Infinity"), Ok(f64::INFINITY));
    assert_eq!(double("-Infinity"), Ok(f64::NEG_INFINITY));
    for text in [
        "\"inf\"",
        "\"nan\"",
        "\"+Infinity\"",
        "\"\"",
        "\"ten\"",
        "false",
    ] {
        assert!(double(text).is_err(), "{text}");
    }
}

#[test]
fn an_unset_value_of_a_data_point_differs_from_zero() {
    let unset: NumberDataPoint = from_slice(br#"{"timeUnixNano": "1"}"#).unwrap();
    assert_eq!(unset.value, None);
    let zero: NumberDataPoint = from_slice(br#"{"asInt": "0"}"#).unwrap();
    assert!(zero.value.is_some());
    let point: HistogramDataPoint = from_slice(br#"{"sum": 0, "min": null}"#).unwrap();
    assert_eq!((point.sum, point.min), (Some(0.0), None));
}

#[test]
fn null_is_the_same_as_absent() {
    let nulls = r#""parentSpanId": null, "attributes": null, "status": null, "kind": null,
        "name": null, "startTimeUnixNano": null, "events": null"#;
    assert_eq!(span(nulls).unwrap(), Span::default());
    assert_eq!(any(r#"{"stringValue": null}"#).unwrap().value, None);
}

#[test]
fn null_in_an_array_is_an_error_because_it_would_shift_the_rest() {
    let error = span(r#""events": [{}, null]"#).unwrap_err();
    assert!(
        error.starts_with("events[1]: null is not allowed in an array"),
        "{error}"
    );
}

#[test]
fn an_empty_array_value_may_leave_out_its_list() {
    let value = any(r#"{"arrayValue": {}}"#).unwrap();
    assert_eq!(
        value.value,
        Some(Value::ArrayValue(ArrayValue { values: vec![] }))
    );
    let value = any(r#"{"kvlistValue": {}}"#).unwrap();
    assert_eq!(
        value.value,
        Some(Value::KvlistValue(KeyValueList { values: vec![] }))
    );
}

#[test]
fn unknown_fields_are_skipped_however_deep_they_are() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let text = format!(r#""name": "a", "x": {deep}, "y": {{"z": [1, "2", null]}}, "flags": 1"#);
    let span = span(&text).unwrap();
    assert_eq!((span.name.as_str(), span.flags), ("a", 1));
}

#[test]
fn keys_are_lower_camel_case_or_the_names_of_the_protobuf_files() {
    let text = br#"{"resource_spans": [{"schema_url": "u", "scope_spans": [{"spans": [
        {"trace_id": "01", "start_time_unix_nano": 7, "dropped_attributes_count": 2,
         "attributes": [{"key": "k", "value": {"kvlist_value": {"values": []}}}]}]}]}]}"#;
    let data: TracesData = from_slice(text).unwrap();
    let group = &data.resource_spans[0];
    let span = &group.scope_spans[0].spans[0];
    assert_eq!(group.schema_url, "u");
    assert_eq!(
        (span.trace_id.as_slice(), span.start_time_unix_nano),
        (&[1][..], 7)
    );
    assert_eq!(span.dropped_attributes_count, 2);
    assert!(matches!(
        span.attributes[0].value.as_ref().unwrap().value,
        Some(Value::KvlistValue(_))
    ));
}

#[test]
fn other_spellings_of_keys_are_unknown() {
    let span = span(r#""TraceId": "00", "_": 1, "trace__id": "00", "trace_\u00e9": 1"#).unwrap();
    assert_eq!(span, Span::default());
}

#[test]
fn scopes_are_read_under_their_old_names_too() {
    let spans = r#"[{"instrumentationLibrary": {"name": "l"}, "spans": [{}, {}]}]"#;
    let read = |fields: &str| -> TracesData {
        from_slice(format!(r#"{{"resourceSpans": [{{{fields}}}]}}"#).as_bytes()).unwrap()
    };
    for name in [
        "instrumentationLibrarySpans",
        "instrumentation_library_spans",
    ] {
        let data = read(&format!(r#""{name}": {spans}"#));
        let scope = &data.resource_spans[0].scope_spans[0];
        assert_eq!(scope.scope.as_ref().unwrap().name, "l");
        assert_eq!(scope.spans.len(), 2);
    }
    // During the transition, senders sent both.
    let new = r#""scopeSpans": [{"spans": [{}]}]"#;
    let old = format!(r#""instrumentationLibrarySpans": {spans}"#);
    for both in [format!("{new}, {old}"), format!("{old}, {new}")] {
        assert_eq!(read(&both).resource_spans[0].scope_spans[0].spans.len(), 1);
    }
}

#[test]
fn of_several_equal_keys_the_last_wins_and_lists_are_joined() {
    let span = span(r#""name": "a", "name": "b", "events": [{}, {}], "events": [{}]"#).unwrap();
    assert_eq!((span.name.as_str(), span.events.len()), ("b", 3));
}

#[test]
fn an_error_names_the_way_to_the_fault() {
    let text = br#"{"resourceSpans": [{}, {"scopeSpans": [{"spans": [{}, {}, {"attributes": [
        {"key": "a", "value": {"arrayValue": {"values": [{"intValue": "x"}]}}}]}]}]}]}"#;
    let error = from_slice::<ExportTraceServiceRequest>(text).unwrap_err();
    assert_eq!(
        error.path(),
        "resourceSpans[1].scopeSpans[0].spans[2].attributes[0].value.arrayValue.values[0].intValue"
    );
    assert!(
        error.problem().starts_with("\"x\" is not an integer"),
        "{}",
        error.problem()
    );
}

#[test]
fn what_is_not_an_object_is_an_error() {
    for text in [
        "",
        "null",
        "[]",
        "1",
        "\"a\"",
        "{",
        "{}{}",
        "{} x",
        "{\"resourceSpans\": {}}",
    ] {
        assert!(from_slice::<TracesData>(text.as_bytes()).is_err(), "{text}");
    }
    assert!(from_slice::<TracesData>(b"\xff").is_err());
}

#[test]
fn text_that_is_not_valid_unicode_is_mended() {
    let name = |text: &[u8]| from_slice::<Span>(text).unwrap().name;
    assert_eq!(name(b"{\"name\": \"hi \xf0\x9f\xa6\"}"), "hi \u{fffd}");
    assert_eq!(name(b"{\"name\": \"a\xffb\"}"), "a\u{fffd}b");
    assert_eq!(name(br#"{"name": "cut \ud83d"}"#), "cut \u{fffd}");
    assert_eq!(
        name(br#"{"name": "\ude00\ud83d\ud83d\ude00"}"#),
        "\u{fffd}\u{fffd}😀"
    );
    assert_eq!(name(br#"{"name": "\ud83d\ude00"}"#), "😀");
    assert_eq!(
        name(br#"{"\ud83d": 1, "name": "a"}"#),
        "a",
        "in an unknown key"
    );
    assert_eq!(name(b"{\"x\": \"\xff\", \"name\": \"a\"}"), "a");
    assert_eq!(
        name(b"\xef\xbb\xbf{\"name\": \"a\"} \r\n\t"),
        "a",
        "a byte order mark"
    );
}

/// `levels` messages below the outermost one; each array takes two levels.
fn nested(levels: usize) -> String {
    let arrays = levels / 2;
    let innermost = if levels.is_multiple_of(2) {
        "{}"
    } else {
        r#"{"arrayValue": {}}"#
    };
    let open = r#"{"arrayValue": {"values": ["#;
    format!("{}{innermost}{}", open.repeat(arrays), "]}}".repeat(arrays))
}

#[test]
fn nesting_ends_where_protobuf_ends_it() {
    let deepest = any(&nested(100)).unwrap();
    assert!(AnyValue::decode(&*deepest.encode_to_vec()).is_ok());
    let error = any(&nested(101)).unwrap_err();
    assert!(error.contains("nested deeper than 100 messages"), "{error}");
    assert!(any(&nested(200_000)).is_err());

    let mut too_deep = AnyValue::default();
    for _ in 0..51 {
        let array = ArrayValue {
            values: vec![too_deep],
        };
        too_deep = AnyValue {
            value: Some(Value::ArrayValue(array)),
        };
    }
    assert!(AnyValue::decode(&*too_deep.encode_to_vec()).is_err());
}

#[test]
fn the_written_form_is_canonical() {
    let span = Span {
        trace_id: vec![0xab; 16],
        kind: 2,
        start_time_unix_nano: 7,
        attributes: vec![KeyValue {
            key: "k".to_owned(),
            value: Some(AnyValue {
                value: Some(Value::IntValue(-1)),
            }),
            ..KeyValue::default()
        }],
        dropped_events_count: 3,
        ..Span::default()
    };
    let expected = concat!(
        r#"{"traceId":"abababababababababababababababab","kind":2,"startTimeUnixNano":"7","#,
        r#""attributes":[{"key":"k","value":{"intValue":"-1"}}],"droppedEventsCount":3}"#
    );
    assert_eq!(to_string(&span), expected);
    assert_eq!(to_string(&TracesData::default()), "{}");
}

#[test]
fn the_last_bound_of_a_histogram_may_be_infinite_in_both_directions() {
    let text = r#"{"explicitBounds":[0.5,"Infinity"]}"#;
    let point: HistogramDataPoint = from_slice(text.as_bytes()).unwrap();
    assert_eq!(point.explicit_bounds, [0.5, f64::INFINITY]);
    assert_eq!(to_string(&point), text);
    let bare = br#"{"explicitBounds":[0.5,Infinity]}"#;
    assert_eq!(from_slice::<HistogramDataPoint>(bare).unwrap(), point);
}

#[test]
fn special_doubles_are_written_as_strings() {
    let value = |double| {
        to_string(&AnyValue {
            value: Some(Value::DoubleValue(double)),
        })
    };
    assert_eq!(value(f64::NAN), r#"{"doubleValue":"NaN"}"#);
    assert_eq!(value(f64::INFINITY), r#"{"doubleValue":"Infinity"}"#);
    assert_eq!(value(f64::NEG_INFINITY), r#"{"doubleValue":"-Infinity"}"#);
    assert_eq!(value(0.0), r#"{"doubleValue":0.0}"#);
}

#[test]
fn all_kinds_of_metric_are_read() {
    let text = br#"{"resourceMetrics": [{"scopeMetrics": [{"metrics": [
        {"name": "g", "gauge": {"dataPoints": [{"asDouble": 1.5}]}},
        {"name": "s", "sum": {"aggregationTemporality": 2, "isMonotonic": true}},
        {"name": "h", "histogram": {}}, {"name": "e", "exponentialHistogram": {}},
        {"name": "q", "summary": {}}, {"name": "n"}]}]}]}"#;
    let data: MetricsData = from_slice(text).unwrap();
    let metrics = &data.resource_metrics[0].scope_metrics[0].metrics;
    assert!(matches!(metrics[0].data, Some(Data::Gauge(_))));
    let Some(Data::Sum(sum)) = &metrics[1].data else {
        panic!("not a sum")
    };
    assert!(sum.is_monotonic && sum.aggregation_temporality == 2);
    assert!(matches!(metrics[2].data, Some(Data::Histogram(_))));
    assert!(matches!(
        metrics[3].data,
        Some(Data::ExponentialHistogram(_))
    ));
    assert!(matches!(metrics[4].data, Some(Data::Summary(_))));
    assert!(metrics[5].data.is_none());
}

#[test]
fn an_empty_object_is_an_empty_request() {
    assert_eq!(
        from_slice::<ExportLogsServiceRequest>(b" {} ").unwrap(),
        ExportLogsServiceRequest::default()
    );
}
