//! Settings of one signal, and the flags of a trace.

use super::*;
use crate::Temporality;
use glassbox_testkit::SinkMode;
use opentelemetry::metrics::Meter;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, metric::Data};

#[tokio::test]
async fn low_memory_sends_differences_only_where_that_needs_no_memory() {
    let sink = OtlpSink::start().await;
    let guard = start(to(&sink).with_temporality(Temporality::LowMemory));
    let meter: Meter = guard.meter_provider().unwrap().meter("test");
    meter.u64_counter("counter").build().add(1, &[]);
    meter.i64_up_down_counter("up_down").build().add(1, &[]);
    meter.f64_histogram("histogram").build().record(1.0, &[]);
    let _observed = meter
        .u64_observable_counter("observed")
        .with_callback(|observer| observer.observe(1, &[]))
        .build();
    guard.shutdown(WITHIN).await;
    let temporality = |name: &str| {
        let metrics = sink.metrics();
        let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
        match metric.data.as_ref().unwrap() {
            Data::Sum(sum) => sum.aggregation_temporality,
            Data::Histogram(histogram) => histogram.aggregation_temporality,
            other => panic!("{name}: {other:?}"),
        }
    };
    let delta = AggregationTemporality::Delta as i32;
    let cumulative = AggregationTemporality::Cumulative as i32;
    assert_eq!(temporality("counter"), delta);
    assert_eq!(temporality("histogram"), delta);
    assert_eq!(temporality("up_down"), cumulative);
    assert_eq!(temporality("observed"), cumulative);
}

#[tokio::test]
async fn metrics_and_logs_may_go_elsewhere() {
    let (common, metrics, logs) = (
        OtlpSink::start().await,
        OtlpSink::start().await,
        OtlpSink::start().await,
    );
    let mut config = to(&common);
    config.metrics.endpoint = Some(format!("{}/v1/metrics", metrics.endpoint()));
    config.logs.endpoint = Some(format!("{}/v1/logs", logs.endpoint()));
    let guard = start(config);
    emit_spans(&guard, 1);
    emit_logs(&guard, 2);
    emit_points(&guard, 3);
    guard.shutdown(WITHIN).await;
    let arrived = |sink: &OtlpSink| (sink.spans().len(), sink.logs().len(), sink.metrics().len());
    assert_eq!(arrived(&common), (1, 0, 0));
    assert_eq!(arrived(&logs), (0, 2, 0));
    assert_eq!(arrived(&metrics), (0, 0, 1));
}

/// HTTP and gRPC report different statuses, which shows which protocol was used.
#[cfg(feature = "grpc")]
#[tokio::test]
async fn metrics_and_logs_may_travel_differently() {
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Status {
        http: 401,
        grpc: 16,
    });
    let mut config = to(&sink);
    config.metrics.protocol = Some(crate::Protocol::Grpc);
    config.logs.protocol = Some(crate::Protocol::Grpc);
    let guard = start(config);
    emit_spans(&guard, 1);
    emit_logs(&guard, 1);
    emit_points(&guard, 1);
    guard.flush(WITHIN).await.unwrap_err();
    let health = guard.health();
    let error = |signal: &str| health.signals[signal].last_error.clone().unwrap();
    assert!(error("traces").contains("401 Unauthorized"));
    for signal in ["metrics", "logs"] {
        assert!(
            error(signal).contains("authentication"),
            "{}",
            error(signal)
        );
    }
    guard.shutdown(WITHIN).await;
}

#[cfg(feature = "gzip")]
#[tokio::test]
async fn metrics_and_logs_may_be_compressed_differently() {
    use crate::{Compression, config::Target};
    let sink = OtlpSink::start().await;
    let mut config = to(&sink).with_compression(Compression::Gzip);
    config.metrics.compression = Some(Compression::None);
    let of = |signal| Target::of(&config, signal).unwrap().compression;
    assert_eq!(of(crate::Signal::Metrics), Compression::None);
    assert_eq!(of(crate::Signal::Logs), Compression::Gzip);
    let guard = start(config);
    emit_logs(&guard, 1);
    emit_points(&guard, 1);
    assert!(guard.shutdown(WITHIN).await.is_lossless());
}

#[tokio::test]
async fn metrics_and_logs_may_be_waited_for_longer_or_shorter() {
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Hang);
    let mut config = to(&sink);
    config.metrics.timeout = Some(Duration::from_millis(40));
    config.logs.timeout = Some(Duration::from_millis(30));
    let guard = start(config);
    emit_logs(&guard, 1);
    emit_points(&guard, 1);
    guard.flush(WITHIN).await.unwrap_err();
    let health = guard.health();
    let error = |signal: &str| health.signals[signal].last_error.clone().unwrap();
    assert!(error("metrics").contains("within 40ms"));
    assert!(error("logs").contains("within 30ms"));
    guard.shutdown(Duration::ZERO).await;
}

