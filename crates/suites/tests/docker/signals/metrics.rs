//! The instruments of `emitter/metrics.rs`, as expected in their four collections: one after each
//! round, and two at the end of the process, when nothing is observed any more.

mod streams;

use crate::{collector::Found, emitter::Emitted};
use serde_json::{Value, json};
use streams::Streams;

/// OTLP's numbers of the temporalities.
const DELTA: u32 = 1;
const CUMULATIVE: u32 = 2;

/// The count of `/größe`: beyond the precision of a double.
const HUGE: u64 = 9_007_199_254_740_993;

/// Asserts that totals arrived, for all instruments each time.
pub(super) fn assert_totals(emitted: &Emitted, found: Vec<Found>) {
    let streams = Streams::new(emitted, found);
    streams.assert_stream(
        requests(CUMULATIVE),
        &[
            &[request(5), request(HUGE)],
            &[request(15), request(HUGE)],
            &[request(15), request(HUGE)],
            &[request(15), request(HUGE)],
        ],
    );
    streams.assert_stream(
        cost(CUMULATIVE),
        &[
            &[double(0.75)],
            &[double(1.75)],
            &[double(1.75)],
            &[double(1.75)],
        ],
    );
    streams.assert_stream(written(CUMULATIVE), &[&[double(5)], &[double(12)]]);
    let both = [took(true, 6, [2, 1, 2, 1], 23.15, [0.05, 10.5]), not_ok()];
    streams.assert_stream(took_metric(CUMULATIVE), &[&[first()], &both, &both, &both]);
    streams.assert_stream(plain(CUMULATIVE), &[&[three()][..]; 4]);
    streams.assert_stream(size(CUMULATIVE), &[&[sized()][..]; 4]);
    assert_gauges(&streams, 4);
    assert_up_and_down(&streams);
    for name in [
        "shop.requests",
        "shop.cost",
        "shop.written",
        "shop.took",
        "shop.active",
        "native.size",
    ] {
        streams.assert_one_start(name);
    }
}

/// Asserts that counters and histograms arrived as differences, and up-down counters as totals. Observable
/// counters are differences if `observed` is true. Unchanged series are not repeated.
pub(super) fn assert_differences(emitted: &Emitted, found: Vec<Found>, observed: bool) {
    let streams = Streams::new(emitted, found);
    streams.assert_stream(
        requests(DELTA),
        &[&[request(5), request(HUGE)], &[request(10)]],
    );
    streams.assert_stream(cost(DELTA), &[&[double(0.75)], &[double(1)]]);
    let second = [took(true, 1, [0, 0, 1, 0], 2.0, [2.0, 2.0]), not_ok()];
    streams.assert_stream(took_metric(DELTA), &[&[first()], &second]);
    streams.assert_stream(plain(DELTA), &[&[three()]]);
    streams.assert_stream(size(DELTA), &[&[sized()]]);
    assert_up_and_down(&streams);
    for name in ["shop.requests", "shop.cost", "shop.took"] {
        streams.assert_continued(name);
    }
    if observed {
        streams.assert_stream(written(DELTA), &[&[double(5)], &[double(7)]]);
        streams.assert_continued("shop.written");
        // A gauge that was not set again is not repeated.
        assert_gauges(&streams, 1);
    } else {
        streams.assert_stream(written(CUMULATIVE), &[&[double(5)], &[double(12)]]);
        streams.assert_one_start("shop.written");
        assert_gauges(&streams, 4);
    }
    streams.assert_one_start("shop.active");
}

/// A gauge that is set once arrives this many times.
fn assert_gauges(streams: &Streams, times: usize) {
    let full = [filled(json!(1e300))];
    let mut filling = vec![&full[..]; times.max(2)];
    let low = [filled(json!(-0.5))];
    filling[0] = &low;
    streams.assert_stream(level(), &filling);
    let coldest = [json!({ "asInt": i64::MIN.to_string() })];
    let temperature = json!({ "name": "native.temperature", "gauge": {} });
    streams.assert_stream(temperature, &vec![&coldest[..]; times]);
}

