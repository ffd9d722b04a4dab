//! Section `[collector]`: each key is read, and each has an effect.

use std::collections::BTreeSet;
use std::time::Duration;

use glassbox_collector::{Backend, BackendConfig, Otelcol, RemoteHeaders, StartError};
use glassbox_config::{ByteSize, Environment, Section, Settings};
use prost::Message;
use serde_json::Value;

use crate::client::{export, get_json, post};
use crate::records::{log, logs, now};
use crate::{config, start, stop};

const ALL: &str = r#"
enabled = false
data_dir = "/tmp/elsewhere"
grpc = "127.0.0.1:5317"
http = "http://localhost:5318"
page = ":5380"
allowed_hosts = ["backend.internal"]
key = ["new-key", "old-key"]
key_file = "/etc/glassbox/keys"
allow_anonymous = true
max_bytes = "64MiB"
max_age = "2h"
max_stored_records = 5000
max_records = 50
max_request_bytes = "1MiB"
max_request_memory = "2MiB"
max_in_flight_memory = "3MiB"
otelcol = "/opt/otelcol"
otelcol_config = "/etc/otelcol.yaml"
remote_endpoint = "https://otlp.example.com:443"
remote_insecure = true
remote_headers = { authorization = "Bearer hunter2" }
self_metrics = true
archive = false
archive_max_bytes = "96MiB"
archive_max_age = "1h"
archive_max_files = 7
"#;

#[test]
fn every_key_of_the_section_is_read() {
    let config: BackendConfig = toml::from_str(ALL).unwrap();
    assert!(!config.enabled);
    assert_eq!(config.data_dir.to_str(), Some("/tmp/elsewhere"));
    assert_eq!(config.grpc.unwrap().to_string(), "127.0.0.1:5317");
    assert_eq!(config.http.unwrap().to_string(), "127.0.0.1:5318");
    assert_eq!(config.page.unwrap().to_string(), "127.0.0.1:5380");
    assert_eq!(config.allowed_hosts, ["backend.internal"]);
    assert!(config.key.accept("new-key") && config.key.accept("old-key"));
    let keys = config.key_file.as_deref();
    assert_eq!(keys.unwrap().to_str(), Some("/etc/glassbox/keys"));
    assert!(config.allow_anonymous);
    assert_eq!(config.max_bytes, ByteSize::mib(64));
    assert_eq!(config.max_age, Duration::from_secs(7200));
    assert_eq!(config.max_stored_records, 5000);
    assert_eq!(config.max_records, 50);
    assert_eq!(config.max_request_bytes, ByteSize::mib(1));
    assert_eq!(config.max_request_memory, ByteSize::mib(2));
    assert_eq!(config.max_in_flight_memory, ByteSize::mib(3));
    assert_eq!(config.otelcol, Otelcol::At("/opt/otelcol".into()));
    let layer = config.otelcol_config.unwrap();
    assert_eq!(layer.to_str(), Some("/etc/otelcol.yaml"));
    let remote = config.remote_endpoint.unwrap();
    assert_eq!(remote, "https://otlp.example.com:443");
    assert!(config.remote_insecure);
    assert_eq!(
        config.remote_headers,
        RemoteHeaders::from_iter([("authorization", "Bearer hunter2")])
    );
    assert!(config.self_metrics);
    assert!(!config.archive);
    assert_eq!(config.archive_max_bytes, ByteSize::mib(96));
    assert_eq!(config.archive_max_age, Duration::from_secs(3600));
    assert_eq!(config.archive_max_files, 7);
    // Nothing in the section is missing from this test.
    let table: toml::Table = toml::from_str(ALL).unwrap();
    let known = serde_json::to_value(BackendConfig::default()).unwrap();
    let known: BTreeSet<&String> = known.as_object().unwrap().keys().collect();
    assert_eq!(table.keys().collect::<BTreeSet<_>>(), known);
}

#[test]
fn an_unknown_key_and_a_wrong_value_are_errors() {
    let unknown = toml::from_str::<BackendConfig>("max_byte = 1").unwrap_err();
    assert!(unknown.to_string().contains("max_byte"), "{unknown}");
    let wrong = toml::from_str::<BackendConfig>("grpc = \"nowhere\"").unwrap_err();
    assert!(wrong.to_string().contains("nowhere"), "{wrong}");
}

