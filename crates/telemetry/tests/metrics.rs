//! Instruments end to end. Installation is process-global, so this is a separate process with one test.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

#[path = "wire/attribute.rs"]
mod attribute;

use attribute::text;
use glassbox_core::{
    counter, gauge, histogram,
    telemetry::{Counter, FloatCounter, Observable, Value},
    up_down_counter,
};
use glassbox_telemetry::{TelemetryConfig, TelemetryGuard};
use glassbox_testkit::OtlpSink;
use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    metrics::v1::{
        AggregationTemporality, HistogramDataPoint, Metric, NumberDataPoint, Sum, metric::Data,
        number_data_point,
    },
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

const FLUSH: Duration = Duration::from_secs(10);
const LIMIT: usize = 20;

/// The metrics of one collection.
struct Collected(Vec<Metric>);

impl Collected {
    async fn of(sink: &OtlpSink, guard: &TelemetryGuard) -> Self {
        sink.clear();
        guard.flush(FLUSH).await.unwrap();
        Self(sink.metrics().into_iter().map(|got| got.record).collect())
    }

    fn metric(&self, name: &str) -> &Metric {
        let mut named = self.0.iter().filter(|metric| metric.name == name);
        let found = named.next().unwrap_or_else(|| panic!("no metric {name}"));
        assert!(named.next().is_none(), "two metrics {name}");
        found
    }

    fn sum(&self, name: &str) -> &Sum {
        match self.metric(name).data.as_ref().unwrap() {
            Data::Sum(sum) => sum,
            other => panic!("{name} is {other:?}"),
        }
    }

    fn numbers(&self, name: &str) -> &[NumberDataPoint] {
        match self.metric(name).data.as_ref().unwrap() {
            Data::Sum(sum) => &sum.data_points,
            Data::Gauge(gauge) => &gauge.data_points,
            other => panic!("{name} is {other:?}"),
        }
    }

    fn number(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let mut points = self.numbers(name).iter();
        let point = points.find(|point| carries(&point.attributes, labels));
        match point.unwrap().value.unwrap() {
            number_data_point::Value::AsInt(n) => n as f64,
            number_data_point::Value::AsDouble(n) => n,
        }
    }

    fn histogram(&self, name: &str) -> &[HistogramDataPoint] {
        match self.metric(name).data.as_ref().unwrap() {
            Data::Histogram(histogram) => &histogram.data_points,
            other => panic!("{name} is {other:?}"),
        }
    }
}

fn carries(attributes: &[KeyValue], labels: &[(&str, &str)]) -> bool {
    labels
        .iter()
        .all(|(key, value)| text(attributes, key).as_deref() == Some(*value))
}

#[test]
fn every_kind_of_instrument_arrives_as_what_it_is() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let sink = OtlpSink::start().await;
        let config = TelemetryConfig::new("measuring")
            .with_endpoint(sink.endpoint())
            .with_cardinality_limit(LIMIT);
        let second = config.clone();
        static EARLY: Counter = Counter::new("early");
        let early = Observable::gauge("early.depth", || 7.0);

        let guard = glassbox_telemetry::init(config.clone()).unwrap();
        let again = glassbox_telemetry::init(config).unwrap_err();
        assert!(again.to_string().contains("already"), "{again}");
        EARLY.add(2);
        every_kind(&sink, &guard).await;
        callsites_of_one_name_share_a_series(&sink, &guard).await;
        too_many_label_values_share_the_overflow_series(&sink, &guard).await;
        observables_live_as_long_as_their_handles(&sink, &guard, early).await;
        callbacks_may_emit_and_panic(&sink, &guard).await;
        threads_lose_nothing(&sink, &guard).await;

        let report = guard.shutdown(FLUSH).await;
        assert!(report.is_lossless(), "{report}");
        assert_eq!(
            report.signals["metrics"].emitted,
            report.signals["metrics"].delivered
        );
        let again = glassbox_telemetry::init(second).unwrap_err();
        assert!(again.to_string().contains("once"), "{again}");
        EARLY.add(1);
    });
}

