//! The expected spans of `emitter/traces.rs`.

use super::times;
use crate::{collector::Found, emitter::Emitted};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// OTLP's flags: sampled, the trace id is random, it is known whether the parent is remote, and the
/// parent is remote.
const SAMPLED: u32 = 1;
const RANDOM: u32 = 2;
const KNOWN: u32 = 0x100;
const REMOTE: u32 = 0x200;
/// The flags of a span that starts a trace here.
const ROOT: u32 = SAMPLED | RANDOM | KNOWN;

const OUTER_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OUTER_SPAN: &str = "b7ad6b7169203331";
const OUTER_STATE: &str = "vendor=t61rcWkgMzE,rojo=00f067aa0ba902b7";

/// Asserts that exactly these spans arrived, each with exactly these fields.
pub(super) fn assert_as_emitted(emitted: &Emitted, found: Vec<Found>) {
    let facts = &emitted.facts;
    let (begin, end) = (
        facts["begin"].as_u64().unwrap(),
        facts["end"].as_u64().unwrap(),
    );
    let mut expected = expected(facts);
    for mut found in found {
        let name = found.name().to_owned();
        let (scope, schema, span) = expected.remove(name.as_str()).unwrap();
        let record = &mut found.record;
        if name != "native" {
            let (start, ended) = (
                times::take(record, "startTimeUnixNano"),
                times::take(record, "endTimeUnixNano"),
            );
            let mut order = vec![begin, start];
            let events = record.get_mut("events").and_then(Value::as_array_mut);
            for event in events.into_iter().flatten() {
                order.push(times::take(event, "timeUnixNano"));
            }
            order.extend([ended, end]);
            times::assert_ordered(&order, record);
        }
        assert_eq!(*record, span, "{name}");
        assert_eq!(found.scope, scope, "{name}");
        assert_eq!(found.scope_schema, schema, "{name}");
    }
    assert!(expected.is_empty(), "did not arrive: {expected:?}");
}

/// Scope, schema URL, and the span without its times, by name.
fn expected(facts: &Value) -> BTreeMap<&'static str, (Value, Value, Value)> {
    let own = json!({ "name": "glassbox", "version": env!("CARGO_PKG_VERSION") });
    let of_target = |target| json!({ "name": target });
    let mut expected = BTreeMap::new();
    let mut expect = |name, scope: &Value, span| {
        expected.insert(name, (scope.clone(), Value::Null, span));
    };
    expect("values", &own, values(facts));
    expect("remote", &own, remote(facts));
    expect("remote.child", &own, remote_child(facts));
    for (name, kind) in [
        ("kind.internal", 1),
        ("kind.server", 2),
        ("kind.client", 3),
        ("kind.producer", 4),
    ] {
        expect(name, &own, root(facts, name, kind));
    }
    expect("kind.consumer", &own, consumer(facts));
    expect("failed", &own, failed(facts));
    expect("overflowing", &own, overflowing(facts));
    expect("outer", &of_target("shop::orders"), outer(facts));
    expect("inner", &of_target("shop::stock"), inner(facts));
    let scope = json!({
        "name": "native.scope",
        "version": "4.5.6",
        "attributes": [text("scope.key", "scope value")],
    });
    let schema = json!("https://opentelemetry.io/schemas/1.41.0");
    expected.insert("native", (scope, schema, native(facts)));
    expected
}

/// An empty span that starts a trace.
fn root(facts: &Value, name: &str, kind: u32) -> Value {
    json!({
        "traceId": facts[name]["trace_id"],
        "spanId": facts[name]["span_id"],
        "flags": ROOT,
        "name": name,
        "kind": kind,
        "status": {},
    })
}

fn with(mut span: Value, more: Value) -> Value {
    let (Value::Object(fields), Value::Object(more)) = (&mut span, more) else {
        unreachable!("spans are objects");
    };
    fields.extend(more);
    span
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn int(key: &str, value: impl ToString) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}

fn yes(key: &str, value: bool) -> Value {
    json!({ "key": key, "value": { "boolValue": value } })
}

/// A number, or its name if JSON cannot represent it.
fn double(key: &str, value: impl Into<Value>) -> Value {
    json!({ "key": key, "value": { "doubleValue": value.into() } })
}

fn list(key: &str, kind: &str, values: &[Value]) -> Value {
    let values: Vec<_> = values.iter().map(|value| json!({ kind: value })).collect();
    json!({ "key": key, "value": { "arrayValue": { "values": values } } })
}

fn values(facts: &Value) -> Value {
    with(
        root(facts, "values", 2),
        json!({
            "attributes": [
                text("text", "Grüße, 世界 🌍\t\"\\\u{0}"),
                text("text.empty", ""),
                yes("yes", true),
                yes("no", false),
                int("int.min", "-9223372036854775808"),
                int("int.max", "9223372036854775807"),
                int("int.zero", 0),
                double("double", 0.1),
                double("double.whole", 3),
                double("double.max", f64::MAX),
                double("double.least", 5e-324),
                double("double.nan", "NaN"),
                double("double.infinite", "-Infinity"),
                list("texts", "stringValue", &["a".into(), "".into(), "ü".into()]),
                json!({ "key": "texts.none", "value": { "arrayValue": {} } }),
                int("twice", 2),
            ],
            "events": [
                { "name": "priced", "attributes": [double("total", 9.5), int("items", 3)] },
                {},
            ],
            "status": { "code": 1 },
        }),
    )
}

