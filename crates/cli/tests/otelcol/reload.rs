//! SIGHUP: a valid configuration takes effect; an invalid one changes nothing and is reported.

use crate::{
    backend::{Backend, otelcol, up},
    children::signal,
    glassbox::until,
    recovery::{dies_unless, impostor, program, taken_port},
};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use serde_json::Value;
use std::{fs, net::TcpListener};

/// A configuration that adds a colour to every span.
pub(crate) fn tagging(colour: &str) -> String {
    format!(
        "processors:\n  attributes/mine:\n    actions: [{{key: colour, value: {colour}, action: upsert}}]\n\
         service:\n  pipelines:\n    traces:\n      processors: [memory_limiter, attributes/mine, batch]\n"
    )
}

/// The colour that a new span gets.
fn colour(backend: &Backend, name: &str) -> String {
    backend.send_span(name);
    let span = backend.until_span(name);
    span["attributes"]["colour"].as_str().unwrap().to_owned()
}

#[test]
fn a_valid_configuration_takes_effect_in_the_process_that_runs() {
    let data = tempfile::tempdir().unwrap();
    let layer = data.path().join("mine.yaml");
    fs::write(&layer, tagging("blue")).unwrap();
    let backend = Backend::start(up(data.path()).env("GLASSBOX_OTEL_CONFIG", &layer));
    assert_eq!(colour(&backend, "before"), "blue");
    let pid = backend.otelcol();

    fs::write(&layer, tagging("green")).unwrap();
    backend.signal("HUP");
    backend.until_said("the collector has reloaded its configuration");
    assert_eq!(colour(&backend, "after"), "green");
    assert_eq!(backend.otelcol(), pid);
    assert_eq!(backend.collector()["restarts"], 0);
    assert!(backend.terminate().success());
}

#[test]
fn an_invalid_configuration_changes_nothing_not_even_after_a_crash() {
    let data = tempfile::tempdir().unwrap();
    let layer = data.path().join("mine.yaml");
    fs::write(&layer, tagging("blue")).unwrap();
    let backend = Backend::start(up(data.path()).env("GLASSBOX_OTEL_CONFIG", &layer));
    let pid = backend.otelcol();

    fs::write(&layer, "exporters: {no_such_thing: {}}\n").unwrap();
    backend.signal("HUP");
    backend.until_said("reload failed: the collector rejects the new configuration");
    assert!(
        backend.said().contains("no_such_thing"),
        "{}",
        backend.said()
    );
    assert_eq!(colour(&backend, "same"), "blue");
    assert_eq!(backend.otelcol(), pid);

    signal(pid, "KILL");
    backend.until_collector("a restart", |collector| {
        collector["restarts"] == 1 && collector["state"] == "running"
    });
    assert_eq!(colour(&backend, "again"), "blue");
}

