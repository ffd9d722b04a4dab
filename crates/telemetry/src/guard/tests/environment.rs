//! Settings from the environment, and invalid settings.

use super::*;
use crate::{Compression, Exporter, Protocol, Sampler, Temporality};
use glassbox_config::{Environment, Settings};

#[test]
fn mistakes_are_found_before_anything_starts() {
    let error = |config: TelemetryConfig| TelemetryGuard::start(config).unwrap_err().to_string();
    let to = |endpoint: &str| TelemetryConfig::new("tested").with_endpoint(endpoint);
    assert_eq!(
        error(to("localhost:4318")),
        "endpoint \"localhost:4318\" has no scheme; write http://localhost:4318 or \
         https://localhost:4318"
    );
    assert!(error(to("ftp://x")).contains("a scheme that OTLP does not use"));
    assert!(error(to("http://")).contains("is not a URL"));
    assert!(error(to("http://collector:4317")).contains("port of OTLP/gRPC"));
    if !cfg!(feature = "tls") {
        assert!(error(to("https://collector:4318")).contains("feature `tls`"));
    }
    if !cfg!(feature = "grpc") {
        let config = to("http://c:4317").with_protocol(Protocol::Grpc);
        assert!(error(config).contains("feature `grpc`"));
    }
    if !cfg!(feature = "zstd") {
        let config = to("http://c").with_compression(Compression::Zstd);
        assert!(error(config).contains("feature `zstd`"));
    }
    for ratio in [1.5, -0.1, f64::NAN] {
        let config = TelemetryConfig::default().with_sampling_ratio(ratio);
        assert!(error(config).contains("between 0 (no trace) and 1"));
    }
    let config = TelemetryConfig::default().with_queue_size(0);
    assert_eq!(error(config), "queue_size is zero; it must be positive");
    let config = TelemetryConfig::default().with_header("x-key", "line\nbreak");
    let shown = error(config);
    assert!(
        shown.contains("x-key") && !shown.contains("break"),
        "{shown}"
    );
    let config = TelemetryConfig::default().with_log_level("app=loud");
    assert!(error(config).contains("is not a filter"));
    let unknown = "carrier-pigeon"
        .parse::<Protocol>()
        .unwrap_err()
        .to_string();
    assert_eq!(
        unknown,
        "unknown OTLP protocol \"carrier-pigeon\"; use one of http/protobuf, grpc"
    );
}

fn settings(environment: &[(&str, &str)]) -> Settings {
    let environment: Environment = environment.iter().copied().collect();
    Settings::builder()
        .section::<TelemetryConfig>()
        .environment(&environment)
        .build()
        .unwrap()
}

#[test]
fn the_environment_that_is_handed_in_sets_everything() {
    let config = TelemetryConfig::from_settings(&settings(&[
        ("OTEL_SERVICE_NAME", "weather"),
        ("OTEL_SERVICE_NAMESPACE", "shop"),
        ("OTEL_SERVICE_VERSION", "1.2"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "team=a%20b,deployment.environment.name=qa",
        ),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://traces/v1/traces",
        ),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%3Db"),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-key=c"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "3000"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "500"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ca.pem"),
        ("OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "/etc/logs.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/etc/us.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/etc/us.key"),
        ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "/etc/t.pem"),
        ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "/etc/t.key"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
            "/etc/m.pem",
        ),
        ("OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", "/etc/m.key"),
        ("OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE", "/etc/l.pem"),
        ("OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", "/etc/l.key"),
        ("OTEL_LOGS_EXPORTER", "none"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "DELTA"),
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "64"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "32"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "16"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "4096"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "256"),
        ("OTEL_BSP_SCHEDULE_DELAY", "1500"),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "2048"),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "128"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "700"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "15000"),
        ("RUST_LOG", "debug"),
        ("POD_NAME", "pod-7"),
    ]))
    .unwrap();
    let mut expected = TelemetryConfig::new("weather")
        .with_service_namespace("shop")
        .with_service_version("1.2")
        .with_resource_attribute("team", "a b")
        .with_resource_attribute("deployment.environment.name", "qa")
        .with_endpoint("http://collector:4318")
        .with_header("x-key", "a=b")
        .with_timeout(Duration::from_secs(3))
        .with_temporality(Temporality::Delta)
        .with_sampler(Sampler::Ratio)
        .with_sampling_ratio(0.25)
        .with_queue_size(4096)
        .with_batch_size(256)
        .with_batch_timeout(Duration::from_millis(1500))
        .with_metric_interval(Duration::from_secs(15))
        .with_log_level("debug");
    expected.traces.endpoint = Some("http://traces/v1/traces".to_owned());
    expected.metrics.timeout = Some(Duration::from_millis(500));
    expected.certificate = Some("/etc/ca.pem".into());
    expected.logs.certificate = Some("/etc/logs.pem".into());
    expected.client_certificate = Some("/etc/us.pem".into());
    expected.client_key = Some("/etc/us.key".into());
    for (signal, name) in [
        (&mut expected.traces, "t"),
        (&mut expected.metrics, "m"),
        (&mut expected.logs, "l"),
    ] {
        signal.client_certificate = Some(format!("/etc/{name}.pem").into());
        signal.client_key = Some(format!("/etc/{name}.key").into());
    }
    expected.logs.exporter = Exporter::None;
    expected.logs.headers = [("x-key".to_owned(), "c".to_owned())].into();
    (
        expected.max_attributes,
        expected.max_events,
        expected.max_links,
    ) = (64, 32, 16);
    expected.log_queue_size = Some(2048);
    expected.log_batch_size = Some(128);
    expected.log_batch_timeout = Some(Duration::from_millis(700));
    expected.kubernetes.pod_name = Some("pod-7".to_owned());
    assert_eq!(config, expected);
}

