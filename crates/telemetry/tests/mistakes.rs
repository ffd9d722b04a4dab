//! What is logged about mistakes in the use of telemetry. Installation is process-global, so this is a
//! separate process.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

use glassbox_core::{counter, histogram, span, telemetry};
use glassbox_telemetry::TelemetryConfig;
use glassbox_testkit::OtlpSink;
use std::{
    io,
    sync::{Arc, Mutex},
};

/// What was logged.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_dropped_guard_and_odd_definitions_are_logged_and_later_telemetry_is_counted() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let sink = runtime.block_on(OtlpSink::start());
    let config = TelemetryConfig::new("forgetful").with_endpoint(sink.endpoint());
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .finish();
    let _subscribed = tracing::subscriber::set_default(subscriber);

    let _ = glassbox_telemetry::start(config.clone());
    let logged = log.take();
    assert!(logged.contains("let _telemetry ="), "{logged}");

    drop(span!("late"));
    counter!("late").add(1);
    let traces = &telemetry::health().unwrap().signals["traces"];
    assert_eq!(traces.dropped["shutdown"], 1);
    assert!(sink.spans().is_empty());

    // It cannot be started again. The error gives the reason, and nothing is logged about the second guard.
    let again = glassbox_telemetry::init(config).unwrap_err().to_string();
    assert!(again.contains("once"), "{again}");
    assert_eq!(log.take(), "");
    let traces = &telemetry::health().unwrap().signals["traces"];
    assert_eq!(traces.dropped["shutdown"], 1, "the first one stays");

    // Problems of definitions are logged nevertheless, once.
    for route in ["/a", "/b"] {
        histogram!("took", "route" => route; buckets: &[5.0, 1.0, 1.0]).record(0.5);
    }
    histogram!("took"; buckets: &[5.0, 1.0, 1.0]).record(0.5);
    let logged = log.take();
    assert_eq!(logged.matches("[1.0, 5.0] are used").count(), 1, "{logged}");
    histogram!("took"; buckets: &[2.0]).record(0.5);
    let logged = log.take();
    assert!(logged.contains("its bounds [1.0, 5.0] apply"), "{logged}");
}
