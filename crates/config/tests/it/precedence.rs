//! Which source wins, and which origin is reported.

use std::time::Duration;

use glassbox_config::{ByteSize, Loaded, Warning};

use crate::{Telemetry, builder, environment, file};

const FILE: &str = "[telemetry]\nendpoint = \"http://file\"\n";

fn loaded(variables: &[(&str, &str)], with_file: bool, flag: Option<&str>) -> Loaded<Telemetry> {
    let (_folder, path) = file("glassbox.toml", FILE);
    let environment = variables.iter().copied().collect();
    let mut builder = builder().environment(&environment);
    if with_file {
        builder = builder.file(path).unwrap();
    }
    builder
        .flag("telemetry.endpoint", flag, "--backend")
        .build()
        .unwrap()
        .load::<Telemetry>()
        .unwrap()
}

const OTEL: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel");
const OURS: (&str, &str) = ("GLASSBOX_OTEL_ENDPOINT", "http://ours");
const THEIRS: (&str, &str) = ("BACKEND_URL", "http://theirs");

#[test]
fn a_default_stands_where_nobody_says_anything() {
    let telemetry = loaded(&[], false, None);
    assert_eq!(*telemetry, Telemetry::default());
    assert!(telemetry.origin("endpoint").is_default());
    assert_eq!(telemetry.origin("endpoint").to_string(), "default");
}

#[test]
fn a_file_wins_over_the_default() {
    let telemetry = loaded(&[], true, None);
    assert_eq!(telemetry.endpoint, "http://file");
    let origin = telemetry.origin("endpoint").to_string();
    assert!(
        origin.ends_with("glassbox.toml:2, key telemetry.endpoint"),
        "{origin}"
    );
    assert!(telemetry.origin("enabled").is_default());
}

#[test]
fn a_variable_of_other_programs_wins_over_the_file() {
    let telemetry = loaded(&[THEIRS], true, None);
    assert_eq!(telemetry.endpoint, "http://theirs");
    assert_eq!(
        telemetry.origin("endpoint").to_string(),
        "variable BACKEND_URL"
    );
}

#[test]
fn a_variable_of_ours_wins_over_the_file_and_over_those_of_other_programs() {
    let telemetry = loaded(&[THEIRS, OURS], true, None);
    assert_eq!(telemetry.endpoint, "http://ours");
    assert_eq!(
        telemetry.origin("endpoint").to_string(),
        "variable GLASSBOX_OTEL_ENDPOINT"
    );
}

#[test]
fn a_variable_of_opentelemetry_wins_over_ours() {
    let telemetry = loaded(&[OURS, OTEL], true, None);
    assert_eq!(telemetry.endpoint, "http://otel");
    assert_eq!(
        telemetry.origin("endpoint").to_string(),
        "variable OTEL_EXPORTER_OTLP_ENDPOINT"
    );
}

#[test]
fn an_explicit_value_wins_over_everything() {
    let telemetry = loaded(&[OURS, OTEL], true, Some("http://flag"));
    assert_eq!(telemetry.endpoint, "http://flag");
    assert_eq!(telemetry.origin("endpoint").to_string(), "flag --backend");
}

