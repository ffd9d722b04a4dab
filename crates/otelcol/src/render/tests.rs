use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::{fs, net::SocketAddr};

use glassbox_config::ByteSize;
use glassbox_guard::Keys;

use super::*;
use crate::settings::RemoteHeaders;

fn local(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

fn plan() -> Plan {
    Plan {
        grpc: local(4317),
        http: local(4318),
        store: local(41001),
        health: local(41002),
        zpages: local(41003),
        data: PathBuf::from("/home/me/.glassbox/otel"),
    }
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

/// The components of the distribution that `deploy/collector/builder.yaml` builds.
fn ours() -> Components {
    Components {
        version: "0.159.0".to_owned(),
        receivers: names(["otlp"]),
        processors: names([
            "attributes",
            "batch",
            "memory_limiter",
            "resource",
            "tail_sampling",
        ]),
        exporters: names(["debug", "file", "otlp_grpc", "otlp_http", "prometheus"]),
        extensions: names(["bearertokenauth", "file_storage", "health_check", "zpages"]),
    }
}

/// The distribution with all components; a part of them.
fn contrib() -> Components {
    let mut all = ours();
    all.receivers
        .extend(names(["filelog", "hostmetrics", "jaeger", "prometheus"]));
    all.processors.extend(names(["filter", "transform"]));
    all.exporters
        .extend(names(["kafka", "otlp_json_file", "zipkin"]));
    all.extensions.extend(names(["basicauth", "pprof"]));
    all
}

/// The core distribution: no storage.
fn core() -> Components {
    Components {
        extensions: names(["health_check", "pprof", "zpages"]),
        ..ours()
    }
}

/// A distribution from before the exporters were renamed.
fn old(version: &str) -> Components {
    Components {
        version: version.to_owned(),
        exporters: names(["debug", "file", "otlp", "otlphttp"]),
        ..ours()
    }
}

fn rendered(components: &Components, config: &CollectorConfig) -> Rendered {
    render(&plan(), components, config).unwrap()
}

fn remote() -> CollectorConfig {
    CollectorConfig {
        remote_endpoint: Some("https://otlp.example.com:443".to_owned()),
        remote_headers: RemoteHeaders::from_iter([
            ("Authorization", "Bearer hunter2"),
            ("x-team", "a$b${c}"),
        ]),
        ..CollectorConfig::default()
    }
}

#[test]
fn our_distribution_receives_archives_and_stores() {
    let rendered = rendered(&ours(), &CollectorConfig::default());
    insta::assert_snapshot!(rendered.yaml);
    assert_eq!(rendered.notes, Vec::<String>::new());
}

#[test]
fn a_remote_gets_a_queue_on_disk_and_headers_from_the_environment() {
    let rendered = rendered(&ours(), &remote());
    insta::assert_snapshot!(rendered.yaml);
    assert_eq!(rendered.notes, Vec::<String>::new());
    assert!(!rendered.yaml.contains("hunter2"));
    // Otherwise a reference in a secret would be expanded, and `$$` would become `$`.
    assert_eq!(
        rendered.environment[1..],
        [
            (
                "GLASSBOX_REMOTE_HEADER_1".to_owned(),
                "Bearer hunter2".to_owned()
            ),
            (
                "GLASSBOX_REMOTE_HEADER_2".to_owned(),
                "a$$b$${c}".to_owned()
            ),
        ]
    );
}

#[test]
fn contrib_is_told_what_ours_is_told() {
    for config in [CollectorConfig::default(), remote()] {
        let (ours, contrib) = (rendered(&ours(), &config), rendered(&contrib(), &config));
        assert_eq!(contrib.yaml, ours.yaml);
        assert_eq!(contrib.notes, ours.notes);
    }
}

#[test]
fn the_core_distribution_keeps_what_waits_for_a_remote_in_memory_and_it_is_said() {
    let rendered = rendered(&core(), &remote());
    insta::assert_snapshot!(rendered.yaml);
    assert_eq!(rendered.notes.len(), 1, "{:?}", rendered.notes);
    assert!(
        rendered.notes[0].contains("file_storage"),
        "{:?}",
        rendered.notes
    );
}

#[test]
fn its_own_metrics_go_to_the_store_when_they_are_wanted() {
    let config = CollectorConfig {
        self_metrics: true,
        ..CollectorConfig::default()
    };
    insta::assert_snapshot!(rendered(&ours(), &config).yaml);
}

#[test]
fn an_old_distribution_gets_old_names_and_nothing_it_does_not_know() {
    let mut config = remote();
    config.self_metrics = true;
    let rendered = rendered(&old("0.112.0"), &config);
    insta::assert_snapshot!(rendered.yaml);
    assert!(
        rendered.notes[0].contains("0.112.0 is too old"),
        "{:?}",
        rendered.notes
    );
}

#[test]
fn a_distribution_with_old_names_that_measures_bytes_may_split_what_it_sends() {
    let yaml = rendered(&old("0.140.0"), &CollectorConfig::default()).yaml;
    assert!(yaml.contains("otlphttp/glassbox"), "{yaml}");
    assert!(yaml.contains("max_size: 67108864"), "{yaml}");
}

#[test]
fn a_distribution_with_hardly_anything_still_receives_and_says_what_is_missing() {
    let bare = Components {
        version: "1.2.3".to_owned(),
        receivers: names(["otlp"]),
        exporters: names(["otlp_http"]),
        ..Components::default()
    };
    let rendered = rendered(&bare, &remote());
    insta::assert_snapshot!(rendered.yaml);
    for lacking in [
        "memory_limiter",
        "batch",
        "file",
        "otlp_grpc",
        "health_check",
        "zpages",
    ] {
        let said = |note: &String| note.contains(&format!(" {lacking}:"));
        assert!(
            rendered.notes.iter().any(said),
            "{lacking}: {:?}",
            rendered.notes
        );
    }
}

#[test]
fn nothing_is_rendered_for_a_distribution_that_cannot_reach_the_store() {
    for (components, what) in [
        (
            Components {
                receivers: names([]),
                ..ours()
            },
            "receiver otlp",
        ),
        (
            Components {
                exporters: names(["file"]),
                ..ours()
            },
            "exporter otlp_http",
        ),
    ] {
        let error = render(&plan(), &components, &CollectorConfig::default()).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn paths_are_written_as_they_are() {
    let mut plan = plan();
    plan.data = PathBuf::from("/tmp/it's $HOME: a \"#\\folder\"");
    let yaml = render(&plan, &ours(), &CollectorConfig::default())
        .unwrap()
        .yaml;
    let read: serde_json::Value = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!(
        read["exporters"]["file/logs"]["path"],
        "/tmp/it's $$HOME: a \"#\\folder\"/logs.jsonl"
    );
}

#[test]
fn settings_reach_the_configuration() {
    let mut config = remote();
    config.archive = false;
    config.remote_insecure = true;
    config.max_request_bytes = ByteSize::bytes(1_500_000);
    let yaml = rendered(&ours(), &config).yaml;
    assert!(!yaml.contains("file/traces"), "{yaml}");
    assert!(yaml.contains("insecure_skip_verify: true"), "{yaml}");
    assert!(yaml.contains("max_request_body_size: 1500000"), "{yaml}");
    assert!(yaml.contains("max_recv_msg_size_mib: 2"), "{yaml}");
    config.archive = true;
    config.archive_max_bytes = ByteSize::mib(160);
    config.remote_endpoint = Some("http://tempo:4317".to_owned());
    let yaml = rendered(&ours(), &config).yaml;
    assert!(yaml.contains("max_megabytes: 40"), "{yaml}");
    assert!(
        yaml.contains("insecure: true") && !yaml.contains("skip_verify"),
        "{yaml}"
    );
}

#[test]
fn a_remote_that_is_given_the_port_of_http_is_remarked_on() {
    let config = CollectorConfig {
        remote_endpoint: Some("http://tempo:4318".to_owned()),
        ..CollectorConfig::default()
    };
    let notes = rendered(&ours(), &config).notes;
    assert!(notes[0].contains("usually 4317"), "{notes:?}");
}

#[test]
fn a_configuration_is_replaced_whole_and_read_by_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan();
    plan.data = folder.path().join("otel");
    let path = plan.config();
    let rendered = render(&plan, &ours(), &remote()).unwrap();
    rendered.write(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path.with_extension("new"), "left behind").unwrap();
    rendered.write(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), rendered.yaml);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&plan.data), 0o700);
    assert_eq!(mode(&plan.data.join("queue")), 0o700);
    assert!(!path.with_extension("new").exists());
}

