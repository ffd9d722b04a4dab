//! Sending telemetry creates no telemetry, even if everything is logged. The subscriber is
//! process-global, so this is a separate process.

use glassbox_telemetry::TelemetryConfig;
use glassbox_testkit::OtlpSink;
use std::time::Duration;

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
        .with_log_level("info,hyper_util::client=trace,h2::client=trace,tower::buffer=trace");
    #[cfg(feature = "grpc")]
    let config = config.with_protocol(glassbox_telemetry::Protocol::Grpc);
    let guard = glassbox_telemetry::init(config).unwrap();

    tracing::info!(target: "hyper_util::client", "from the application");
    for _ in 0..5 {
        tracing::info!(target: "app", "said");
        guard.flush_blocking(FLUSH).unwrap();
    }
    let report = guard.shutdown_blocking(FLUSH);
    assert!(report.is_lossless(), "{report}");

    // Only clients log at these targets, and ours is the only client.
    let logs = sink.logs().into_iter().map(|log| log.scope.name);
    let spans = sink.spans().into_iter().map(|span| span.scope.name);
    let mut said: Vec<String> = logs.chain(spans).collect();
    said.sort();
    assert_eq!(
        said,
        ["app", "app", "app", "app", "app", "hyper_util::client"]
    );
}