#[test]
fn of_two_variables_of_one_rank_the_first_in_the_table_wins() {
    let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces");
    let telemetry = loaded(&[OTEL, traces], false, None);
    assert_eq!(telemetry.endpoint, "http://traces");
    assert_eq!(
        telemetry.origin("endpoint").to_string(),
        "variable OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    );
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let telemetry = loaded(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")], true, None);
    assert_eq!(telemetry.endpoint, "http://file");
}

#[test]
fn the_text_of_a_variable_becomes_what_its_key_is() {
    let telemetry = loaded(
        &[
            ("OTEL_SDK_DISABLED", "true"),
            ("OTEL_BSP_SCHEDULE_DELAY", "250"),
            ("OTEL_PROPAGATORS", "b3, tracecontext"),
            ("GLASSBOX_OTEL_SERVICE_NAME", "007"),
            ("GLASSBOX_SAMPLING_RATIO", "0.25"),
            ("GLASSBOX_QUEUE", "64"),
            ("GLASSBOX_BODY", "1MiB"),
        ],
        false,
        None,
    );
    assert!(!telemetry.enabled);
    assert_eq!(telemetry.batch_timeout, Duration::from_millis(250));
    assert_eq!(telemetry.propagators, ["b3", "tracecontext"]);
    assert_eq!(telemetry.service_name.as_deref(), Some("007"));
    assert_eq!(telemetry.sampling_ratio, 0.25);
    assert_eq!(telemetry.limits.queue, 64);
    assert_eq!(telemetry.limits.body, ByteSize::mib(1));
}

#[test]
fn tables_are_laid_over_each_other_and_lists_are_replaced() {
    let (_folder, path) = file(
        "glassbox.toml",
        "[telemetry]\n\
         propagators = [\"b3\"]\n\
         [telemetry.resource_attributes]\n\
         team = \"file\"\n\
         \"service.version\" = \"1\"\n",
    );
    let environment = environment([("OTEL_RESOURCE_ATTRIBUTES", "team=core,deployment=eu")]);
    let telemetry = builder()
        .environment(&environment)
        .file(path)
        .unwrap()
        .build()
        .unwrap()
        .load::<Telemetry>()
        .unwrap();
    let attributes: Vec<_> = telemetry.resource_attributes.iter().collect();
    assert_eq!(
        serde_json::to_value(attributes).unwrap(),
        serde_json::json!([
            ["deployment", "eu"],
            ["service.version", "1"],
            ["team", "core"]
        ])
    );
    assert_eq!(telemetry.propagators, ["b3"]);
    let origin = |key: &str| telemetry.origin(key).to_string();
    assert_eq!(
        origin("resource_attributes.team"),
        "variable OTEL_RESOURCE_ATTRIBUTES"
    );
    assert_eq!(
        origin("resource_attributes"),
        "variable OTEL_RESOURCE_ATTRIBUTES"
    );
}

#[test]
fn an_unknown_variable_of_ours_is_a_warning_and_one_of_others_is_nothing() {
    let environment = environment([
        ("GLASSBOX_SAMPLING_RATE", "0.5"),
        ("GLASSBOX_SERVICE_HOST", "10.0.0.1"),
        ("GLASSBOX_MODEL", "openai/x"),
        ("GLASSBOX_CONFIG", "elsewhere.toml"),
        ("KUBERNETES_PORT", "443"),
    ]);
    let settings = builder()
        .recognise(["GLASSBOX_MODEL"])
        .environment(&environment)
        .build()
        .unwrap();
    let said: Vec<String> = settings.warnings().iter().map(Warning::to_string).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(
        said[0],
        "variable GLASSBOX_SAMPLING_RATE is unknown and has no effect; \
         did you mean GLASSBOX_SAMPLING_RATIO?"
    );
    assert!(said[1].starts_with("variable GLASSBOX_SERVICE_HOST is unknown"));
}

#[test]
fn entries_show_every_key_with_its_origin_and_no_secret() {
    let telemetry = loaded(&[("BACKEND_KEY", "s3cret"), OURS], false, None);
    let entries = telemetry.entries();
    let entry = |key: &str| entries.iter().find(|entry| entry.key == key).unwrap();
    assert_eq!(entry("telemetry.endpoint").value, "http://ours");
    assert_eq!(
        entry("telemetry.endpoint").origin.to_string(),
        "variable GLASSBOX_OTEL_ENDPOINT"
    );
    assert_eq!(entry("telemetry.limits.body").value, "64MiB");
    assert_eq!(entry("telemetry.key").value, "***");
    assert_eq!(entry("telemetry.service_name").value, "");
    assert_eq!(telemetry.key.as_deref(), Some("s3cret"));
}
