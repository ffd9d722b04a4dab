//! Sending telemetry makes no telemetry, even where everything is logged. The subscriber is
//! process-global, so this is a process of its own.

use glassbox_telemetry::TelemetryConfig;
use glassbox_testkit::OtlpSink;
use std::{collections::BTreeSet, time::Duration};

const FLUSH: Duration = Duration::from_secs(10);

#[test]
fn the_carriers_are_silent_on_the_thread_of_telemetry_and_nowhere_else() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let sink = runtime.block_on(OtlpSink::start());
    let config = TelemetryConfig::new("talkative")
        .with_endpoint(sink.endpoint())
        .with_log_level("trace");
    let guard = glassbox_telemetry::init(config).unwrap();

    tracing::info!(target: "hyper_util::client", "from the application");
    for _ in 0..5 {
        tracing::info!(target: "app", "said");
        guard.flush_blocking(FLUSH).unwrap();
    }
    let report = guard.shutdown_blocking(FLUSH);
    assert!(report.is_lossless(), "{report}");

    // The client half of these is ours alone here; the sink's server is the application's.
    let logs = sink.logs();
    let said: Vec<_> = logs
        .iter()
        .filter(|log| log.scope.name.starts_with("hyper_util::client"))
        .collect();
    assert_eq!(said.len(), 1, "{said:?}");
    let scopes: BTreeSet<&str> = logs.iter().map(|log| log.scope.name.as_str()).collect();
    assert!(scopes.contains("app"), "{scopes:?}");
    for silent in ["glassbox_telemetry", "opentelemetry"] {
        assert!(
            !scopes.iter().any(|scope| scope.starts_with(silent)),
            "{scopes:?}"
        );
    }
}
