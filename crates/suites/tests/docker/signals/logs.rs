//! The expected records of `emitter/logs.rs`.

use super::times;
use crate::{collector::Found, emitter::Emitted};
use serde_json::{Value, json};

/// Asserts that exactly these records arrived, each with exactly these fields.
pub(super) fn assert_as_emitted(emitted: &Emitted, found: Vec<Found>) {
    let facts = &emitted.facts;
    let (native, mut events): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|found| found.scope["name"] == "native.logger");
    assert_native(&native);

    let mut before = facts["begin"].as_u64().unwrap();
    for found in &mut events {
        assert_eq!(found.scope, json!({ "name": "shop" }));
        assert_eq!(found.scope_schema, Value::Null);
        let record = &mut found.record;
        let time = times::take(record, "timeUnixNano");
        let observed = times::take(record, "observedTimeUnixNano");
        times::assert_ordered(&[before, time, observed], record);
        before = time;
        let attributes = record["attributes"].as_array_mut().unwrap();
        // The source location comes first.
        let place: Vec<_> = attributes.drain(..2).collect();
        assert_eq!(place[0]["key"], "code.file.path");
        assert_eq!(place[0]["value"]["stringValue"], facts["file"]);
        assert_eq!(place[1]["key"], "code.line.number");
        let line = place[1]["value"]["intValue"].as_str().unwrap();
        assert!(line.parse::<u32>().unwrap() > 0);
    }
    assert!(before <= facts["end"].as_u64().unwrap());
    let arrived: Vec<_> = events.into_iter().map(|found| found.record).collect();
    let expected = expected(facts);
    for (arrived, expected) in arrived.iter().zip(&expected) {
        assert_eq!(arrived, expected);
    }
    assert_eq!(arrived.len(), expected.len());
}

/// In the order in which they were emitted.
fn expected(facts: &Value) -> Vec<Value> {
    let said = |severity: u32, level: &str, body: &str| {
        json!({
            "severityNumber": severity,
            "severityText": level,
            "body": { "stringValue": body },
            "attributes": [],
        })
    };
    let within = |mut record: Value, span: &str| {
        record["traceId"] = facts[span]["trace_id"].clone();
        record["spanId"] = facts[span]["span_id"].clone();
        // Sampled, with a random trace id.
        record["flags"] = json!(3);
        record
    };
    let mut fields = said(9, "INFO", "fields für alle");
    fields["attributes"] = json!([
        { "key": "text", "value": { "stringValue": "Grüße, 世界 🌍\t\"\\" } },
        { "key": "text.empty", "value": { "stringValue": "" } },
        { "key": "yes", "value": { "boolValue": true } },
        { "key": "int.min", "value": { "intValue": "-9223372036854775808" } },
        { "key": "int.max", "value": { "intValue": "9223372036854775807" } },
        { "key": "beyond", "value": { "stringValue": "18446744073709551615" } },
        { "key": "double", "value": { "doubleValue": 0.1 } },
        { "key": "double.nan", "value": { "doubleValue": "NaN" } },
        { "key": "shown", "value": { "stringValue": "Some(\"x\")" } },
        {
            "key": "exception.message",
            "value": { "stringValue": "could not be saved: disk is full" },
        },
    ]);
    // Without a message the fields are the body.
    let mut silent = said(9, "INFO", "at=1");
    silent["attributes"] = json!([{ "key": "at", "value": { "intValue": "1" } }]);
    vec![
        said(1, "TRACE", "a trace"),
        said(5, "DEBUG", "a debug"),
        said(9, "INFO", "an info"),
        said(13, "WARN", "a warning"),
        said(17, "ERROR", "an error"),
        fields,
        silent,
        within(said(9, "INFO", "in a span"), "correlated"),
        within(said(9, "INFO", "in a deeper span"), "deeper"),
        said(9, "INFO", "in no span"),
    ]
}

fn assert_native(found: &[Found]) {
    let [found] = found else {
        panic!("not one record of the native logger: {found:?}");
    };
    let schema = "https://opentelemetry.io/schemas/1.41.0";
    assert_eq!(found.scope_schema, schema);
    assert_eq!(
        found.scope,
        json!({
            "name": "native.logger",
            "version": "1.2.3",
            "attributes": [{ "key": "scope.key", "value": { "stringValue": "scope value" } }],
        })
    );
    assert_eq!(
        found.record,
        json!({
            "timeUnixNano": "1700000000000000007",
            "observedTimeUnixNano": "1700000001000000009",
            "severityNumber": 24,
            "severityText": "CATASTROPHE",
            "eventName": "order.placed",
            "body": { "kvlistValue": { "values": [{
                "key": "items",
                "value": { "arrayValue": { "values": [
                    { "intValue": "-9223372036854775808" },
                    { "doubleValue": 0.5 },
                    { "boolValue": false },
                    { "stringValue": "ü" },
                    { "bytesValue": "AAH+/w==" },
                ] } },
            }] } },
            "attributes": [
                { "key": "bytes", "value": { "bytesValue": "" } },
                { "key": "list", "value": { "arrayValue": {} } },
            ],
            "traceId": "00000000000000000000000000000102",
            "spanId": "0000000000000304",
            "flags": 1,
        })
    );
}
