//! The cost of emitting: nanoseconds per call, without telemetry, unsampled and sampled.
//!
//! `cargo bench -p glassbox-telemetry` runs itself once for each of the three, since telemetry is
//! installed once per process. The figures do not include the telemetry thread.
//!
//! On a machine with other work, count instructions instead of time. `MODE calls=N only=WHAT` makes
//! exactly N calls, so the difference between two runs is the cost of the calls between them:
//! `valgrind --tool=callgrind target/release/deps/emission-… none calls=20000 only='counter'`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints and may panic"
)]

use glassbox_core::{
    counter, span,
    telemetry::{Span, SpanKind, TraceContext, Value},
};
use glassbox_telemetry::{Sampler, TelemetryConfig, TelemetryGuard};
use glassbox_testkit::OtlpSink;
use std::{hint::black_box, process::Command, time::Duration, time::Instant};

/// Calls of one timed round, fewer than the size of the queue.
const CALLS: u32 = 1500;
const ROUNDS: usize = 60;
const WITHIN: Duration = Duration::from_secs(30);

fn main() {
    let mode = std::env::args().find(|arg| ["none", "unsampled", "sampled"].contains(&&**arg));
    let Some(mode) = mode else {
        for mode in ["none", "unsampled", "sampled"] {
            let me = std::env::current_exe().unwrap();
            assert!(Command::new(me).arg(mode).status().unwrap().success());
        }
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (sink, guard) = match mode.as_str() {
        "none" => (None, None),
        _ => {
            let sink = runtime.block_on(OtlpSink::start());
            let mut config = TelemetryConfig::new("bench").with_endpoint(sink.endpoint());
            (config.batch_timeout, config.metric_interval) = (WITHIN * 100, WITHIN * 100);
            (config.queue_size, config.batch_size) = (4096, 4096);
            config.sampler = match mode.as_str() {
                "sampled" => Sampler::On,
                _ => Sampler::Off,
            };
            (Some(sink), Some(glassbox_telemetry::init(config).unwrap()))
        }
    };
    let argument =
        |key: &str| std::env::args().find_map(|arg| arg.strip_prefix(key).map(str::to_owned));
    let counted = argument("calls=").map(|calls| Counted {
        calls: calls.parse().unwrap(),
        only: argument("only=").unwrap(),
    });
    let bench = Bench {
        mode,
        sink,
        guard,
        counted,
    };
    let (model, host) = (String::from("gpt-5-mini"), String::from("api.example.com"));
    let (model, host) = (black_box(model), black_box(host));
    let port = black_box(443_u16);

    bench.time("counter", || counter!("bench.plain").add(1));
    bench.time("counter, 3 labels", || {
        counter!("bench.labelled", "model" => &model, "host" => &host, "port" => port).add(1);
    });
    bench.time("span", || {
        black_box(&Span::start("chat"));
    });
    bench.time("span, 5 attributes, builder", || {
        let span = Span::builder("chat")
            .kind(SpanKind::Client)
            .attributes(&[
                ("gen_ai.operation.name", Value::Static("chat")),
                ("gen_ai.provider.name", Value::Static("openai")),
                ("gen_ai.request.model", Value::from(&model)),
                ("server.address", Value::from(&host)),
                ("server.port", port.into()),
            ])
            .start();
        black_box(&span);
    });
    bench.time("span, 5 attributes, macro", || {
        let span = span!(
            "chat",
            "gen_ai.operation.name" => Value::Static("chat"),
            "gen_ai.provider.name" => Value::Static("openai"),
            "gen_ai.request.model" => &model,
            "server.address" => &host,
            "server.port" => port;
            kind: SpanKind::Client,
        );
        black_box(&span);
    });
    let mut remote = TraceContext::new(7, 9, bench.mode == "sampled");
    let span = Span::builder("entered").parent(&remote).start();
    bench.time("enter and leave", || drop(black_box(span.enter())));
    remote.state = Some("vendor=t61rcWkgMzE,rojo=00f067aa0ba902b7".into());
    let span = Span::builder("entered").parent(&remote).start();
    bench.time("enter and leave, tracestate", || {
        drop(black_box(span.enter()))
    });
}

struct Bench {
    mode: String,
    sink: Option<OtlpSink>,
    guard: Option<TelemetryGuard>,
    counted: Option<Counted>,
}

/// A run whose instructions are counted from outside.
struct Counted {
    calls: u32,
    only: String,
}

impl Bench {
    /// Prints the median of the rounds, between which telemetry is flushed.
    fn time(&self, what: &str, mut call: impl FnMut()) {
        if let Some(counted) = &self.counted {
            if counted.only == what {
                (0..counted.calls).for_each(|_| call());
            }
            return;
        }
        let mut rounds: Vec<f64> = (0..ROUNDS)
            .map(|_| {
                let start = Instant::now();
                for _ in 0..CALLS {
                    call();
                }
                let took = start.elapsed().as_nanos() as f64 / f64::from(CALLS);
                if let (Some(guard), Some(sink)) = (&self.guard, &self.sink) {
                    guard.flush_blocking(WITHIN).unwrap();
                    sink.clear();
                }
                took
            })
            .collect();
        rounds.sort_by(f64::total_cmp);
        println!(
            "{:<10} {what:<28} {:>8.2} ns",
            self.mode,
            rounds[ROUNDS / 2]
        );
    }
}