#[test]
fn a_key_is_required_and_sent_and_is_only_in_the_environment() {
    let config = CollectorConfig {
        keys: Keys::try_new(["s3cret-$1", "old"]).unwrap(),
        self_metrics: true,
        ..CollectorConfig::default()
    };
    let rendered = render(&plan(), &ours(), &config).unwrap();
    assert!(!rendered.yaml.contains("s3cret"), "{}", rendered.yaml);
    let document: serde_json::Value = serde_saphyr::from_str(&rendered.yaml).unwrap();
    let protocols = &document["receivers"]["otlp"]["protocols"];
    for protocol in ["grpc", "http"] {
        let lock = &protocols[protocol]["auth"]["authenticator"];
        assert_eq!(lock, "bearertokenauth/glassbox");
    }
    let extension = &document["extensions"]["bearertokenauth/glassbox"];
    assert_eq!(extension["token"], "${env:GLASSBOX_COLLECTOR_KEY}");
    let used = document["service"]["extensions"].as_array().unwrap();
    assert!(used.contains(&"bearertokenauth/glassbox".into()));
    let authorization = "${env:GLASSBOX_STORE_AUTHORIZATION}";
    let store = &document["exporters"]["otlp_http/glassbox"];
    assert_eq!(store["headers"]["authorization"], authorization);
    let readers = &document["service"]["telemetry"]["metrics"]["readers"];
    let own = &readers[0]["periodic"]["exporter"]["otlp"]["headers"][0];
    assert_eq!(own["value"], authorization);
    let secret = |name: &str| {
        let mut variables = rendered.environment.iter();
        let found = variables.find(|(known, _)| known == name).unwrap();
        found.1.as_str()
    };
    assert_eq!(secret("GLASSBOX_COLLECTOR_KEY"), "s3cret-$$1");
    assert_eq!(secret("GLASSBOX_STORE_AUTHORIZATION"), "Bearer s3cret-$$1");
}

#[test]
fn a_distribution_that_cannot_check_keys_is_not_used_with_one() {
    let config = CollectorConfig {
        keys: Keys::try_new(["key"]).unwrap(),
        ..CollectorConfig::default()
    };
    let error = render(&plan(), &core(), &config).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("bearertokenauth"), "{message}");
    assert!(message.contains("collector.otelcol"), "{message}");
}
