//! A collector that crashes is restarted; one that keeps crashing is replaced.

use crate::{
    backend::{Backend, otelcol, up},
    children::{runs, signal},
    glassbox::{run, until},
};
use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// A valid configuration with which the collector fails to start.
pub(crate) fn taken_port(address: &str) -> String {
    format!(
        "exporters:\n  prometheus/mine: {{endpoint: \"{address}\"}}\n\
         service:\n  pipelines:\n    metrics/mine:\n      receivers: [otlp]\n      exporters: [prometheus/mine]\n"
    )
}

/// A program in place of a collector: it responds as the real one does, and runs as defined by `script`.
pub(crate) fn impostor(folder: &Path, script: &str) -> PathBuf {
    let real = otelcol();
    let answers = format!(
        "case \"$1\" in\n--version|components|validate) exec '{}' \"$@\";;\nesac\n",
        real.display()
    );
    program(folder, &(answers + script))
}

/// A script that runs the collector while `well` exists, and exits at once otherwise.
pub(crate) fn dies_unless(well: &Path) -> String {
    let (well, real) = (well.display(), otelcol());
    format!(
        "[ -e '{well}' ] || exit 1\nexec '{}' \"$@\"",
        real.display()
    )
}

pub(crate) fn program(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("otelcol");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn a_collector_that_is_killed_is_started_again_and_it_is_said() {
    let data = tempfile::tempdir().unwrap();
    let backend = Backend::on(data.path());
    backend.send_span("before");
    backend.until_span("before");
    let (pid, grpc) = (backend.otelcol(), backend.endpoint("grpc"));

    signal(pid, "KILL");
    let collector = backend.until_collector("a restart", |collector| {
        collector["restarts"] == 1 && collector["running"] == true
    });
    let last = &collector["last_exit"];
    assert!(
        last["status"].as_str().unwrap().contains("signal: 9"),
        "{collector}"
    );
    assert!(last["time_unix_nano"].is_u64(), "{collector}");
    assert_ne!(backend.otelcol(), pid);
    assert_eq!(backend.endpoint("grpc"), grpc);
    backend.send_span("after");
    backend.until_span("after");
    assert!(
        backend
            .said()
            .contains("the collector exited and will be restarted"),
        "{}",
        backend.said()
    );
    assert!(backend.terminate().success());
}

#[test]
fn a_collector_that_hangs_is_replaced() {
    let data = tempfile::tempdir().unwrap();
    let backend = Backend::on(data.path());
    let pid = backend.otelcol();
    signal(pid, "STOP");
    let collector = backend.until_collector("a restart", |collector| {
        collector["restarts"] == 1 && collector["running"] == true
    });
    let status = collector["last_exit"]["status"].as_str().unwrap();
    assert!(status.contains("stopped responding"), "{collector}");
    assert!(!runs(pid));
    backend.send_span("answered");
    backend.until_span("answered");
}

#[test]
fn ports_that_somebody_takes_before_the_collector_does_are_given_up_for_others() {
    let folder = tempfile::tempdir().unwrap();
    // At its first start, it saves its configuration, and fails to bind a port as a collector would.
    let program = impostor(
        folder.path(),
        &format!(
            "if mkdir '{seen}' 2>/dev/null; then\n\
             cp \"${{2#file:}}\" '{seen}'\n\
             echo 'Error: listen tcp 127.0.0.1:1: bind: address already in use' >&2\n\
             exit 1\nfi\nexec '{real}' \"$@\"",
            seen = folder.path().join("seen").display(),
            real = otelcol().display(),
        ),
    );
    let data = tempfile::tempdir().unwrap();
    let mut up = up(data.path());
    let backend = Backend::start(up.arg("--collector").arg(program));
    let first = fs::read_to_string(folder.path().join("seen/collector.yaml")).unwrap();
    for protocol in ["grpc", "http"] {
        let address = backend.endpoint(protocol).replace("http://", "");
        assert!(!first.contains(&address), "{address} in {first}");
    }
    assert_eq!(backend.collector()["restarts"], 0);
    backend.send_span("elsewhere");
    backend.until_span("elsewhere");
}

#[test]
fn the_backend_receives_on_the_same_ports_once_the_collector_keeps_dying() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    let layer = data.path().join("mine.yaml");
    fs::write(&layer, taken_port(&port)).unwrap();
    // `up` reports its start only when a receiver runs.
    let backend = Backend::start(up(data.path()).env("GLASSBOX_OTEL_CONFIG", &layer));
    let collector = backend.collector();
    assert_eq!(collector["mode"], "embedded", "{collector}");
    assert_eq!(collector["state"], "fallen_back");
    assert_eq!(collector["running"], true);
    assert_eq!(collector["pid"], backend.pid());
    let words = collector["last_exit"]["last_words"].as_str().unwrap();
    assert!(words.contains(&port), "{collector}");
    let owner = format!("process {} (", std::process::id());
    assert!(words.contains(&owner), "{collector}");
    assert!(
        backend
            .greeting
            .contains("Collector embedded: the collector exited too often"),
        "{}",
        backend.greeting
    );
    assert!(backend.said().contains("the backend receives in its place"));
    assert!(crate::children::of(backend.pid()).is_empty());
    backend.send_span("replaced");
    backend.until_span("replaced");

    // Once the conflict is removed, a reload brings the collector back.
    drop(taken);
    backend.signal("HUP");
    backend.until_collector("the collector", |collector| collector["mode"] == "otelcol");
    backend.send_span("again");
    backend.until_span("again");
    assert!(backend.terminate().success());
}

