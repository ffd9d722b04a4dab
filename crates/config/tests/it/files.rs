//! Which file is read, and how its aliases are resolved.

use std::time::Duration;

use glassbox_config::{ByteSize, Environment, Settings, SettingsError};

use crate::{Protocol, Telemetry, builder, environment, file};

fn load(name: &str, text: &str) -> Telemetry {
    let (_folder, path) = file(name, text);
    let settings = builder().file(path).unwrap().build().unwrap();
    settings.load::<Telemetry>().unwrap().into_value()
}

#[test]
fn toml_and_yaml_say_the_same() {
    let toml = load(
        "glassbox.toml",
        "[telemetry]\nenabled = false\nprotocol = \"grpc\"\nsampling_ratio = 0x0\n\
         batch_timeout = \"250ms\"\npropagators = [\"b3\"]\nservice_name = \"s\"\n\
         [telemetry.limits]\nbody = \"1KiB\"\nqueue = 7\n",
    );
    let yaml = load(
        "glassbox.yaml",
        "telemetry:\n  enabled: false\n  protocol: grpc\n  sampling_ratio: 0.0\n  \
         batch_timeout: 250ms\n  propagators: [b3]\n  service_name: s\n  \
         limits:\n    body: 1KiB\n    queue: 7\n",
    );
    assert_eq!(toml, yaml);
    assert_eq!(toml.protocol, Protocol::Grpc);
    assert_eq!(toml.batch_timeout, Duration::from_millis(250));
    assert_eq!(toml.limits.body, ByteSize::kib(1));
}

#[test]
fn an_empty_file_says_nothing() {
    for (name, text) in [
        ("a.toml", ""),
        ("a.toml", "# nothing\n[telemetry]\n"),
        ("a.yaml", ""),
        ("a.yml", "# nothing\n"),
    ] {
        assert_eq!(load(name, text), Telemetry::default(), "{name}: {text:?}");
    }
}

#[test]
fn older_spellings_are_understood_and_the_origin_names_them() {
    let (_folder, path) = file(
        "glassbox.yaml",
        "otel:\n  service_name: agent\n  exporter: grpc\n  resource_attributes:\n    \
         team.name: core\n\
         telemetry:\n  otlp_endpoint: http://collector:4317\n  sampling_rate: 0.1\n  \
         batch_timeout_ms: 750\n",
    );
    let settings = builder().file(path).unwrap().build().unwrap();
    let telemetry = settings.load::<Telemetry>().unwrap();
    assert_eq!(telemetry.service_name.as_deref(), Some("agent"));
    assert_eq!(telemetry.protocol, Protocol::Grpc);
    assert_eq!(telemetry.endpoint, "http://collector:4317");
    assert_eq!(telemetry.sampling_ratio, 0.1);
    assert_eq!(telemetry.batch_timeout, Duration::from_millis(750));
    assert_eq!(telemetry.resource_attributes["team.name"], "core");
    let origin = telemetry.origin("endpoint").to_string();
    assert!(
        origin.ends_with("glassbox.yaml:7, key telemetry.otlp_endpoint"),
        "{origin}"
    );
}

#[test]
fn a_section_of_another_program_is_passed_over() {
    let telemetry = load(
        "glassbox.toml",
        "[collector]\nno_such_key = 1\n[otel]\nenabled = false\n[telemetry]\nenabled = false\n",
    );
    assert!(!telemetry.enabled);
}

#[test]
fn the_flag_names_the_file_before_the_variable_and_the_folder() {
    let text = |endpoint: &str| format!("[telemetry]\nendpoint = \"{endpoint}\"\n");
    let (_first, flag) = file("flag.toml", &text("http://flag"));
    let (_second, variable) = file("variable.toml", &text("http://variable"));
    let (folder, _) = file("glassbox.toml", &text("http://folder"));
    let named = environment([("GLASSBOX_CONFIG", variable.to_str().unwrap())]);
    let nothing = Environment::empty();
    for (flag, environment, endpoint) in [
        (Some(flag.as_path()), &named, "http://flag"),
        (None, &named, "http://variable"),
        (None, &nothing, "http://folder"),
    ] {
        let settings = builder()
            .discover(flag, environment, folder.path())
            .unwrap()
            .build()
            .unwrap();
        assert_eq!(settings.load::<Telemetry>().unwrap().endpoint, endpoint);
        assert!(settings.file().is_some());
    }
}

#[test]
fn a_folder_without_a_file_is_no_error_and_a_file_that_is_named_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let discover = |environment: &Environment| {
        Settings::builder()
            .discover(None, environment, folder.path())
            .map(|builder| builder.build().unwrap().file().is_some())
    };
    assert!(!discover(&Environment::empty()).unwrap());
    let error = discover(&environment([(
        "GLASSBOX_CONFIG",
        "/nowhere/glassbox.toml",
    )]))
    .unwrap_err();
    assert!(matches!(error, SettingsError::Unreadable { .. }));
    assert_eq!(
        error.to_string(),
        "cannot read the settings file /nowhere/glassbox.toml"
    );
}

#[test]
fn two_files_in_the_folder_are_one_too_many() {
    let (folder, _) = file("glassbox.toml", "");
    std::fs::write(folder.path().join("glassbox.yaml"), "").unwrap();
    let error = builder()
        .discover(None, &Environment::empty(), folder.path())
        .unwrap_err();
    assert!(error.to_string().contains("remove one"), "{error}");
}
