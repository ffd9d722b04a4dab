//! The settings: invalid, sending nothing, or sending less than expected.

use super::{Answer, Doctor, doctor};
use glassbox_testkit::OtlpSink;

#[test]
fn an_endpoint_without_a_scheme_is_told_with_the_right_one() {
    doctor("localhost:4318")
        .ask()
        .broken("settings", "setting_invalid")
        .says(
            "variable OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://localhost:4318",
        );
}

#[test]
fn the_port_of_grpc_with_the_protocol_of_http_is_told() {
    doctor("http://collector:4317")
        .ask()
        .broken("settings", "setting_invalid")
        .says("the port of OTLP/gRPC", "port 4318 or the protocol grpc");
}

#[test]
fn a_value_that_cannot_be_read_is_named_with_what_it_could_be() {
    Doctor::new()
        .with("OTEL_TRACES_SAMPLER", "sometimes")
        .ask()
        .broken("settings", "setting_invalid")
        .says("variable OTEL_TRACES_SAMPLER", "always_on");
    Doctor::new()
        .with("OTEL_EXPORTER_OTLP_HEADERS", "Bearer secret")
        .ask()
        .broken("settings", "setting_invalid")
        .says("variable OTEL_EXPORTER_OTLP_HEADERS", "name=value");
}

fn with_file(name: &str, text: &str) -> Answer {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), text).unwrap();
    Doctor::new().ask_in(folder.path())
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
    with_file("glassbox.toml", "[telemetry]\nendpiont = \"http://x\"\n")
        .broken("settings", "setting_unknown")
        .says("glassbox.toml:2", "use telemetry.endpoint");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    with_file("glassbox.toml", "[telemetry\n")
        .broken("settings", "settings_unreadable")
        .says("glassbox.toml:1", "that line");
    Doctor::new()
        .arg("--config", "/nowhere/glassbox.toml")
        .ask()
        .broken("settings", "settings_unreadable")
        .says("/nowhere/glassbox.toml", "--config");
}

#[test]
fn a_certificate_that_is_no_file_is_named() {
    let answer = doctor("https://localhost:9")
        .with("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem")
        .ask();
    let found = answer.found("setting_invalid");
    assert_eq!(found.mark, "broken");
    found.says("/nowhere/ca.pem", "variable OTEL_EXPORTER_OTLP_CERTIFICATE");
}

#[test]
fn a_variable_that_nothing_reads_is_told_with_the_one_that_is_meant() {
    for (name, meant) in [
        ("OTEL_EXPORTER_OTLP_ENDPIONT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("GLASSBOX_OTEL_SKD_ENABLED", "GLASSBOX_OTEL_SDK_ENABLED"),
    ] {
        let answer = doctor("http://127.0.0.1:9").with(name, "true").ask();
        let found = answer.found("variable_unused").says(name, meant);
        assert_eq!(found.mark, "note");
    }
}

#[test]
fn telemetry_that_is_switched_off_is_a_silent_no_op_and_named_as_such() {
    for (name, value, fix) in [
        ("GLASSBOX_OTEL_SDK_ENABLED", "false", "set it to true"),
        ("OTEL_SDK_DISABLED", "true", "set it to false"),
    ] {
        let answer = doctor("http://127.0.0.1:9").with(name, value).ask();
        answer
            .broken("settings", "silent_no_op")
            .says(name, fix)
            .says("silent no-op", name);
        assert_eq!(answer.marks("port"), ["unknown"], "nothing is sent");
        assert_eq!(answer.trace_id(), None);
    }
    with_file("glassbox.toml", "[telemetry]\notlp = false\n")
        .broken("settings", "silent_no_op")
        .says("glassbox.toml:2", "telemetry.otlp");
}

fn without(signals: &[&str], endpoint: &str) -> Answer {
    let none =
        |doctor: Doctor, signal: &&str| doctor.with(&format!("OTEL_{signal}_EXPORTER"), "none");
    signals.iter().fold(doctor(endpoint), none).ask()
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_that_are_not_sent_are_told() {
    let sink = OtlpSink::start().await;
    without(&["TRACES", "METRICS", "LOGS"], &sink.endpoint())
        .broken("settings", "silent_no_op")
        .says("exporter of every signal is none", "OTEL_LOGS_EXPORTER");
    let answer = without(&["METRICS"], &sink.endpoint());
    let found = answer.found("signal_not_sent");
    assert_eq!(found.mark, "note");
    found.says("metrics are not sent", "OTEL_METRICS_EXPORTER");
    assert!(!sink.spans().is_empty() && !sink.logs().is_empty());
    assert!(sink.metrics().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sampler_that_keeps_nothing_is_broken_and_one_that_keeps_little_is_told() {
    let sink = OtlpSink::start().await;
    for (name, value) in [
        ("OTEL_TRACES_SAMPLER", "always_off"),
        ("OTEL_TRACES_SAMPLER", "parentbased_always_off"),
        ("OTEL_TRACES_SAMPLER_ARG", "0"),
    ] {
        doctor(&sink.endpoint())
            .with(name, value)
            .ask()
            .broken("settings", "nothing_sampled")
            .says(name, "OTEL_TRACES_SAMPLER_ARG");
    }
    let answer = doctor(&sink.endpoint())
        .with("OTEL_TRACES_SAMPLER_ARG", "0.01")
        .ask();
    let found = answer.found("sampled").says("one trace in 100", "to 1");
    assert_eq!(found.mark, "note");
    assert!(!sink.spans().is_empty(), "the doctor's own trace is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_wait_for_metrics_is_told_and_a_short_one_is_not() {
    let sink = OtlpSink::start().await;
    let answer = doctor(&sink.endpoint()).ask();
    answer.found("metrics_wait").says(
        "batches are exported within 5s (default), metrics every 30s (default)",
        "OTEL_METRIC_EXPORT_INTERVAL",
    );
    let answer = doctor(&sink.endpoint())
        .with("OTEL_METRIC_EXPORT_INTERVAL", "5000")
        .ask();
    assert!(!answer.has("metrics_wait"));
}