#[test]
fn variables_of_the_environment_set_the_section() {
    let environment = Environment::from([
        ("GLASSBOX_OTEL_DATA_DIR", "/tmp/there"),
        ("GLASSBOX_OTEL_GRPC_ENDPOINT", "http://127.0.0.1:6317"),
        ("GLASSBOX_OTEL_HTTP_ENDPOINT", "127.0.0.1:6318"),
        ("GLASSBOX_OTEL_MAX_RECORDS", "77"),
        ("GLASSBOX_OTEL_ENABLED", "false"),
        ("GLASSBOX_OTEL_COLLECTOR", "off"),
        ("GLASSBOX_OTEL_CONFIG", "/etc/otelcol.yaml"),
        ("GLASSBOX_OTEL_REMOTE_ENDPOINT", "http://tempo:4317"),
        ("GLASSBOX_OTEL_REMOTE_INSECURE", "true"),
        (
            "GLASSBOX_OTEL_REMOTE_HEADERS",
            "authorization=Bearer%20hunter2,x-team=a",
        ),
        ("GLASSBOX_OTEL_SELF_METRICS", "true"),
        ("GLASSBOX_COLLECTOR_KEY", "20261128,old"),
        ("GLASSBOX_COLLECTOR_KEY_FILE", "/etc/glassbox/keys"),
        ("GLASSBOX_COLLECTOR_ALLOW_ANONYMOUS", "true"),
    ]);
    let settings = Settings::builder()
        .section::<BackendConfig>()
        .environment(&environment)
        .build()
        .unwrap();
    let config = settings.load::<BackendConfig>().unwrap();
    assert_eq!(config.data_dir.to_str(), Some("/tmp/there"));
    assert_eq!(config.grpc.unwrap().to_string(), "127.0.0.1:6317");
    assert_eq!(config.http.unwrap().to_string(), "127.0.0.1:6318");
    assert_eq!(config.max_records, 77);
    assert!(config.key.accept("20261128") && config.key.accept("old"));
    let keys = config.key_file.as_deref();
    assert_eq!(keys.unwrap().to_str(), Some("/etc/glassbox/keys"));
    assert!(config.allow_anonymous);
    assert!(!config.enabled);
    assert_eq!(config.otelcol, Otelcol::Off);
    let layer = config.otelcol_config.as_deref();
    assert_eq!(layer.unwrap().to_str(), Some("/etc/otelcol.yaml"));
    let remote = config.remote_endpoint.as_deref();
    assert_eq!(remote, Some("http://tempo:4317"));
    assert!(config.remote_insecure);
    assert_eq!(
        config.remote_headers,
        RemoteHeaders::from_iter([("authorization", "Bearer hunter2"), ("x-team", "a")])
    );
    assert!(config.self_metrics);
    let shown = format!("{config:?} {:?}", config.entries());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!format!("{:?}", config.into_value()).contains("hunter2"));
}