#[test]
fn otel_variables_win_over_ours_and_switch_everything_off() {
    let config = TelemetryConfig::from_settings(&settings(&[
        ("OTEL_SDK_DISABLED", "true"),
        ("GLASSBOX_OTEL_SDK_ENABLED", "true"),
        ("OTEL_SERVICE_NAME", "theirs"),
        ("GLASSBOX_OTEL_SERVICE_NAME", "ours"),
    ]))
    .unwrap();
    assert!(!config.enabled);
    assert_eq!(config.service_name, "theirs");
    let ours = settings(&[("GLASSBOX_OTEL_SERVICE_NAME", "ours")]);
    let config = TelemetryConfig::from_settings(&ours).unwrap();
    assert_eq!(config.service_name, "ours");
}

#[test]
fn a_mistake_in_the_environment_names_the_variable() {
    let error = |name, value| {
        let settings = settings(&[(name, value)]);
        TelemetryConfig::from_settings(&settings)
            .unwrap_err()
            .to_string()
    };
    let shown = error("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318");
    assert!(shown.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{shown}");
    assert!(shown.contains("write http://localhost:4318"), "{shown}");
    let shown = error("OTEL_EXPORTER_OTLP_PROTOCOL", "smtp");
    assert!(shown.contains("http/protobuf, grpc"), "{shown}");
    let shown = error("OTEL_TRACES_SAMPLER_ARG", "2");
    assert!(shown.contains("OTEL_TRACES_SAMPLER_ARG"), "{shown}");
    let shown = error("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/etc/us.key");
    assert!(shown.contains("client_certificate is not"), "{shown}");
    assert!(shown.contains("OTEL_EXPORTER_OTLP_CLIENT_KEY"), "{shown}");
}

#[test]
fn the_profiles_differ_in_what_their_names_say() {
    let development = TelemetryConfig::development("x");
    let staging = TelemetryConfig::staging("x");
    let production = TelemetryConfig::production("x");
    assert_eq!(development.environment.as_deref(), Some("development"));
    assert_eq!(staging.environment.as_deref(), Some("staging"));
    assert_eq!(production.environment.as_deref(), Some("production"));
    assert_eq!(
        (staging.sampling_ratio, production.sampling_ratio),
        (1.0, 0.1)
    );
    assert_eq!(production.console, crate::Console::Json);
    assert_eq!(development.console, crate::Console::Pretty);
    assert!(development.batch_timeout < production.batch_timeout);
}

#[test]
fn a_file_may_use_the_spellings_of_older_configurations() {
    use std::io::Write;
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    let text = r#"
        [telemetry]
        enabled = true
        otlp_endpoint = "http://collector:4318"
        service_name = "bot"
        sampling_rate = 0.1
        export_console = true
        batch_size = 256
        batch_timeout_ms = 2500
        resource_attributes = { team = "core" }
        traces = { exporter = "none" }
    "#;
    file.write_all(text.as_bytes()).unwrap();
    let settings = Settings::builder()
        .section::<TelemetryConfig>()
        .file(file.path())
        .unwrap()
        .build()
        .unwrap();
    let config = TelemetryConfig::from_settings(&settings).unwrap();
    let mut expected = TelemetryConfig::new("bot")
        .with_endpoint("http://collector:4318")
        .with_sampling_ratio(0.1)
        .with_console(crate::Console::Pretty)
        .with_batch_size(256)
        .with_batch_timeout(Duration::from_millis(2500))
        .with_resource_attribute("team", "core");
    expected.traces.exporter = Exporter::None;
    assert_eq!(config, expected);
}

#[test]
fn a_service_is_called_as_the_environment_says_in_either_variable() {
    let named = |environment: &[(&str, &str)]| {
        let config = TelemetryConfig::for_service("weather", &settings(environment)).unwrap();
        let resource = crate::resource::resource(&config);
        let key = opentelemetry::Key::from_static_str("service.name");
        (config.service_name, resource.get(&key).unwrap().to_string())
    };
    let both = |name: &str| (name.to_owned(), name.to_owned());
    let attributes = ("OTEL_RESOURCE_ATTRIBUTES", "service.name=by-attribute");
    assert_eq!(named(&[]), both("weather"));
    assert_eq!(named(&[attributes]), both("by-attribute"));
    let name = ("OTEL_SERVICE_NAME", "by-name");
    assert_eq!(named(&[attributes, name]), both("by-name"));
}

#[tokio::test]
async fn our_variables_say_who_emits_with_what_and_whether_at_all() {
    let sink = OtlpSink::start().await;
    let endpoint = sink.endpoint();
    let guard = |enabled: &str| {
        let settings = settings(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("GLASSBOX_OTEL_SDK_ENABLED", enabled),
            ("GLASSBOX_OTEL_SERVICE_NAME", "ours"),
            (
                "GLASSBOX_OTEL_RESOURCE_ATTRIBUTES",
                "team=core,at=dusk%2Cdawn",
            ),
        ]);
        start(TelemetryConfig::from_settings(&settings).unwrap())
    };
    let silent = guard("false");
    emit_logs(&silent, 1);
    assert!(silent.shutdown(WITHIN).await.signals.is_empty());
    assert_eq!(sink.attempts(), 0);

    let guard = guard("true");
    emit_logs(&guard, 1);
    assert!(guard.shutdown(WITHIN).await.is_lossless());
    let log = &sink.logs()[0];
    assert_eq!(log.service(), "ours");
    let attribute = |key: &str| {
        let attributes = &log.resource.attributes;
        let attribute = attributes.iter().find(|attribute| attribute.key == key);
        format!("{:?}", attribute.unwrap().value)
    };
    assert!(attribute("team").contains("\"core\""));
    assert!(attribute("at").contains("\"dusk,dawn\""));
}