/// Up-down counters are totals in every configuration, and present at every collection.
fn assert_up_and_down(streams: &Streams) {
    let sum = json!({ "aggregationTemporality": CUMULATIVE });
    let active = json!({ "name": "shop.active", "unit": "{session}", "sum": sum });
    let of = |value: &str| json!({ "asInt": value });
    streams.assert_stream(
        active,
        &[&[of("-2")], &[of("-1")], &[of("-1")], &[of("-1")]],
    );
    let balance = json!({ "name": "native.balance", "sum": sum });
    streams.assert_stream(balance, &[&[double(-0.25)][..]; 4]);
    let balance = json!({ "name": "shop.balance", "sum": sum });
    streams.assert_stream(balance, &[&[double(-3)], &[double(-3)]]);
    let queued = json!({
        "name": "shop.queued",
        "unit": "{item}",
        "description": "What waits.",
        "gauge": {},
    });
    let of = |queue: &str, value: Value| json!({ "asDouble": value, "attributes": { "queue": { "stringValue": queue } } });
    let points = [of("in", json!(2)), of("out", json!(3.5))];
    streams.assert_stream(queued, &[&points, &points]);
}

fn double(value: impl Into<Value>) -> Value {
    json!({ "asDouble": value.into() })
}

fn counter(name: &str, temporality: u32) -> Value {
    let sum = json!({ "aggregationTemporality": temporality, "isMonotonic": true });
    json!({ "name": name, "sum": sum })
}

fn requests(temporality: u32) -> Value {
    let mut metric = counter("shop.requests", temporality);
    metric["unit"] = json!("{request}");
    metric["description"] = json!("Requests answered, größer als 0.");
    metric
}

fn request(count: u64) -> Value {
    let big = count == HUGE;
    json!({
        "asInt": count.to_string(),
        "attributes": {
            "tier": { "stringValue": "web" },
            "route": { "stringValue": if big { "/größe" } else { "/a" } },
            "cached": { "boolValue": !big },
            "status": { "intValue": if big { "500" } else { "200" } },
        },
    })
}

fn cost(temporality: u32) -> Value {
    let mut metric = counter("shop.cost", temporality);
    metric["unit"] = json!("{USD}");
    metric["description"] = json!("What it cost.");
    metric
}

fn written(temporality: u32) -> Value {
    counter("shop.written", temporality)
}

fn took_metric(temporality: u32) -> Value {
    json!({
        "name": "shop.took",
        "unit": "s",
        "description": "How long it took.",
        "histogram": { "aggregationTemporality": temporality },
    })
}

fn took(ok: bool, count: u32, buckets: [u32; 4], sum: f64, [min, max]: [f64; 2]) -> Value {
    json!({
        "attributes": { "ok": { "boolValue": ok } },
        "count": count.to_string(),
        "sum": number(sum),
        "min": number(min),
        "max": number(max),
        "explicitBounds": [0.1, 1, 10],
        "bucketCounts": buckets.map(|count| count.to_string()),
    })
}

/// A number as the collector writes it: whole numbers without a decimal point.
fn number(value: f64) -> Value {
    match value.fract() == 0.0 {
        true => json!(value as i64),
        false => json!(value),
    }
}

/// A value equal to a bound belongs to the lower bucket.
fn first() -> Value {
    took(true, 5, [2, 1, 1, 1], 21.15, [0.05, 10.5])
}

fn not_ok() -> Value {
    took(false, 1, [1, 0, 0, 0], 0.0, [0.0, 0.0])
}

fn plain(temporality: u32) -> Value {
    let histogram = json!({ "aggregationTemporality": temporality });
    json!({ "name": "shop.plain", "histogram": histogram })
}

/// In the specification's default bounds.
fn three() -> Value {
    let mut counts = vec!["0"; 16];
    counts[1] = "1";
    json!({
        "count": "1",
        "sum": 3,
        "min": 3,
        "max": 3,
        "explicitBounds":
            [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000],
        "bucketCounts": counts,
    })
}

fn size(temporality: u32) -> Value {
    let histogram = json!({ "aggregationTemporality": temporality });
    json!({ "name": "native.size", "unit": "By", "histogram": histogram })
}

fn sized() -> Value {
    json!({
        "attributes": { "ratio": { "doubleValue": 0.5 } },
        "count": "1",
        "sum": 64,
        "min": 64,
        "max": 64,
        "explicitBounds": [10, 100],
        "bucketCounts": ["0", "1", "0"],
    })
}

fn level() -> Value {
    json!({ "name": "shop.level", "gauge": {} })
}

fn filled(value: Value) -> Value {
    json!({ "asDouble": value, "attributes": { "tank": { "stringValue": "left" } } })
}
