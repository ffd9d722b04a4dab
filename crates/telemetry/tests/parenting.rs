//! Parents of spans, in every order of nesting. Installation is process-global, so this is a separate
//! process with one test.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

use glassbox_core::telemetry::{self, Span, SpanKind, TraceContext};
use glassbox_telemetry::{TelemetryConfig, TelemetryGuard};
use glassbox_testkit::{OtlpSink, Received};
use opentelemetry::trace::{TraceContextExt, Tracer, TracerProvider};
use opentelemetry_proto::tonic::{logs::v1::LogRecord, trace::v1::Span as Proto};
use std::time::Duration;
use tracing::Instrument;

const FLUSH: Duration = Duration::from_secs(10);

struct Arrived {
    spans: Vec<Received<Proto>>,
    logs: Vec<Received<LogRecord>>,
}

impl Arrived {
    async fn of(sink: &OtlpSink, guard: &TelemetryGuard) -> Self {
        guard.flush(FLUSH).await.unwrap();
        let arrived = Self {
            spans: sink.spans(),
            logs: sink.logs(),
        };
        sink.clear();
        arrived
    }

    fn span(&self, name: &str) -> &Proto {
        let mut named = self.spans.iter().filter(|span| span.name == name);
        let found = named.next().unwrap_or_else(|| panic!("no span {name}"));
        assert!(named.next().is_none(), "two spans {name}");
        found
    }

    /// Each name is the parent of the next.
    fn assert_chain(&self, names: &[&str]) {
        for pair in names.windows(2) {
            let (parent, child) = (self.span(pair[0]), self.span(pair[1]));
            assert_eq!(child.trace_id, parent.trace_id, "{pair:?}");
            assert_eq!(child.parent_span_id, parent.span_id, "{pair:?}");
        }
    }

    fn assert_root(&self, name: &str) {
        assert!(self.span(name).parent_span_id.is_empty(), "{name}");
    }

    fn assert_log_in(&self, body: &str, span: &str) {
        let log = self.logs.iter().find(|log| {
            let body_is = |value| format!("{value:?}").contains(body);
            log.body.as_ref().is_some_and(body_is)
        });
        assert_eq!(log.unwrap().span_id, self.span(span).span_id, "{body}");
    }
}

#[test]
fn the_span_entered_last_is_the_parent_whoever_made_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let sink = OtlpSink::start().await;
        let config = TelemetryConfig::new("nesting").with_endpoint(sink.endpoint());
        let guard = glassbox_telemetry::init(config).unwrap();

        alternately_in_one_thread(&sink, &guard).await;
        alternately_in_async_code_that_moves(&sink, &guard).await;
        many_at_a_time_do_not_mix(&sink, &guard).await;
        native_spans_take_part(&sink, &guard).await;
        explicit_parents_and_roots_win(&sink, &guard).await;
        a_remote_parent_decides(&sink, &guard).await;
        guards_may_end_in_any_order(&sink, &guard).await;
        a_value_may_speak_while_it_is_shown(&sink, &guard).await;
        nothing_is_current_at_the_end();

        let report = guard.shutdown(FLUSH).await;
        assert!(report.is_lossless(), "{report}");
    });
}

#[tracing::instrument]
fn tracing_c() {
    tracing::info!("in c");
    telemetry::in_span("d", |_| tracing::info!("in d"));
    tracing::info!("in c again");
}

async fn alternately_in_one_thread(sink: &OtlpSink, guard: &TelemetryGuard) {
    let a = tracing::info_span!("a").entered();
    telemetry::in_span("b", |_| {
        tracing_c();
        tracing::info!("in b");
    });
    Span::start("b2").end();
    drop(a);

    let arrived = Arrived::of(sink, guard).await;
    arrived.assert_root("a");
    arrived.assert_chain(&["a", "b", "tracing_c", "d"]);
    arrived.assert_chain(&["a", "b2"]);
    arrived.assert_log_in("in d", "d");
    arrived.assert_log_in("in c again", "tracing_c");
    arrived.assert_log_in("in b", "b");
}

#[tracing::instrument(skip_all, fields(otel.name = format!("a{n}")))]
async fn outer(n: usize) {
    tokio::task::yield_now().await;
    let b = Span::start(format!("b{n}"));
    b.around(async {
        tokio::task::yield_now().await;
        inner(n).await;
        tokio::task::yield_now().await;
        Span::start(format!("e{n}")).end();
    })
    .await;
}

#[tracing::instrument(skip_all, fields(otel.name = format!("c{n}")))]
async fn inner(n: usize) {
    let d = Span::start(format!("d{n}"));
    d.around(async {
        // On another thread, with the current span propagated as each library does it.
        let moved = async move {
            tokio::task::yield_now().await;
            Span::start(format!("g{n}")).end();
        };
        let span = tracing::info_span!("f", otel.name = format!("f{n}"));
        tokio::spawn(moved.instrument(span)).await.unwrap();
        tokio::task::yield_now().await;
    })
    .await;
}

async fn alternately_in_async_code_that_moves(sink: &OtlpSink, guard: &TelemetryGuard) {
    tokio::spawn(outer(0)).await.unwrap();
    let arrived = Arrived::of(sink, guard).await;
    arrived.assert_root("a0");
    arrived.assert_chain(&["a0", "b0", "c0", "d0", "f0", "g0"]);
    arrived.assert_chain(&["b0", "e0"]);
}

