//! Installation is process-global, so it is tested in a process of its own.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

use glassbox_core::{
    counter, gauge, histogram, span,
    telemetry::{
        self, Counter, Descriptor, Ended, InstrumentId, Kind, Observable, Observation, Scope, Span,
        SpanRef, SpanSpec, Started, Telemetry, TelemetryHealth, TraceContext, Value,
    },
};
use std::sync::{
    Mutex, Weak,
    atomic::{AtomicU64, Ordering::Relaxed},
};

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
static OBSERVED: Mutex<Vec<Weak<Observation>>> = Mutex::new(Vec::new());
static CURRENT: Mutex<Vec<TraceContext>> = Mutex::new(Vec::new());
static NEXT: AtomicU64 = AtomicU64::new(1);
static SCOPES: Mutex<Vec<Option<Scope>>> = Mutex::new(Vec::new());
/// Start, end and number of links of the spans that ended.
static TIMES: Mutex<Vec<(u64, u64, usize)>> = Mutex::new(Vec::new());
static NAMES: Mutex<Vec<Descriptor>> = Mutex::new(Vec::new());

struct Notebook;

fn note(line: String) {
    SEEN.lock().unwrap().push(line);
}

fn take() -> Vec<String> {
    std::mem::take(&mut *SEEN.lock().unwrap())
}

