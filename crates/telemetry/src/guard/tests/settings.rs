//! Every setting has an effect.

use super::*;
use crate::{Compression, Exporter, Protocol, Sampler, Temporality};
use glassbox_testkit::SinkMode;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, metric::Data};

async fn one_of_each(config: TelemetryConfig, sink: &OtlpSink) -> ShutdownReport {
    let guard = start(config);
    emit_spans(&guard, 3);
    emit_logs(&guard, 3);
    emit_points(&guard, 3);
    let report = guard.shutdown(WITHIN).await;
    assert!(report.is_lossless(), "{report}");
    assert_eq!(sink.spans().len(), 3);
    assert_eq!(sink.logs().len(), 3);
    assert_eq!(sink.metrics().len(), 1);
    report
}

#[tokio::test]
async fn every_protocol_and_compression_delivers() {
    let mut protocols = vec![Protocol::HttpProtobuf];
    let mut compressions = vec![Compression::None];
    if cfg!(feature = "grpc") {
        protocols.push(Protocol::Grpc);
    }
    if cfg!(feature = "gzip") {
        compressions.push(Compression::Gzip);
    }
    if cfg!(feature = "zstd") {
        compressions.push(Compression::Zstd);
    }
    for protocol in protocols {
        for compression in &compressions {
            let sink = OtlpSink::start().await;
            let config = to(&sink)
                .with_protocol(protocol)
                .with_compression(*compression);
            one_of_each(config, &sink).await;
        }
    }
}

#[cfg(feature = "grpc")]
#[tokio::test]
async fn grpc_keeps_the_same_books() {
    use glassbox_otlp::Accepted;
    let sink = OtlpSink::start().await;
    let guard = start(to(&sink).with_protocol(Protocol::Grpc));
    sink.set_mode(SinkMode::Accept(Accepted::partial(2, "too old")));
    emit_spans(&guard, 10);
    let error = guard.flush(WITHIN).await.unwrap_err();
    assert!(
        error.to_string().contains("rejected 2 of 10: too old"),
        "{error}"
    );

    sink.script([
        SinkMode::Status {
            http: 503,
            grpc: 14,
        },
        SinkMode::Close,
    ]);
    sink.set_mode(SinkMode::default());
    emit_spans(&guard, 5);
    guard.flush(WITHIN).await.unwrap();

    sink.set_mode(SinkMode::Status {
        http: 401,
        grpc: 16,
    });
    emit_spans(&guard, 4);
    guard.flush(WITHIN).await.unwrap_err();

    sink.set_mode(SinkMode::Hang);
    emit_spans(&guard, 3);
    let report = guard.shutdown(Duration::from_millis(200)).await;
    assert_balanced(&report, [22, 0, 0]);
    let traces = &report.signals["traces"];
    assert_eq!(traces.delivered, 13);
    assert_eq!(lost(traces, "rejected"), 2);
    assert_eq!(lost(traces, "export_failed"), 4);
    assert_eq!(lost(traces, "shutdown"), 3);
}

