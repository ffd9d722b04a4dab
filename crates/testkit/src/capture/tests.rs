use super::*;
use glassbox_core::{
    counter, gauge, histogram,
    telemetry::{
        Attribute, FloatCounter, Kind, Link, Observable, Span, SpanKind, Status, TraceContext,
    },
    up_down_counter,
};

#[test]
fn every_kind_of_instrument_is_told_apart_and_summed_over_the_labels_asked_for() {
    static COST: FloatCounter = FloatCounter::new("kinds.cost");
    let capture = TelemetryCapture::install();
    for (route, n) in [("/a", 1), ("/b", 2), ("/a", 4)] {
        counter!("kinds.requests", "route" => route, "method" => "GET").add(n);
    }
    COST.add(0.25);
    COST.add(0.5);
    up_down_counter!("kinds.active").add(3);
    up_down_counter!("kinds.active").add(-1);
    gauge!("kinds.depth").set(7.0);
    gauge!("kinds.depth").set(5.0);
    histogram!("kinds.took", "ok" => true; unit: "s").record(0.1);
    histogram!("kinds.took", "ok" => true; unit: "s").record(0.3);

    assert_eq!(capture.counter("kinds.requests", &[("route", "/a")]), 5);
    assert_eq!(capture.counter("kinds.requests", &[]), 7);
    assert_eq!(capture.counter("kinds.requests", &[("route", "/c")]), 0);
    assert_eq!(capture.float_counter("kinds.cost", &[]), 0.75);
    assert_eq!(capture.up_down_counter("kinds.active", &[]), 2);
    assert_eq!(capture.gauge("kinds.depth", &[]), Some(5.0));
    assert_eq!(capture.gauge("kinds.never", &[]), None);
    assert_eq!(
        capture.histogram("kinds.took", &[("ok", "true")]),
        [0.1, 0.3]
    );
    assert_eq!(capture.series("kinds.requests").len(), 2);
    assert_eq!(capture.descriptor("kinds.took").unwrap().unit, "s");
}

#[test]
fn an_observable_is_read_as_long_as_it_lives() {
    let capture = TelemetryCapture::install();
    let depth = Observable::gauge("observed.depth", || 7.0);
    assert_eq!(capture.observe("observed.depth", &[]), [7.0]);
    assert_eq!(
        capture.descriptor("observed.depth").unwrap().kind,
        Kind::ObservableGauge
    );
    drop(depth);
    assert!(capture.observe("observed.depth", &[]).is_empty());
}

#[test]
fn spans_carry_what_was_said_of_them_and_know_their_parent() {
    let capture = TelemetryCapture::install();
    let elsewhere = TraceContext::new(1 << 100, 9, true);
    let mut outer = Span::builder("captured outer")
        .kind(SpanKind::Server)
        .attributes(&[("city", "Oslo".into())])
        .links(&[Link::new(elsewhere.clone())])
        .root()
        .start();
    let trace_id = outer.context().trace_id;
    {
        let _entered = outer.enter();
        Span::start("captured inner").end();
    }
    outer.set("city", "Lima");
    outer.set("count", 3);
    outer.event("cache.miss", [("key", "x")]);
    outer.fail("timeout", "too slow");
    outer.end();

    let [inner, outer] = &capture.trace(trace_id)[..] else {
        panic!("two spans ended in this trace");
    };
    assert!(inner.is_child_of(outer) && !outer.is_child_of(inner));
    assert!(!outer.parent().is_valid());
    assert_eq!(outer.kind(), SpanKind::Server);
    assert_eq!(outer.text("city"), Some("Lima"));
    assert_eq!(outer.int("count"), Some(3));
    assert_eq!(outer.text("error.type"), Some("timeout"));
    assert_eq!(outer.status(), &Status::Error("too slow".into()));
    assert_eq!(
        outer.event("cache.miss").unwrap().attributes,
        [("key".into(), Attribute::from("x"))]
    );
    assert_eq!(outer.links()[0].context, elsewhere);
    assert!(outer.start_unix_nano() <= inner.start_unix_nano());
    assert!(inner.end_unix_nano() <= outer.end_unix_nano());
}

#[test]
fn an_unsampled_parent_is_not_recorded_but_travels() {
    let capture = TelemetryCapture::install();
    let mut unsampled = TraceContext::new(77, 7, false);
    unsampled.random = true;
    let span = Span::builder("unsampled").parent(&unsampled).start();
    assert!(!span.is_recording() && !span.context().sampled);
    assert_eq!(span.context().trace_id, 77);
    assert!(span.context().random);
    drop(span);
    assert!(capture.spans_named("unsampled").is_empty());
}

#[test]
fn a_second_install_shares_what_the_first_captured() {
    let first = TelemetryCapture::install();
    counter!("shared.count").add(1);
    let second = TelemetryCapture::install();
    counter!("shared.count").add(1);
    assert_eq!(first.counter("shared.count", &[]), 2);
    assert_eq!(second.counter("shared.count", &[]), 2);
}

#[test]
fn spans_may_be_left_in_any_order() {
    TelemetryCapture::install();
    let spans = ["a", "b", "c", "d"].map(|name| Span::builder(name).root().start());
    let [a, b, c, d] = &spans;
    let current = || glassbox_core::telemetry::current().span_id;
    let (in_a, in_b) = (a.enter(), b.enter());
    drop(in_a);
    assert_eq!(current(), b.context().span_id);
    let (in_c, in_d) = (c.enter(), d.enter());
    drop(in_b);
    assert_eq!(current(), d.context().span_id);
    drop(in_d);
    assert_eq!(current(), c.context().span_id);
    drop(in_c);
    assert_eq!(current(), 0);
}