async fn many_at_a_time_do_not_mix(sink: &OtlpSink, guard: &TelemetryGuard) {
    let tasks: Vec<_> = (1..=50).map(|n| tokio::spawn(outer(n))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let arrived = Arrived::of(sink, guard).await;
    for n in 1..=50 {
        let names = ["a", "b", "c", "d", "f", "g"].map(|letter| format!("{letter}{n}"));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        arrived.assert_root(names[0]);
        arrived.assert_chain(&names);
    }
}

async fn native_spans_take_part(sink: &OtlpSink, guard: &TelemetryGuard) {
    let tracer = guard.tracer_provider().unwrap().tracer("native");
    telemetry::in_span("ours", |_| {
        tracer.in_span("native", |_| {
            tracing::info_span!("theirs").in_scope(|| {
                telemetry::in_span("innermost", |_| {});
            });
        });
    });
    let arrived = Arrived::of(sink, guard).await;
    arrived.assert_chain(&["ours", "native", "theirs", "innermost"]);
}

async fn explicit_parents_and_roots_win(sink: &OtlpSink, guard: &TelemetryGuard) {
    let first = tracing::info_span!("first");
    let other = Span::start("other");
    {
        let _entered = other.enter();
        tracing::info_span!(parent: &first, "of first").in_scope(|| {});
        tracing::info_span!(parent: None, "alone").in_scope(|| {});
        Span::builder("ours alone").root().start().end();
        Span::builder("ours of none")
            .parent(&TraceContext::default())
            .start()
            .end();
    }
    drop((first, other));
    let arrived = Arrived::of(sink, guard).await;
    arrived.assert_chain(&["first", "of first"]);
    arrived.assert_root("alone");
    arrived.assert_root("ours alone");
    arrived.assert_chain(&["other", "ours of none"]);
}

async fn a_remote_parent_decides(sink: &OtlpSink, guard: &TelemetryGuard) {
    let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut remote = TraceContext::parse(header).unwrap();
    remote.state = Some("vendor=1,other=a:b".into());
    let server = Span::builder("GET /x")
        .kind(SpanKind::Server)
        .parent(&remote)
        .start();
    {
        let _entered = server.enter();
        assert_eq!(telemetry::current().state, remote.state);
        tracing::info_span!("handler").in_scope(|| {
            let current = telemetry::current();
            assert_eq!(current.trace_id, remote.trace_id);
            assert_eq!(current.state, remote.state);
            assert!(!current.remote);
        });
    }
    server.end();

    let unsampled = TraceContext::parse(&header.replace("-01", "-00")).unwrap();
    let ignored = Span::builder("unsampled").parent(&unsampled).start();
    assert!(!ignored.is_recording());
    let _entered = ignored.enter();
    tracing::info_span!("unsampled too").in_scope(|| {
        let current = telemetry::current();
        assert_eq!(
            (current.trace_id, current.sampled),
            (unsampled.trace_id, false)
        );
        tracing::warn!("logs are not sampled");
    });
    drop(_entered);
    drop(ignored);

    let arrived = Arrived::of(sink, guard).await;
    assert_eq!(arrived.spans.len(), 2);
    arrived.assert_chain(&["GET /x", "handler"]);
    let server = arrived.span("GET /x");
    assert_eq!(server.parent_span_id, remote.span_id.to_be_bytes());
    assert_eq!(server.trace_state, "vendor=1,other=a:b");
    // Bit 8 means that bit 9 is known: the parent was remote.
    assert_eq!(server.flags & 0x300, 0x300);
    assert_eq!(arrived.span("handler").flags & 0x300, 0x100);
    assert_eq!(arrived.logs.len(), 1);
    assert_eq!(arrived.logs[0].trace_id, unsampled.trace_id.to_be_bytes());
}

async fn guards_may_end_in_any_order(sink: &OtlpSink, guard: &TelemetryGuard) {
    let (one, two) = (Span::start("one"), Span::start("two"));
    let entered_one = one.enter();
    let entered_two = two.enter();
    let theirs = tracing::info_span!("three").entered();
    drop(entered_one);
    Span::start("under three").end();
    drop(entered_two);
    Span::start("still under three").end();
    drop(theirs);
    Span::start("under nothing").end();
    drop((one, two));
    let arrived = Arrived::of(sink, guard).await;
    arrived.assert_chain(&["two", "three", "under three"]);
    arrived.assert_chain(&["three", "still under three"]);
    arrived.assert_root("under nothing");
}

fn nothing_is_current_at_the_end() {
    assert!(!telemetry::current().is_valid());
    assert!(!opentelemetry::Context::current().has_active_span());
}

/// A value that logs while it is formatted, as a lazy connection does.
struct Talkative;

impl std::fmt::Debug for Talkative {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        tracing::error!("said in between");
        f.write_str("shown")
    }
}

async fn a_value_may_speak_while_it_is_shown(sink: &OtlpSink, guard: &TelemetryGuard) {
    let (done, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let span = tracing::info_span!("talked", late = tracing::field::Empty).entered();
        tracing::error!(error = ?Talkative, "said");
        span.record("late", tracing::field::debug(Talkative));
        drop(span);
        done.send(())
    });
    let ended = tokio::time::timeout(FLUSH, ended).await;
    ended.expect("it does not wait for itself").unwrap();
    let arrived = Arrived::of(sink, guard).await;
    arrived.assert_root("talked");
    arrived.assert_log_in("said in between", "talked");
}