#[test]
fn a_configuration_that_fails_only_at_its_start_is_taken_back() {
    let data = tempfile::tempdir().unwrap();
    let layer = data.path().join("mine.yaml");
    fs::write(&layer, tagging("blue")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [started, go] = ["started", "go"].map(|name| folder.path().join(name));
    // Its second start, the one with the old configuration, waits until it is released.
    let script = format!(
        "mkdir '{}' 2>/dev/null || until [ -e '{}' ]; do sleep 0.02; done\nexec '{}' \"$@\"",
        started.display(),
        go.display(),
        otelcol().display()
    );
    let program = impostor(folder.path(), &script);
    let mut up = up(data.path());
    up.env("GLASSBOX_OTEL_CONFIG", &layer);
    let backend = Backend::start(up.arg("--collector").arg(program));

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap();
    fs::write(&layer, taken_port(&port.to_string())).unwrap();
    backend.signal("HUP");
    let collector = backend.until_collector("the start with the old one", |collector| {
        collector["restarts"] == 1 && collector["pid"].is_u64()
    });
    assert_eq!(collector["state"], "restarting", "{collector}");
    assert_eq!(collector["running"], false, "{collector}");
    fs::write(&go, "").unwrap();
    backend.until_said("so it runs with the old one again");
    assert!(backend.said().contains("address already in use"));
    let collector = backend.until_collector("the old configuration", |collector| {
        collector["state"] == "running"
    });
    assert_eq!(collector["mode"], "otelcol", "{collector}");
    assert_eq!(collector["restarts"], 1);
    assert_eq!(colour(&backend, "back"), "blue");
}

#[test]
fn a_configuration_is_tried_at_once_while_a_start_is_waited_for_and_taken_back_if_it_fails() {
    let data = tempfile::tempdir().unwrap();
    let layer = data.path().join("mine.yaml");
    fs::write(&layer, tagging("blue")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let well = folder.path().join("well");
    fs::write(&well, "").unwrap();
    let program = impostor(folder.path(), &dies_unless(&well));
    let mut up = up(data.path());
    up.env("GLASSBOX_OTEL_CONFIG", &layer);
    let backend = Backend::start(up.arg("--collector").arg(program));
    fs::remove_file(&well).unwrap();
    signal(backend.otelcol(), "KILL");
    // The longest pause: two seconds or more.
    let pausing =
        |collector: &Value| collector["restarts"] == 3 && collector["state"] == "restarting";
    backend.until_collector("the last pause", pausing);

    fs::write(&well, "").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap();
    fs::write(&layer, taken_port(&port.to_string())).unwrap();
    backend.signal("HUP");
    backend.until_said("with the new configuration, and nothing receives yet");
    assert!(backend.said().contains("address already in use"));
    assert!(
        !backend.said().contains("has reloaded its configuration"),
        "{}",
        backend.said()
    );
    backend.until_collector("the old configuration", |collector| {
        collector["state"] == "running"
    });
    assert_eq!(colour(&backend, "back"), "blue");
}

#[test]
fn a_collector_that_dies_while_its_new_configuration_is_checked_is_not_blamed_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let dies = folder.path().join("dies");
    // The check kills the collector, and prints nothing.
    let script = format!(
        "case \"$1\" in\nvalidate) [ -e '{dies}' ] && kill -KILL \"$(cat '{pid}')\" && exec sleep 60;;\n\
         --config) echo $$ > '{pid}';;\nesac\nexec '{real}' \"$@\"",
        dies = dies.display(),
        pid = folder.path().join("pid").display(),
        real = otelcol().display()
    );
    let program = program(folder.path(), &script);
    let data = tempfile::tempdir().unwrap();
    let mut up = up(data.path());
    let backend = Backend::start(up.arg("--collector").arg(program));
    fs::write(&dies, "").unwrap();
    backend.signal("HUP");
    backend.until_said("reload failed: the collector exited before the reload");
    backend.until_collector("a restart", |collector| {
        collector["restarts"] == 1 && collector["running"] == true
    });
}

#[test]
fn without_a_collector_a_reload_is_answered_and_the_backend_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let mut up = up(data.path());
    let backend = Backend::start(up.args(["--collector", "off"]));
    backend.signal("HUP");
    backend.until_said("reload failed: there is no collector to reload");
    backend.send_span("on");
    backend.until_span("on");
    assert!(backend.terminate().success());
}

#[test]
fn a_terminal_that_is_closed_ends_the_backend() {
    // No other process may hold it open: no child, and no process whose controlling terminal it might
    // become.
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let terminal = openpt(flags).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let inside = ioctl_tiocgptpeer(&terminal, flags).unwrap();
    let data = tempfile::tempdir().unwrap();
    let mut backend = Backend::start(up(data.path()).stdin(inside));
    let pid = backend.otelcol();
    // While the terminal exists, the signal requests a reload.
    backend.signal("HUP");
    backend.until_said("the collector has reloaded its configuration");
    drop(terminal);
    backend.signal("HUP");
    assert!(backend.ended().success());
    until("the collector to end", || {
        (!crate::children::runs(pid)).then_some(())
    });
}