fn show(id: InstrumentId, what: &str, values: &[Value<'_>]) {
    let descriptor = NAMES.lock().unwrap()[id.get() as usize - 1];
    let fixed = descriptor.labels.iter().copied();
    let given = descriptor.keys.iter().copied().zip(values.iter().copied());
    let labels: Vec<_> = fixed.chain(given).collect();
    note(format!("{} {what} {labels:?}", descriptor.name));
}

impl Telemetry for Notebook {
    fn resolve(&self, instrument: &Descriptor) -> InstrumentId {
        let mut names = NAMES.lock().unwrap();
        names.push(*instrument);
        InstrumentId::new(u32::try_from(names.len()).unwrap())
    }
    fn add(&self, id: InstrumentId, n: u64, values: &[Value<'_>]) {
        show(id, &format!("+{n}"), values);
    }
    fn add_float(&self, id: InstrumentId, n: f64, values: &[Value<'_>]) {
        show(id, &format!("+{n}"), values);
    }
    fn add_signed(&self, id: InstrumentId, n: i64, values: &[Value<'_>]) {
        show(id, &format!("{n:+}"), values);
    }
    fn set(&self, id: InstrumentId, value: f64, values: &[Value<'_>]) {
        show(id, &format!("={value}"), values);
    }
    fn record(&self, id: InstrumentId, value: f64, values: &[Value<'_>]) {
        show(id, &format!("~{value}"), values);
    }
    fn observe(&self, observation: Weak<Observation>) {
        OBSERVED.lock().unwrap().push(observation);
    }
    fn start(&self, spec: SpanSpec<'_>) -> Started {
        let parent = spec.parent_under(|| self.current());
        let id = match spec.span_id {
            0 => NEXT.fetch_add(1, Relaxed),
            given => given,
        };
        let trace = if parent.is_valid() {
            parent.trace_id
        } else if spec.trace_id != 0 {
            spec.trace_id
        } else {
            u128::from(id)
        };
        let mut record = Box::<telemetry::Record>::default();
        let start = spec.start_unix_nano;
        SCOPES.lock().unwrap().extend(
            spec.name
                .to_string()
                .contains("scoped")
                .then_some(spec.scope.copied()),
        );
        record.begin(spec, parent, start);
        Started::new(TraceContext::new(trace, id, true), Some(record)).with_slot(id)
    }
    fn end(&self, ended: Ended) {
        let record = ended.record.unwrap();
        TIMES.lock().unwrap().push((
            record.start_unix_nano,
            ended.end_unix_nano,
            record.links.len(),
        ));
        assert_eq!(
            ended.slot, ended.context.span_id,
            "comes back as it was given"
        );
        note(format!(
            "end {} {}<{} {:?}",
            record.name, ended.context.span_id, record.parent.span_id, record.attributes
        ));
    }
    fn enter(&self, span: SpanRef<'_>) -> u64 {
        assert_eq!(
            span.slot, span.context.span_id,
            "comes back as it was given"
        );
        let mut current = CURRENT.lock().unwrap();
        current.push(span.context.clone());
        current.len() as u64 - 1
    }
    fn exit(&self, token: u64) {
        CURRENT
            .lock()
            .unwrap()
            .truncate(usize::try_from(token).unwrap());
    }
    fn current(&self) -> TraceContext {
        CURRENT.lock().unwrap().last().cloned().unwrap_or_default()
    }
    fn now(&self) -> u64 {
        5
    }
    fn health(&self) -> TelemetryHealth {
        TelemetryHealth::default()
    }
}

fn count_city(city: &str) {
    counter!("cities", "city" => city; unit: "{city}").add(1);
}

#[test]
fn what_was_made_before_installation_delivers_after_it() {
    static EARLY: Counter = Counter::new("early").with_unit("{call}");
    EARLY.add(1);
    count_city("Oslo");
    let before = Span::start("before");
    let early_gauge = Observable::gauge("depth", || 7.0);
    let _another = Observable::gauge("width", || 3.0);
    let ended_early = Observable::gauge("ended", || 8.0);
    drop(ended_early);
    assert!(telemetry::health().is_none());

    telemetry::install(Notebook).unwrap();
    assert!(telemetry::install(&Notebook).is_err());

    // The span started before installation, so its end is not reported either.
    drop(before);
    EARLY.add(2);
    count_city("Lima");
    assert_eq!(
        take(),
        [r#"early +2 []"#, r#"cities +1 [("city", Str("Lima"))]"#]
    );

    let _late_gauge = Observable::gauge("late", || 9.0);
    let mut read = Vec::new();
    for observation in OBSERVED.lock().unwrap().iter().filter_map(Weak::upgrade) {
        observation.read(&mut |value, _| read.push((observation.descriptor().name, value)));
    }
    assert_eq!(read, [("depth", 7.0), ("width", 3.0), ("late", 9.0)]);
    drop(early_gauge);

    literals_belong_to_the_instrument();
    a_macro_emits_in_the_scope_of_its_crate();
    an_attribute_without_a_value_is_left_out();
    a_derived_span_has_the_identity_and_the_times_that_it_was_given();
    spans_nest_through_threads_of_control();
    parents_are_chosen_by_what_was_said();
    a_future_sees_its_span_until_it_is_gone();
    level_two_measures_and_fails();
}

fn literals_belong_to_the_instrument() {
    counter!("plain").add(1);
    counter!("fixed", "route" => "/x", "status" => 200, "cached" => true).add(3);
    gauge!("level", "tank" => &String::from("b"), "full" => false).set(0.5);
    histogram!("took"; unit: "s", buckets: &[0.1, 1.0]).record(0.25);
    let took = *NAMES.lock().unwrap().last().unwrap();
    assert_eq!(took.kind, Kind::Histogram(&[0.1, 1.0]));
    assert_eq!(took.unit, "s");
    assert_eq!(
        take(),
        [
            "plain +1 []",
            r#"fixed +3 [("route", Str("/x")), ("status", Int(200)), ("cached", Bool(true))]"#,
            r#"level =0.5 [("tank", Str("b")), ("full", Bool(false))]"#,
            "took ~0.25 []",
        ]
    );
}

fn a_macro_emits_in_the_scope_of_its_crate() {
    counter!("scoped").add(1);
    take();
    let scoped = *NAMES.lock().unwrap().last().unwrap();
    let scope = scoped.scope.unwrap();
    assert_eq!(scope.name(), env!("CARGO_PKG_NAME"));
    assert_eq!(scope.version(), Some(env!("CARGO_PKG_VERSION")));
    drop(span!("scoped"));
    drop(Span::start("not scoped"));
    assert_eq!(*SCOPES.lock().unwrap(), [Some(scope), None]);
    take();
}

fn an_attribute_without_a_value_is_left_out() {
    let (given, missing) = (Some(String::from("x")), None::<i64>);
    let attributes = [
        ("given", given.as_ref().into()),
        ("missing", missing.into()),
        ("static", Value::Static("y")),
    ];
    let name = String::from("absent");
    drop(
        Span::builder(format_args!("{name} 1"))
            .attributes(&attributes)
            .start(),
    );
    assert!(take()[0].ends_with(r#" [("given", Str("x")), ("static", Str("y"))]"#));
}

fn a_derived_span_has_the_identity_and_the_times_that_it_was_given() {
    let linked = [telemetry::Link::new(TraceContext::new(3, 4, true))];
    let span = Span::builder("derived")
        .root()
        .identity(7, 9)
        .started_at(100)
        .links(&linked)
        .start();
    assert_eq!((span.context().trace_id, span.context().span_id), (7, 9));
    let child = Span::builder("child")
        .parent(span.context())
        .identity(8, 10)
        .start();
    assert_eq!(
        child.context().trace_id,
        7,
        "a child is in the trace of its parent"
    );
    drop(child);
    take();
    TIMES.lock().unwrap().clear();
    span.end_at(250);
    assert_eq!(*TIMES.lock().unwrap(), [(100, 250, 1)]);
    assert_eq!(take().len(), 1, "it has ended once");
}

fn spans_nest_through_threads_of_control() {
    NEXT.store(10, Relaxed);
    let outer = span!("outer", "k" => 1);
    {
        let _entered = outer.enter();
        telemetry::in_span("inner", |span| span.set("deep", true));
    }
    let apart = Span::start("apart");
    assert_ne!(apart.context().trace_id, outer.context().trace_id);
    let remote =
        TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
    let handed_on = Span::builder("handed on").or_parent(&remote).start();
    assert_eq!(handed_on.context().trace_id, remote.trace_id);
    drop((handed_on, apart, outer));
    assert_eq!(
        take(),
        [
            r#"end inner 11<10 [("deep", Bool(true))]"#,
            &format!("end handed on 13<{} []", 0xb7ad_6b71_6920_3331_u64),
            "end apart 12<0 []",
            r#"end outer 10<0 [("k", Int(1))]"#,
        ]
    );
}

fn parents_are_chosen_by_what_was_said() {
    let far =
        TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
    let outer = Span::start("outer");
    {
        let _entered = outer.enter();
        let trace = |span: Span| span.context().trace_id;
        let here = outer.context().trace_id;
        assert_eq!(trace(Span::start("child")), here);
        assert_eq!(trace(Span::builder("x").or_parent(&far).start()), here);
        assert_eq!(trace(Span::builder("x").parent(&far).start()), far.trace_id);
        let nobody = TraceContext::default();
        assert_eq!(trace(Span::builder("x").parent(&nobody).start()), here);
        let root = trace(Span::builder("x").parent(&far).root().start());
        assert!(root != here && root != far.trace_id);
        let mut fields = std::collections::BTreeMap::new();
        let cx = glassbox_core::Cx::background().with_trace(far.clone());
        cx.inject(&Stopped, &mut fields);
        assert_eq!(
            fields["traceparent"],
            outer.context().to_traceparent().unwrap()
        );
        cx.inject_under(&far, &Stopped, &mut fields);
        assert_eq!(fields["traceparent"], far.to_traceparent().unwrap());
    }
    drop(outer);
    take();
}

struct Stopped;

impl glassbox_core::Clock for Stopped {
    fn now(&self) -> u64 {
        0
    }
}

/// Records the current span when it is dropped.
struct Guard<'a>(&'a AtomicU64);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.store(telemetry::current().span_id, Relaxed);
    }
}

fn a_future_sees_its_span_until_it_is_gone() {
    let span = Span::start("around");
    let (polled, dropped) = (AtomicU64::new(0), AtomicU64::new(0));
    {
        let mut future = Box::pin(span.around(async {
            let _guard = Guard(&dropped);
            polled.store(telemetry::current().span_id, Relaxed);
            std::future::pending::<()>().await;
        }));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
        assert!(
            !telemetry::current().is_valid(),
            "between polls nothing is current"
        );
    }
    assert_eq!(polled.load(Relaxed), span.context().span_id);
    assert_eq!(
        dropped.load(Relaxed),
        span.context().span_id,
        "cancelled within its span"
    );
    drop(span);
    take();
}

fn level_two_measures_and_fails() {
    drop(telemetry::time("load"));
    telemetry::record_error("load", "timeout");
    let mut failed = Span::start("failing");
    failed.record_error(&std::io::Error::other("disk is full"));
    drop(failed);
    let mut refused = Span::start("refused");
    let problem =
        glassbox_core::Problem::new(glassbox_core::Category::Conflict, "order.taken", "taken");
    refused.record_error(&glassbox_core::ToolError::from(problem));
    drop(refused);
    let seen = take();
    assert_eq!(
        seen[0],
        r#"operation.duration ~0 [("operation.name", Str("load"))]"#
    );
    assert_eq!(
        seen[1],
        r#"operation.errors +1 [("operation.name", Str("load")), ("error.type", Str("timeout"))]"#
    );
    assert!(seen[2].contains(r#"("error.type", Str("std::io::error::Error"))"#));
    assert!(
        seen[3].contains(r#"("error.type", Str("order.taken"))"#),
        "{}",
        seen[3]
    );
}