async fn every_kind(sink: &OtlpSink, guard: &TelemetryGuard) {
    static COST: FloatCounter = FloatCounter::new("cost")
        .with_unit("{USD}")
        .with_description("What it cost.");
    for (route, n) in [("/a", 1), ("/b", 2), ("/a", 4)] {
        counter!("requests", "route" => route, "cached" => true, "status" => 200_i64; unit: "{request}").add(n);
    }
    COST.add(0.25);
    COST.add(0.5);
    up_down_counter!("active").add(3);
    up_down_counter!("active").add(-1);
    gauge!("depth", "queue" => "in").set(7.0);
    gauge!("depth", "queue" => "in").set(5.5);
    for took in [0.05, 0.5, 5.0] {
        histogram!("took", "ok" => true; unit: "s", buckets: &[0.1, 1.0]).record(took);
    }
    histogram!("default.bounds").record(3.0);
    for value in [0.5, 7.0] {
        histogram!("unsorted"; buckets: &[5.0, 1.0, 1.0]).record(value);
        histogram!("infinite"; buckets: &[f64::NEG_INFINITY, 1.0, f64::INFINITY]).record(value);
        histogram!("unbounded"; buckets: &[f64::NAN, f64::INFINITY]).record(value);
    }

    let got = Collected::of(sink, guard).await;
    assert_eq!(got.number("early", &[]), 2.0);
    let requests = got.sum("requests");
    assert!(requests.is_monotonic);
    let cumulative = AggregationTemporality::Cumulative as i32;
    assert_eq!(requests.aggregation_temporality, cumulative);
    let a = [("route", "/a"), ("cached", "true"), ("status", "200")];
    assert_eq!(got.number("requests", &a), 5.0);
    assert_eq!(got.number("requests", &[("route", "/b")]), 2.0);
    assert_eq!(got.metric("requests").unit, "{request}");
    assert_eq!(got.number("cost", &[]), 0.75);
    assert_eq!(got.metric("cost").description, "What it cost.");
    assert!(!got.sum("active").is_monotonic);
    assert_eq!(got.number("active", &[]), 2.0);
    assert_eq!(got.number("depth", &[("queue", "in")]), 5.5);
    let took = &got.histogram("took")[0];
    assert_eq!(took.explicit_bounds, [0.1, 1.0]);
    assert_eq!(took.bucket_counts, [1, 1, 1]);
    assert_eq!((took.count, took.sum), (3, Some(5.55)));
    assert!(carries(&took.attributes, &[("ok", "true")]));
    assert!(got.histogram("default.bounds")[0].explicit_bounds.len() > 5);
    for (name, bounds, counts) in [
        ("unsorted", &[1.0, 5.0][..], &[1, 0, 1][..]),
        ("infinite", &[1.0], &[1, 1]),
    ] {
        let point = &got.histogram(name)[0];
        assert_eq!(point.explicit_bounds, bounds, "{name}");
        assert_eq!(point.bucket_counts, counts, "{name}");
    }
    let unbounded = &got.histogram("unbounded")[0];
    assert_eq!((unbounded.count, unbounded.explicit_bounds.len()), (2, 0));
    // An instrument with an invalid name is ignored and logged.
    counter!("no such name").add(1);
    let got = Collected::of(sink, guard).await;
    assert!(!got.0.iter().any(|metric| metric.name == "no such name"));
    assert!(
        sink.logs().is_empty(),
        "what telemetry says of itself is not exported"
    );
    // An unused instrument does not appear.
    assert!(!got.0.iter().any(|metric| metric.name == "never"));
}

async fn callsites_of_one_name_share_a_series(sink: &OtlpSink, guard: &TelemetryGuard) {
    // A macro uses the scope of its crate. In another scope it would be another stream.
    static SHARED: Counter = Counter::new("shared")
        .with_keys(&["kind"])
        .with_scope(glassbox_core::scope!());
    counter!("shared", "kind" => "x").add(1);
    counter!("shared", "kind" => "x").add(10);
    SHARED.add_with(100, &[Value::Str("x")]);
    let got = Collected::of(sink, guard).await;
    assert_eq!(got.numbers("shared").len(), 1);
    assert_eq!(got.number("shared", &[("kind", "x")]), 111.0);
    let scope = |name| {
        let metrics = sink.metrics();
        let of_name = metrics.iter().find(|got| got.record.name == name);
        of_name.unwrap().scope.name.clone()
    };
    assert_eq!(scope("shared"), env!("CARGO_PKG_NAME"));
    assert_eq!(scope("early"), "glassbox", "where nothing is said");
}

