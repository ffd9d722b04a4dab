use crate::json::{from_slice, to_string};
use crate::proto::common::v1::any_value::Value;
use crate::proto::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use crate::proto::metrics::v1::metric::Data;
use crate::proto::metrics::v1::{HistogramDataPoint, MetricsData, NumberDataPoint};
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
    for id in ["zz", "abc", "W47/95gDgQPSabYzgT/GDA=="] {
        let error = span(&format!(r#""spanId": "{id}""#)).unwrap_err();
        assert!(
            error.starts_with("spanId: an id must be an even number of hex digits"),
            "{error}"
        );
    }
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
fn enums_are_numbers_only() {
    assert_eq!(span(r#""kind": 2"#).unwrap().kind, 2);
    assert_eq!(span(r#""kind": 99"#).unwrap().kind, 99, "enums are open");
    let error = span(r#""kind": "SPAN_KIND_SERVER""#).unwrap_err();
    let expected = "kind: expected the number of the enum value, not its name \"SPAN_KIND_SERVER\"";
    assert!(error.starts_with(expected), "{error}");
    let error = span(r#""status": {"code": "STATUS_CODE_OK"}"#).unwrap_err();
    assert!(error.starts_with("status.code: "), "{error}");
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
fn keys_are_lower_camel_case_only() {
    let span = span(r#""trace_id": "00", "TraceId": "00""#).unwrap();
    assert_eq!(span, Span::default());
}

#[test]
fn the_last_of_several_equal_keys_wins() {
    let span = span(r#""name": "a", "name": "b", "events": [{}, {}], "events": [{}]"#).unwrap();
    assert_eq!((span.name.as_str(), span.events.len()), ("b", 1));
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
fn text_that_is_not_utf8_is_an_error() {
    assert!(from_slice::<Span>(b"{\"name\": \"\xff\"}").is_err());
    assert!(span(r#""name": "\ud800""#).is_err(), "a lone surrogate");
    assert_eq!(span(r#""name": "\ud83d\ude00""#).unwrap().name, "😀");
}

/// `levels` messages below the outermost one, two of which each array takes.
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