#[cfg(feature = "grpc")]
#[tokio::test]
async fn a_grpc_backend_that_is_not_there_is_not_waited_for_at_the_end() {
    let config = TelemetryConfig::new("tested")
        .with_protocol(Protocol::Grpc)
        .with_endpoint(format!("http://{}", nobody()))
        .with_timeout(Duration::from_secs(3600));
    let guard = start(config);
    emit_spans(&guard, 5);
    let report = guard.shutdown(WITHIN).await;
    assert_eq!(lost(&report.signals["traces"], "export_failed"), 5);
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn https_speaks_tls_to_a_side_that_does_not_and_says_so() {
    let mut protocols = vec![Protocol::HttpProtobuf];
    if cfg!(feature = "grpc") {
        protocols.push(Protocol::Grpc);
    }
    for protocol in protocols {
        let sink = OtlpSink::start().await;
        let config = TelemetryConfig::new("tested")
            .with_endpoint(sink.endpoint().replace("http://", "https://"))
            .with_protocol(protocol)
            .with_timeout(Duration::from_millis(500));
        let guard = start(config);
        emit_spans(&guard, 1);
        let error = guard.flush(WITHIN).await.unwrap_err().to_string();
        assert!(error.contains("corrupt message"), "{protocol}: {error}");
        assert_eq!(sink.attempts(), 0);
        guard.shutdown(WITHIN).await;
    }
}

#[tokio::test]
async fn the_endpoint_of_one_signal_is_used_as_it_is() {
    let (common, own) = (OtlpSink::start().await, OtlpSink::start().await);
    let mut config = to(&common);
    config.traces.endpoint = Some(format!("{}/v1/traces", own.endpoint()));
    let guard = start(config);
    emit_spans(&guard, 2);
    emit_logs(&guard, 1);
    guard.shutdown(WITHIN).await;
    assert_eq!((own.spans().len(), own.logs().len()), (2, 0));
    assert_eq!((common.spans().len(), common.logs().len()), (0, 1));
}

#[tokio::test]
async fn a_signal_that_is_off_is_not_sent_and_not_lost() {
    let sink = OtlpSink::start().await;
    let mut config = to(&sink);
    config.logs.exporter = Exporter::None;
    let guard = start(config);
    emit_spans(&guard, 1);
    emit_logs(&guard, 1);
    let report = guard.shutdown(WITHIN).await;
    assert!(report.is_lossless());
    assert!(!report.signals.contains_key("logs"));
    assert_eq!((sink.spans().len(), sink.logs().len()), (1, 0));

    let guard = start(to(&sink).with_otlp(false));
    emit_spans(&guard, 1);
    assert!(guard.shutdown(WITHIN).await.signals.is_empty());
    let guard = start(to(&sink).with_enabled(false));
    assert!(guard.backend.is_none());
    assert!(
        guard
            .layers::<tracing_subscriber::Registry>()
            .unwrap()
            .is_empty()
    );
    guard.flush(WITHIN).await.unwrap();
    assert_eq!(guard.shutdown(WITHIN).await, ShutdownReport::default());
    assert_eq!(sink.spans().len(), 1);
}

#[tokio::test]
async fn headers_are_sent_along_and_those_of_a_signal_instead() {
    let requests = recorded(|endpoint| {
        let mut config = TelemetryConfig::new("tested")
            .with_endpoint(endpoint)
            .with_header("x-api-key", "secret")
            .with_header("X-Tenant", "acme");
        config.logs.headers = [("x-api-key".to_owned(), "other".to_owned())].into();
        let guard = start(config);
        emit_spans(&guard, 1);
        emit_logs(&guard, 1);
        guard.shutdown_blocking(WITHIN);
    });
    let of = |path: &str| requests.iter().find(|head| head.contains(path)).unwrap();
    let traces = of("/v1/traces");
    assert!(
        traces.contains("x-api-key: secret") && traces.contains("x-tenant: acme"),
        "{traces}"
    );
    assert!(
        traces.contains("user-agent: glassbox-telemetry/"),
        "{traces}"
    );
    let logs = of("/v1/logs");
    assert!(
        logs.contains("x-api-key: other") && !logs.contains("x-tenant"),
        "{logs}"
    );
}

/// The heads of the requests that a socket received while `work` ran, in lower case.
fn recorded(work: impl FnOnce(String)) -> Vec<String> {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heads = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&heads);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = vec![0; 64 * 1024];
            let n = stream.read(&mut bytes).unwrap();
            let text = String::from_utf8_lossy(&bytes[..n]).to_lowercase();
            let head = text.split("\r\n\r\n").next().unwrap().to_owned();
            seen.lock().unwrap().push(head);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).unwrap();
        }
    });
    work(format!("http://{address}"));
    let heads = heads.lock().unwrap();
    heads.clone()
}

#[tokio::test]
async fn the_timeout_ends_a_batch() {
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Hang);
    let guard = start(to(&sink).with_timeout(Duration::from_millis(50)));
    emit_spans(&guard, 1);
    let error = guard.flush(WITHIN).await.unwrap_err();
    assert!(error.to_string().contains("within 50ms"), "{error}");
    guard.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn batches_go_when_they_are_full_and_when_their_time_has_come() {
    let sink = OtlpSink::start().await;
    let guard = start(to(&sink).with_batch_size(10));
    emit_spans(&guard, 25);
    sink.wait_for(|sink| sink.spans().len() == 20).await;
    assert_eq!(guard.shutdown(WITHIN).await.delivered(), 25);

    let sink = OtlpSink::start().await;
    let soon = Duration::from_millis(20);
    let config = to(&sink)
        .with_batch_timeout(soon)
        .with_metric_interval(soon);
    let guard = TelemetryGuard::start(config).unwrap();
    emit_spans(&guard, 1);
    emit_points(&guard, 1);
    sink.wait_for(|sink| !sink.spans().is_empty() && sink.metrics().len() > 1)
        .await;
    drop(guard);
}

#[tokio::test]
async fn samplers_keep_what_they_say() {
    for (sampler, ratio, kept) in [
        (Sampler::ParentBasedRatio, 1.0, 100),
        (Sampler::ParentBasedRatio, 0.0, 0),
        (Sampler::Off, 1.0, 0),
        (Sampler::On, 0.0, 100),
    ] {
        let sink = OtlpSink::start().await;
        let guard = start(to(&sink).with_sampler(sampler).with_sampling_ratio(ratio));
        emit_spans(&guard, 100);
        let report = guard.shutdown(WITHIN).await;
        assert_eq!(sink.spans().len(), kept, "{sampler} {ratio}");
        assert!(report.is_lossless(), "what is not sampled is not lost");
    }
}