#[test]
fn while_somebody_has_the_ports_a_reload_is_answered_and_they_are_taken_once_they_are_free() {
    let folder = tempfile::tempdir().unwrap();
    let well = folder.path().join("well");
    fs::write(&well, "").unwrap();
    let program = impostor(folder.path(), &dies_unless(&well));
    let data = tempfile::tempdir().unwrap();
    let mut up = up(data.path());
    let backend = Backend::start(up.arg("--collector").arg(program));
    let grpc = backend.endpoint("grpc").replace("http://", "");

    fs::remove_file(&well).unwrap();
    signal(backend.otelcol(), "KILL");
    let taken = until("the port", || TcpListener::bind(&grpc).ok());
    let collector = backend.until_collector("the end of it", |collector| {
        collector["state"] == "fallen_back"
    });
    assert_eq!(collector["running"], false, "{collector}");
    let reason = collector["reason"].as_str().unwrap();
    assert!(reason.contains("cannot receive in its place"), "{reason}");
    backend.signal("HUP");
    backend.until_said("with the new configuration, and nothing receives yet");

    drop(taken);
    let collector = backend.until_collector("the backend in its place", |collector| {
        collector["running"] == true
    });
    assert_eq!(collector["mode"], "embedded", "{collector}");
    backend.send_span("successor");
    backend.until_span("successor");
}

#[test]
fn while_the_collector_is_tried_again_in_place_of_the_backend_nobody_receives_and_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let [well, go] = ["well", "go"].map(|name| folder.path().join(name));
    let script = format!(
        "[ -e '{}' ] || exit 1\nuntil [ -e '{}' ]; do sleep 0.02; done\nexec '{}' \"$@\"",
        well.display(),
        go.display(),
        otelcol().display()
    );
    let program = impostor(folder.path(), &script);
    let data = tempfile::tempdir().unwrap();
    let mut up = up(data.path());
    let backend = Backend::start(up.arg("--collector").arg(program));
    assert_eq!(backend.collector()["state"], "fallen_back");

    backend.signal("HUP");
    backend.until_said("with the new configuration, so the backend receives in its place");
    assert_eq!(backend.collector()["running"], true);

    fs::write(&well, "").unwrap();
    let restarts = backend.collector()["restarts"].as_u64().unwrap();
    backend.signal("HUP");
    let collector = backend.until_collector("the start", |collector| {
        collector["restarts"] == restarts + 1 && collector["pid"].is_u64()
    });
    assert_eq!(collector["mode"], "otelcol", "{collector}");
    assert_eq!(collector["state"], "restarting", "{collector}");
    assert_eq!(collector["running"], false, "{collector}");
    fs::write(&go, "").unwrap();
    backend.until_collector("the collector", |collector| collector["running"] == true);
}

#[test]
fn a_program_that_never_becomes_ready_is_given_up_while_one_waits() {
    let folder = tempfile::tempdir().unwrap();
    let program = impostor(folder.path(), "exec sleep 600");
    let data = tempfile::tempdir().unwrap();
    let mut up = up(data.path());
    let backend = Backend::start(up.arg("--collector").arg(program));
    let collector = backend.collector();
    assert_eq!(collector["state"], "fallen_back", "{collector}");
    let status = collector["last_exit"]["status"].as_str().unwrap();
    assert!(status.contains("not ready within"), "{collector}");
    assert!(crate::children::of(backend.pid()).is_empty());
    backend.send_span("late");
    backend.until_span("late");
}

#[test]
fn a_collector_that_does_not_end_is_killed_after_its_grace() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = Backend::on(data.path());
    let pid = backend.otelcol();
    // A stopped process handles no signal except SIGKILL.
    signal(pid, "STOP");
    backend.signal("TERM");
    assert!(backend.ended().success());
    assert!(!runs(pid));
    backend.until_said("did not stop in time and was killed; what it still held is lost");
    backend.until_said("data still in the collector may be lost");
}

#[test]
fn a_distribution_with_hardly_anything_receives_and_it_is_said_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let listed = "{buildinfo: {version: 0.159.0}, receivers: [{name: otlp}], exporters: [{name: otlp_http}]}";
    let real = otelcol();
    let script = format!(
        "if [ \"$1\" = components ]; then echo '{listed}'; exit; fi\nexec '{}' \"$@\"",
        real.display()
    );
    let program = program(folder.path(), &script);
    let data = tempfile::tempdir().unwrap();
    let mut up = up(data.path());
    let backend = Backend::start(up.arg("--collector").arg(program));
    let status = backend.status();
    // Only its log can have shown that it is ready.
    assert_eq!(status["collector"]["state"], "running", "{status}");
    assert!(status["collector"]["zpages"].is_null());
    let notes = status["notes"].to_string();
    for lacking in ["batch", "memory_limiter", "health_check", "exporter file"] {
        assert!(notes.contains(lacking), "{lacking}: {notes}");
    }
    backend.send_span("bare");
    backend.until_span("bare");
    // It also reloads its configuration, and reports that in its log.
    backend.signal("HUP");
    backend.until_said("the collector has reloaded its configuration");
    assert!(backend.terminate().success());
}

#[test]
fn a_program_that_is_no_collector_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nothing");
    for (program, words) in [
        (Path::new("/bin/echo"), "is not an OpenTelemetry Collector"),
        (missing.as_path(), "does not exist"),
        (folder.path(), "cannot be executed"),
    ] {
        let mut up = up(data.path());
        let output = run(up.arg("--collector").arg(program));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        let last = said.lines().last().unwrap();
        let named = last.contains(&program.display().to_string());
        assert!(named && last.contains(words), "{said}");
    }
}
