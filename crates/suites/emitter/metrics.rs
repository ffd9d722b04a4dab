//! Instruments of every kind, in two rounds with a collection after each.

use crate::{Facts, PATIENCE};
use glassbox_core::telemetry::{
    Counter, Descriptor, FloatCounter, Gauge, Histogram, Kind, Observable, UpDownCounter, Value,
};
use glassbox_telemetry::TelemetryGuard;
use opentelemetry::{InstrumentationScope, KeyValue, global, metrics::Meter};
use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

static REQUESTS: Counter = Counter::new("shop.requests")
    .with_unit("{request}")
    .with_description("Requests answered, größer als 0.")
    .with_labels(&[("tier", Value::Str("web"))])
    .with_keys(&["route", "cached", "status"]);
static COST: FloatCounter = FloatCounter::new("shop.cost")
    .with_unit("{USD}")
    .with_description("What it cost.");
static ACTIVE: UpDownCounter = UpDownCounter::new("shop.active").with_unit("{session}");
static LEVEL: Gauge = Gauge::new("shop.level").with_keys(&["tank"]);
static TOOK: Histogram = Histogram::new("shop.took")
    .with_unit("s")
    .with_description("How long it took.")
    .with_keys(&["ok"])
    .with_buckets(&[0.1, 1.0, 10.0]);
static PLAIN: Histogram = Histogram::new("shop.plain");

pub(crate) fn emit(telemetry: &TelemetryGuard, facts: &mut Facts) -> Result<(), Box<dyn Error>> {
    let total = Arc::new(AtomicU64::new(0));
    let _observables = observe(&total);
    let scope = InstrumentationScope::builder("native.meter")
        .with_version("7.8.9")
        .with_schema_url("https://opentelemetry.io/schemas/1.41.0")
        .with_attributes([KeyValue::new("scope.key", "scope value")])
        .build();
    let meter = global::meter_provider().meter_with_scope(scope);

    facts.set_now("first.begin");
    first();
    native_first(&meter);
    total.store(5, Relaxed);
    telemetry.flush_blocking(PATIENCE)?;
    facts.set_now("second.begin");
    second();
    total.store(12, Relaxed);
    telemetry.flush_blocking(PATIENCE)?;
    facts.set_now("second.end");
    Ok(())
}

fn first() {
    let of = |route, cached, status| [Value::Str(route), Value::Bool(cached), Value::Int(status)];
    REQUESTS.add_with(1, &of("/a", true, 200));
    REQUESTS.add_with(4, &of("/a", true, 200));
    REQUESTS.add_with(1 << 53, &of("/größe", false, 500));
    REQUESTS.add_with(1, &of("/größe", false, 500));
    COST.add(0.25);
    COST.add(0.5);
    ACTIVE.add(3);
    ACTIVE.add(-5);
    LEVEL.set_with(7.0, &[Value::Str("left")]);
    LEVEL.set_with(-0.5, &[Value::Str("left")]);
    for took in [0.05, 0.1, 0.5, 10.0, 10.5] {
        TOOK.record_with(took, &[Value::Bool(true)]);
    }
    PLAIN.record(3.0);
}

fn second() {
    let of_a = [Value::Str("/a"), Value::Bool(true), Value::Int(200)];
    REQUESTS.add_with(10, &of_a);
    COST.add(1.0);
    ACTIVE.add(1);
    LEVEL.set_with(1e300, &[Value::Str("left")]);
    TOOK.record_with(2.0, &[Value::Bool(true)]);
    TOOK.record_with(0.0, &[Value::Bool(false)]);
}

fn observe(total: &Arc<AtomicU64>) -> [Observable; 3] {
    let read = Arc::clone(total);
    let written = Observable::counter("shop.written", move || read.load(Relaxed) as f64);
    let mut queued = Descriptor::new("shop.queued", Kind::ObservableGauge);
    queued.unit = "{item}";
    queued.description = "What waits.";
    queued.keys = &["queue"];
    let queued = Observable::of(queued, |report| {
        report(2.0, &[Value::Str("in")]);
        report(3.5, &[Value::Str("out")]);
    });
    let balance = Observable::up_down_counter("shop.balance", || -3.0);
    [written, queued, balance]
}

/// Features that our contract lacks: numbers of the other type, label values of more types.
fn native_first(meter: &Meter) {
    meter
        .u64_histogram("native.size")
        .with_unit("By")
        .with_boundaries(vec![10.0, 100.0])
        .build()
        .record(64, &[KeyValue::new("ratio", 0.5)]);
    meter
        .i64_gauge("native.temperature")
        .build()
        .record(i64::MIN, &[]);
    meter
        .f64_up_down_counter("native.balance")
        .build()
        .add(-0.25, &[]);
}