#[tokio::test]
async fn temporality_and_the_cardinality_limit_reach_the_metrics() {
    let sink = OtlpSink::start().await;
    let config = to(&sink)
        .with_temporality(Temporality::Delta)
        .with_cardinality_limit(5);
    let guard = start(config);
    for _ in 0..2 {
        sink.clear();
        emit_points(&guard, 20);
        guard.flush(WITHIN).await.unwrap();
        let metrics = sink.metrics();
        let Some(Data::Sum(sum)) = &metrics[0].data else {
            panic!("a counter is a sum");
        };
        let delta = AggregationTemporality::Delta as i32;
        assert_eq!(sum.aggregation_temporality, delta);
        assert_eq!(sum.data_points.len(), 6);
    }
    guard.shutdown(WITHIN).await;
}

#[tokio::test]
async fn the_opt_in_chooses_between_generations_of_metrics() {
    use glassbox_core::telemetry::Telemetry as _;
    use glassbox_semconv::{gen_ai_latest as latest, gen_ai_v1_41 as v1_41};
    let (old, new) = (
        v1_41::CLIENT_OPERATION_DURATION,
        latest::CLIENT_INFERENCE_DURATION,
    );
    for (opt_in, chosen) in [
        ("", vec![old.name]),
        ("http, unknown", vec![old.name]),
        ("gen_ai_latest_experimental", vec![new.name]),
        ("gen_ai_latest_experimental/dup", vec![new.name, old.name]),
    ] {
        let sink = OtlpSink::start().await;
        let guard = start(to(&sink).with_semconv_stability_opt_in(opt_in));
        let backend = guard.backend.as_ref().unwrap();
        for descriptor in [old, new] {
            backend.record(backend.resolve(&descriptor), 1.0, &[]);
        }
        guard.shutdown(WITHIN).await;
        let metrics = sink.metrics();
        let mut names: Vec<_> = metrics.iter().map(|metric| metric.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, chosen, "{opt_in}");
    }
}

#[tokio::test]
async fn what_is_over_the_limits_of_a_span_is_counted_in_it() {
    use glassbox_core::telemetry::{Link, SpanEvent, SpanKind, Value};
    let sink = OtlpSink::start().await;
    let mut config = to(&sink);
    (config.max_attributes, config.max_events, config.max_links) = (3, 2, 1);
    let guard = start(config);
    let spans = guard.backend.as_ref().unwrap().spans();
    let links = vec![Link::new(TraceContext::new(1, 1, true)); 3];
    let mut spec = SpanSpec::new("large".into());
    spec.kind = SpanKind::Client;
    spec.attributes = &[("a", Value::Int(1))];
    spec.links = &links;
    let mut started = spans.start(spec, TraceContext::default());
    let record = started.record.as_mut().unwrap();
    for (key, value) in [("b", 1), ("a", 2), ("c", 1), ("d", 1), ("e", 1)] {
        record.attributes.push((key.into(), value.into()));
    }
    let many = ["w", "x", "y", "z"]
        .map(|key| (key.into(), 1.into()))
        .to_vec();
    for _ in 0..5 {
        record
            .events
            .push(SpanEvent::new("e".into(), 7, many.clone()));
    }
    spans.end(Ended::new(started.context, started.record));
    guard.shutdown(WITHIN).await;

    let span = &sink.spans()[0];
    let keys: Vec<_> = span.attributes.iter().map(|set| set.key.as_str()).collect();
    assert_eq!(keys, ["a", "b", "c"]);
    assert!(format!("{:?}", span.attributes[0].value).contains("IntValue(2)"));
    assert_eq!(span.dropped_attributes_count, 2);
    assert_eq!((span.events.len(), span.dropped_events_count), (2, 3));
    assert_eq!((span.links.len(), span.dropped_links_count), (1, 2));
    assert_eq!(span.events[0].dropped_attributes_count, 1);
    assert_eq!(span.kind, 3);
}

#[tokio::test]
async fn the_log_filter_holds_for_spans_and_logs() {
    let sink = OtlpSink::start().await;
    let guard = start(to(&sink).with_log_level("warn,app=debug,app::loud=off"));
    let subscriber = tracing_subscriber::registry().with(guard.layers().unwrap());
    tracing::subscriber::with_default(subscriber, || {
        tracing::debug_span!(target: "app", "kept").in_scope(|| {
            tracing::debug!(target: "app", "kept");
            tracing::trace!(target: "app", "left out");
            tracing::error!(target: "app::loud", "left out");
        });
        tracing::info_span!(target: "other", "left out").in_scope(|| {});
        tracing::info!(target: "other", "left out");
        tracing::warn!(target: "other", "kept");
    });
    guard.shutdown(WITHIN).await;
    assert_eq!((sink.spans().len(), sink.logs().len()), (1, 2));
}

#[tokio::test]
async fn health_shows_the_endpoint_without_credentials() {
    let sink = OtlpSink::start().await;
    let endpoint = sink.endpoint().replace("//", "//user:secret@");
    let guard = start(TelemetryConfig::new("tested").with_endpoint(endpoint));
    let health = guard.health();
    assert_eq!(health.endpoint, Some(sink.endpoint()));
    assert!(health.is_healthy());
    guard.shutdown(WITHIN).await;
}