fn remote(facts: &Value) -> Value {
    json!({
        "traceId": OUTER_TRACE,
        "spanId": facts["remote"]["span_id"],
        "parentSpanId": OUTER_SPAN,
        "traceState": OUTER_STATE,
        "flags": SAMPLED | KNOWN | REMOTE,
        "name": "remote",
        "kind": 2,
        "status": {},
    })
}

fn remote_child(facts: &Value) -> Value {
    json!({
        "traceId": OUTER_TRACE,
        "spanId": facts["remote.child"]["span_id"],
        "parentSpanId": facts["remote"]["span_id"],
        "traceState": OUTER_STATE,
        "flags": SAMPLED | KNOWN,
        "name": "remote.child",
        "kind": 1,
        "status": {},
    })
}

fn consumer(facts: &Value) -> Value {
    with(
        root(facts, "kind.consumer", 5),
        json!({ "links": [{
            "traceId": OUTER_TRACE,
            "spanId": OUTER_SPAN,
            "traceState": OUTER_STATE,
            "flags": SAMPLED | KNOWN | REMOTE,
            "attributes": [text("why", "batch"), int("at", 7)],
        }] }),
    )
}

fn failed(facts: &Value) -> Value {
    with(
        root(facts, "failed", 1),
        json!({
            "attributes": [text("error.type", "std::io::error::Error")],
            "events": [{
                "name": "exception",
                "attributes": [
                    text("exception.type", "std::io::error::Error"),
                    text("exception.message", "could not be saved: disk is full"),
                ],
            }],
            "status": { "code": 2, "message": "could not be saved" },
        }),
    )
}

/// 128 of each are kept; the others are counted as dropped.
fn overflowing(facts: &Value) -> Value {
    let attributes: Vec<_> = (0..128)
        .map(|at| int(&format!("key.{at:03}"), at))
        .collect();
    let mut events = vec![json!({
        "name": "event.000",
        "attributes": attributes,
        "droppedAttributesCount": 2,
    })];
    events.extend(
        (1..128)
            .map(|at| json!({ "name": format!("event.{at:03}"), "attributes": [int("at", at)] })),
    );
    let mut links: Vec<_> = (0..128)
        .map(|at| {
            json!({
                "traceId": "00000000000000000000000000000001",
                "spanId": format!("{:016x}", at + 1),
                "flags": KNOWN,
            })
        })
        .collect();
    links[0] = with(
        links[0].clone(),
        json!({ "attributes": attributes, "droppedAttributesCount": 2 }),
    );
    with(
        root(facts, "overflowing", 1),
        json!({
            "attributes": attributes,
            "droppedAttributesCount": 3,
            "events": events,
            "droppedEventsCount": 5,
            "links": links,
            "droppedLinksCount": 4,
        }),
    )
}

fn outer(facts: &Value) -> Value {
    with(
        root(facts, "outer", 3),
        json!({ "attributes": [
            text("code.file.path", facts["file"].as_str().unwrap()),
            int("code.line.number", &facts["outer.line"]),
            int("items", 3),
            text("huge", "18446744073709551615"),
            double("total", 9.5),
            yes("gift", true),
            text("note", "für dich"),
            text("shown", "Some(1)"),
        ] }),
    )
}

fn inner(facts: &Value) -> Value {
    with(
        root(facts, "inner", 1),
        json!({
            "parentSpanId": facts["outer"]["span_id"],
            "attributes": [
                text("code.file.path", facts["file"].as_str().unwrap()),
                int("code.line.number", &facts["inner.line"]),
                int("left", 4),
            ],
            "status": { "code": 2, "message": "stock is out" },
        }),
    )
}

fn native(facts: &Value) -> Value {
    json!({
        "traceId": facts["native"]["trace_id"],
        "spanId": facts["native"]["span_id"],
        // The stock SDK does not mark its ids as random.
        "flags": SAMPLED | KNOWN,
        "name": "native",
        "kind": 4,
        "startTimeUnixNano": "1700000000000000007",
        "endTimeUnixNano": "1700000002000000007",
        "attributes": [
            list("bools", "boolValue", &[true.into(), false.into()]),
            list("ints", "intValue", &[
                "-9223372036854775808".into(),
                "0".into(),
                "9223372036854775807".into(),
            ]),
            list("doubles", "doubleValue", &[0.5.into(), (-1e300).into(), "NaN".into()]),
            list("texts", "stringValue", &["x".into(), "".into()]),
            { "key": "bools.none", "value": { "arrayValue": {} } },
        ],
        "events": [{
            "timeUnixNano": "1700000001000000007",
            "name": "queued",
            "attributes": [int("depth", 12)],
        }],
        "links": [
            {
                "traceId": "00000000000000000000000000000102",
                "spanId": "0000000000000304",
                "traceState": "linked=yes",
                "flags": SAMPLED | KNOWN | REMOTE,
                "attributes": [text("role", "cause")],
            },
            {
                "traceId": "00000000000000000000000000000506",
                "spanId": "0000000000000708",
                "flags": KNOWN,
            },
        ],
        "status": { "code": 2, "message": "queue is full" },
    })
}
