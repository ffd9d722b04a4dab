//! The guard, against a backend that accepts, rejects, hangs and dies; and the effect of each setting.
//!
//! A guard that is not installed can be created many times in a process.

mod books;
mod bytes;
mod environment;
mod frozen;
#[cfg(feature = "tls")]
mod identity;
mod runtimes;
mod settings;
mod signals;
#[cfg(feature = "tls")]
mod trust;

use super::*;
use crate::SignalReport;
use glassbox_core::telemetry::{Ended, SpanSpec, TraceContext};
use glassbox_testkit::OtlpSink;
use opentelemetry::metrics::MeterProvider as _;
use std::net::SocketAddr;

const WITHIN: Duration = Duration::from_secs(10);

/// A guard that sends batches only when they are full or on request.
fn start(config: TelemetryConfig) -> TelemetryGuard {
    let never = Duration::from_secs(3600);
    let config = config.with_batch_timeout(never).with_metric_interval(never);
    TelemetryGuard::start(config).unwrap()
}

fn to(sink: &OtlpSink) -> TelemetryConfig {
    TelemetryConfig::new("tested").with_endpoint(sink.endpoint())
}

fn emit_spans(guard: &TelemetryGuard, n: usize) {
    let spans = guard.backend.as_ref().unwrap().spans();
    for at in 0..n {
        let spec = SpanSpec::new(format!("span {at}").into());
        let started = spans.start(spec, TraceContext::default());
        spans.end(Ended::new(started.context, started.record));
    }
}

fn emit_logs(guard: &TelemetryGuard, n: usize) {
    let subscriber = tracing_subscriber::registry().with(guard.layers().unwrap());
    tracing::subscriber::with_default(subscriber, || {
        for at in 0..n {
            tracing::info!(target: "app", at, "said");
        }
    });
}

fn emit_points(guard: &TelemetryGuard, n: usize) {
    let meter = guard.meter_provider().unwrap().meter("test");
    let counter = meter.u64_counter("counted").build();
    for at in 0..n {
        let label = opentelemetry::KeyValue::new("at", at.to_string());
        counter.add(1, &[label]);
    }
}

/// An address without a listener.
fn nobody() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn assert_balanced(report: &ShutdownReport, emitted: [u64; 3]) {
    for (name, emitted) in ["traces", "logs", "metrics"].into_iter().zip(emitted) {
        let signal = &report.signals[name];
        assert_eq!(signal.emitted, emitted, "{name} {report}");
        let accounted = signal.delivered + signal.spooled + signal.lost();
        assert_eq!(accounted, emitted, "{name} {report}");
    }
}

fn lost(signal: &SignalReport, reason: &str) -> u64 {
    signal.dropped.get(reason).copied().unwrap_or(0)
}