/// By level 2 of the W3C recommendation.
#[tokio::test]
async fn a_derived_span_arrives_in_its_scope_with_its_identity_and_its_times() {
    use glassbox_core::telemetry::Scope;
    const SCOPE: Scope = Scope::new("journal")
        .with_version("1.2.3")
        .with_schema_url("https://example.com/schema");
    let sink = OtlpSink::start().await;
    let guard = start(to(&sink));
    let spans = guard.backend.as_ref().unwrap().spans();
    let mut spec = SpanSpec::new("derived".into());
    spec.scope = Some(&SCOPE);
    (spec.trace_id, spec.span_id, spec.start_unix_nano) = (7 << 70, 9, 100);
    let started = spans.start(spec, TraceContext::default());
    assert!(!started.context.random, "nobody here knows");
    spans.end(Ended::new(started.context, started.record).at(250));
    emit_spans(&guard, 1);
    guard.shutdown(WITHIN).await;

    let received = sink.spans();
    let derived = received.iter().find(|got| got.record.name == "derived");
    let derived = derived.unwrap();
    assert_eq!(derived.record.trace_id, (7_u128 << 70).to_be_bytes());
    assert_eq!(derived.record.span_id, 9_u64.to_be_bytes());
    let times = (
        derived.record.start_time_unix_nano,
        derived.record.end_time_unix_nano,
    );
    assert_eq!(times, (100, 250));
    assert_eq!(
        (&*derived.scope.name, &*derived.scope.version),
        ("journal", "1.2.3")
    );
    let other = received.iter().find(|got| got.record.name == "span 0");
    assert_eq!(other.unwrap().scope.name, "glassbox");
}

#[tokio::test]
async fn a_trace_that_starts_here_is_known_to_have_a_random_id() {
    let sink = OtlpSink::start().await;
    let guard = start(to(&sink));
    let spans = guard.backend.as_ref().unwrap().spans();
    let span = |parent: &TraceContext| {
        let spec = SpanSpec::new("random".into());
        let started = spans.start(spec, parent.clone());
        let context = started.context.clone();
        spans.end(Ended::new(started.context, started.record));
        context
    };
    let root = span(&TraceContext::default());
    assert!(root.random);
    assert!(root.to_traceparent().unwrap().ends_with("-03"));
    assert!(span(&root).random, "handed on to a child");
    let token = crate::spans::attach(&root, None);
    assert_eq!(crate::spans::current(), root);
    crate::spans::exit(token);

    let theirs = TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert!(!span(&theirs.unwrap()).random, "nobody here knows");
    guard.shutdown(WITHIN).await;
    let flags: Vec<u32> = sink.spans().iter().map(|span| span.flags & 0xff).collect();
    assert_eq!(flags, [3, 3, 1]);
}

#[tokio::test]
async fn health_shows_no_key_that_stands_in_the_endpoint() {
    let sink = OtlpSink::start().await;
    let mut config = to(&sink);
    config.traces.endpoint = Some("http://127.0.0.1:9/ingest?api-key=secret".to_owned());
    let guard = start(config);
    assert_eq!(
        guard.health().endpoint.unwrap(),
        "http://127.0.0.1:9/ingest"
    );
    guard.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn logs_may_have_a_queue_and_batches_of_another_size() {
    let sink = OtlpSink::start().await;
    let mut config = to(&sink).with_queue_size(100).with_batch_size(100);
    (config.log_queue_size, config.log_batch_size) = (Some(7), Some(5));
    sink.set_mode(SinkMode::Hang);
    let guard = start(config);
    emit_logs(&guard, 5);
    sink.wait_for(|sink| sink.attempts() == 1).await;
    emit_logs(&guard, 10);
    emit_spans(&guard, 10);
    let health = guard.health();
    assert_eq!(health.signals["logs"].dropped["queue_full"], 3);
    assert!(health.signals["traces"].dropped.is_empty());
    guard.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn logs_may_wait_for_another_time_and_not_for_none() {
    let sink = OtlpSink::start().await;
    let mut config = to(&sink);
    config.log_batch_timeout = Some(Duration::from_millis(20));
    let guard = start(config.clone());
    emit_spans(&guard, 1);
    emit_logs(&guard, 1);
    sink.wait_for(|sink| sink.logs().len() == 1).await;
    assert!(sink.spans().is_empty());
    guard.shutdown(WITHIN).await;

    config.log_batch_timeout = Some(Duration::ZERO);
    let error = TelemetryGuard::start(config).unwrap_err().to_string();
    assert_eq!(error, "log_batch_timeout is zero; it must be positive");
}

#[tokio::test]
async fn what_another_exporter_does_is_no_telemetry() {
    let sink = OtlpSink::start().await;
    let guard = start(to(&sink));
    {
        let _theirs = opentelemetry::Context::enter_telemetry_suppressed_scope();
        emit_spans(&guard, 2);
        emit_logs(&guard, 2);
    }
    emit_spans(&guard, 1);
    let report = guard.shutdown(WITHIN).await;
    assert_eq!((sink.spans().len(), sink.logs().len()), (1, 0));
    assert!(report.is_lossless(), "{report}");
}