#[test]
fn a_secret_that_cannot_be_read_is_not_repeated() {
    for value in ["hunter2", "=hunter2", "authorization=hunter2%0A"] {
        let environment = Environment::from([("GLASSBOX_OTEL_REMOTE_HEADERS", value)]);
        let settings = Settings::builder()
            .section::<BackendConfig>()
            .environment(&environment)
            .build();
        let error = settings.and_then(|settings| settings.load::<BackendConfig>());
        let error = error.unwrap_err().to_string();
        assert!(error.contains("remote_headers"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_cannot_work_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let with = |set: fn(&mut BackendConfig)| {
        let mut config = config(folder.path());
        set(&mut config);
        config
    };
    for (config, key) in [
        (config(folder.path()).max_bytes(1), "max_bytes"),
        (config(folder.path()).max_records(0), "max_records"),
        (
            config(folder.path()).max_stored_records(0),
            "max_stored_records",
        ),
        (config(folder.path()).data_dir(""), "data_dir"),
        (
            with(|config| config.otelcol = Otelcol::At("".into())),
            "otelcol",
        ),
        (
            with(|config| config.otelcol_config = Some("".into())),
            "otelcol_config",
        ),
        (
            with(|config| config.remote_endpoint = Some("tempo".to_owned())),
            "remote_endpoint",
        ),
        (
            with(|config| config.remote_headers = RemoteHeaders::from_iter([("a b", "c")])),
            "remote_headers",
        ),
        (
            with(|config| config.archive_max_bytes = ByteSize::mib(63)),
            "archive_max_bytes",
        ),
    ] {
        assert!(config.validate().is_err());
        let error = Backend::start(config).await.unwrap_err();
        assert!(
            error.to_string().contains(&format!("collector.{key} ")),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_switched_off_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.enabled = false;
    let error = Backend::start(config).await.unwrap_err();
    assert!(matches!(error, StartError::Disabled), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_beyond_its_size_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.max_request_bytes = ByteSize::kib(1);
    let backend = Backend::start(config).await.unwrap();
    let body = logs("agent", vec![log(&"x".repeat(2_000), now(), 9)]).encode_to_vec();
    let http = backend.endpoints().http();
    let answer = post(http, "/v1/logs", "application/x-protobuf", &body).await;
    assert_eq!(answer.status, 413);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_would_need_too_much_memory_is_refused() {
    // A thousand empty records, two bytes each.
    let body = logs("agent", vec![Default::default(); 1_000]).encode_to_vec();
    type Set = fn(&mut BackendConfig);
    let settings: [Set; 2] = [
        |config| config.max_request_memory = ByteSize::kib(64),
        |config| config.max_in_flight_memory = ByteSize::kib(64),
    ];
    for set in settings {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        set(&mut config);
        let backend = Backend::start(config).await.unwrap();
        let http = backend.endpoints().http();
        let answer = post(http, "/v1/logs", "application/x-protobuf", &body).await;
        assert_eq!(answer.status, 413);
        let status = get_json(backend.endpoints().page(), "/api/status").await;
        assert!(status.to_string().contains("\"too_costly\":1"), "{status}");
        stop(backend).await;
    }
}

/// Letters that hardly compress.
fn noise(seed: u64, len: usize) -> String {
    let mut state = seed | 1;
    let letters = (0..len).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + (state >> 33) as u8 % 64)
    });
    letters.collect()
}

async fn pruned_after(config: BackendConfig, requests: u64) -> Value {
    let folder = config.data_dir.clone();
    let cap = config.max_bytes.as_u64();
    let backend = Backend::start(config.clone()).await.unwrap();
    for number in 0..requests {
        let record = log(&noise(number, 4_000), now(), 9);
        let body = logs("agent", vec![record]).encode_to_vec();
        export(backend.endpoints().http(), "/v1/logs", &body).await;
    }
    let status = get_json(backend.endpoints().page(), "/api/status").await;
    let store = &status["store"];
    assert!(store["bytes"].as_u64().unwrap() <= cap);
    assert_eq!(store["cap_bytes"], cap);
    let kept = store["log_records"].as_u64().unwrap();
    assert_eq!(
        kept + store["pruned"]["log_records"].as_u64().unwrap(),
        requests
    );
    assert!(store["pruned"]["before_unix_nano"].is_u64(), "{store}");
    stop(backend).await;
    // The account of what was pruned survives a restart; more may have expired by age since.
    let backend = start(&folder).await;
    let again = get_json(backend.endpoints().page(), "/api/status").await;
    for (key, count) in store["pruned"].as_object().unwrap() {
        assert!(
            again["store"]["pruned"][key].as_u64() >= count.as_u64(),
            "{key}: {again}"
        );
    }
    stop(backend).await;
    store["pruned"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn telemetry_beyond_the_cap_is_pruned_and_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let pruned = pruned_after(config(folder.path()).max_bytes(256 << 10), 120).await;
    assert!(pruned["bytes"].as_u64().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_beyond_the_count_are_pruned_and_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let pruned = pruned_after(config(folder.path()).max_stored_records(32), 80).await;
    assert!(pruned["segments"].as_u64().unwrap() > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn telemetry_that_is_too_old_is_gone_at_the_next_request() {
    let folder = tempfile::tempdir().unwrap();
    let age = Duration::from_millis(1);
    let pruned = pruned_after(config(folder.path()).max_age(age), 20).await;
    assert!(pruned["log_records"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_setting_that_only_a_collector_heeds_is_said_where_there_is_none() {
    let data = tempfile::tempdir().unwrap();
    let mut config = config(data.path());
    config.remote_endpoint = Some("http://127.0.0.1:9".to_owned());
    config.otelcol_config = Some("/etc/otelcol.yaml".into());
    config.self_metrics = true;
    let backend = Backend::start(config).await.unwrap();
    for key in ["remote_endpoint", "otelcol_config", "self_metrics"] {
        let begin = format!("collector.{key} is set, but ");
        let note = backend.notes().iter().find(|note| note.starts_with(&begin));
        assert!(
            note.is_some_and(|note| note.ends_with(": the application runs no collector")),
            "{key}: {:?}",
            backend.notes()
        );
    }
    stop(backend).await;
}

#[tokio::test]
async fn an_archive_from_before_is_kept_within_its_bounds_without_a_collector() {
    let data = tempfile::tempdir().unwrap();
    let old = data
        .path()
        .join("otel/traces-2020-01-01T00-00-00.000-size.jsonl");
    std::fs::create_dir(data.path().join("otel")).unwrap();
    std::fs::write(&old, "{}\n").unwrap();
    let backend = start(data.path()).await;
    let pruned = async {
        loop {
            let status = get_json(backend.endpoints().page(), "/api/status").await;
            if status["collector"]["archive"]["pruned_files"] == 1 {
                return;
            }
        }
    };
    let pruned = tokio::time::timeout(Duration::from_secs(30), pruned).await;
    assert!(pruned.is_ok() && !old.exists());
    stop(backend).await;
}
