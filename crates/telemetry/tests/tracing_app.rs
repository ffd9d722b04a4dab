//! An application that uses only `tracing` is observable with one line. Installation is process-global,
//! so this is a separate process.

#[path = "wire/attribute.rs"]
mod attribute;

use attribute::text;
use glassbox_telemetry::TelemetryConfig;
use glassbox_testkit::OtlpSink;

#[tracing::instrument]
fn forecast(city: &str) -> u32 {
    tracing::info!(cloud.cover = 0.5, "looking at the sky");
    21
}

#[tracing::instrument(err)]
fn broken() -> Result<(), std::io::Error> {
    Err(std::io::Error::other("no sky today"))
}

#[test]
fn spans_and_logs_of_a_tracing_application_arrive_when_the_guard_is_dropped() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let sink = runtime.block_on(OtlpSink::start());
    let config = TelemetryConfig::new("weather").with_endpoint(sink.endpoint());

    // Deliberately outside of a runtime.
    let telemetry = glassbox_telemetry::init(config).unwrap();
    forecast("Oslo");
    broken().unwrap_err();
    drop(telemetry);

    let spans = sink.spans();
    assert_eq!(spans.len(), 2);
    let [span, failed] =
        ["forecast", "broken"].map(|name| spans.iter().find(|span| span.name == name).unwrap());
    assert_eq!(text(&span.attributes, "city").as_deref(), Some("Oslo"));
    assert_eq!(span.service(), "weather");
    let status = failed.status.as_ref().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "no sky today"));

    let logs = sink.logs();
    assert_eq!(logs.len(), 2);
    let log = &logs[0];
    assert_eq!(log.trace_id, span.trace_id);
    assert_eq!(log.span_id, span.span_id);
    assert_eq!(log.severity_text, "INFO");
}