async fn too_many_label_values_share_the_overflow_series(sink: &OtlpSink, guard: &TelemetryGuard) {
    for round in 0..3 {
        for n in 0..LIMIT * 3 {
            let user = format!("user-{n}");
            counter!("logins", "user" => &user).add(1);
        }
        let got = Collected::of(sink, guard).await;
        assert_eq!(got.numbers("logins").len(), LIMIT + 1);
        let total: f64 = (LIMIT * 3 * (round + 1)) as f64;
        let overflow = got.number("logins", &[("otel.metric.overflow", "true")]);
        assert_eq!(overflow, total * 2.0 / 3.0);
        assert_eq!(
            got.number("logins", &[("user", "user-0")]),
            (round + 1) as f64
        );
    }
}

async fn observables_live_as_long_as_their_handles(
    sink: &OtlpSink,
    guard: &TelemetryGuard,
    early: Observable,
) {
    let total = Arc::new(AtomicU64::new(5));
    let read = Arc::clone(&total);
    let counter = Observable::counter("read.bytes", move || read.load(Relaxed) as f64);
    let sessions = Observable::up_down_counter("sessions", || -3.0);
    let twice = Observable::gauge("early.depth", || 9.0);
    let got = Collected::of(sink, guard).await;
    assert_eq!(got.number("read.bytes", &[]), 5.0);
    assert!(got.sum("read.bytes").is_monotonic);
    assert_eq!(got.number("sessions", &[]), -3.0);
    // Two observations of one series: the later one is the value.
    assert_eq!(got.number("early.depth", &[]), 9.0);

    total.store(8, Relaxed);
    drop(twice);
    let got = Collected::of(sink, guard).await;
    assert_eq!(got.number("read.bytes", &[]), 8.0);
    assert_eq!(got.number("early.depth", &[]), 7.0);

    drop((early, counter, sessions));
    let got = Collected::of(sink, guard).await;
    for name in ["read.bytes", "early.depth", "sessions"] {
        assert!(!got.0.iter().any(|metric| metric.name == name), "{name}");
    }
}

async fn callbacks_may_emit_and_panic(sink: &OtlpSink, guard: &TelemetryGuard) {
    let made: Arc<std::sync::Mutex<Vec<Observable>>> = Arc::default();
    let making = Arc::clone(&made);
    let emitting = Observable::gauge("callback.emits", move || {
        // New instruments of both kinds, for which the SDK would deadlock.
        counter!("from.callback", "key" => &String::from("v")).add(1);
        gauge!("gauge.from.callback").set(4.0);
        let mut made = making.lock().unwrap();
        if made.is_empty() {
            made.push(Observable::gauge("observable.from.callback", || 6.0));
        }
        1.0
    });
    let panicking = Observable::gauge("callback.panics", || panic!("on purpose"));
    let fine = Observable::gauge("callback.is.fine", || 2.0);

    let got = Collected::of(sink, guard).await;
    assert_eq!(got.number("callback.emits", &[]), 1.0);
    assert_eq!(got.number("callback.is.fine", &[]), 2.0);
    let got = Collected::of(sink, guard).await;
    assert!(got.number("from.callback", &[("key", "v")]) >= 1.0);
    assert_eq!(got.number("gauge.from.callback", &[]), 4.0);
    assert_eq!(got.number("observable.from.callback", &[]), 6.0);
    drop((emitting, panicking, fine));
    made.lock().unwrap().clear();
}

async fn threads_lose_nothing(sink: &OtlpSink, guard: &TelemetryGuard) {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for n in 0..5_000_u64 {
                    counter!("hammered").add(1);
                    let label = ["x", "y", "z"][(n as usize + thread) % 3];
                    counter!("hammered.labelled", "label" => label).add(2);
                    histogram!("hammered.took", "label" => label).record(n as f64);
                }
            });
        }
    });
    let got = Collected::of(sink, guard).await;
    assert_eq!(got.number("hammered", &[]), 20_000.0);
    let labelled =
        ["x", "y", "z"].map(|label| got.number("hammered.labelled", &[("label", label)]));
    assert_eq!(labelled.iter().sum::<f64>(), 40_000.0);
    let counted: u64 = got
        .histogram("hammered.took")
        .iter()
        .map(|point| point.count)
        .sum();
    assert_eq!(counted, 20_000);
}
