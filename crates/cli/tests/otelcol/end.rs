//! Shutdown of all processes: in order, or at once without leftovers.

use crate::{
    backend::{Backend, up, up_at},
    children::{self, until_gone},
    glassbox::{command, run},
    telemetry::{archived, post, spans},
};
use std::os::unix::process::CommandExt;

#[test]
fn a_backend_that_is_killed_leaves_no_collector_behind() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = Backend::on(data.path());
    let pid = backend.otelcol();
    assert!(children::runs(pid));
    backend.signal("KILL");
    backend.ended();
    // Everything is released: the folder, and with it the queue and the archive.
    let again = Backend::on(data.path());
    until_gone(pid);
    again.send_span("again");
    again.until_span("again");
}

#[cfg(target_os = "linux")]
#[test]
fn a_collector_whose_parent_has_ended_before_it_began_does_not_begin() {
    // Process 1 is never the parent of this one.
    let words = ["__glassbox-otelcol-of", "1", "/bin/echo", "began"];
    let output = run(&mut command(&words));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(126), "{said}");
    assert!(said.contains("its parent has ended"), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn the_successor_of_one_that_was_killed_has_its_ports() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = Backend::on(data.path());
    let endpoints = ["grpc", "http"].map(|protocol| backend.endpoint(protocol));
    backend.signal("KILL");
    backend.ended();
    // Restarts at once, as a service manager may do, while the collector is still stopping.
    let again = Backend::start(&mut up_at(data.path(), &endpoints));
    assert_eq!(
        endpoints,
        ["grpc", "http"].map(|protocol| again.endpoint(protocol))
    );
    again.send_span("again");
    again.until_span("again");
}

#[test]
fn what_was_acknowledged_before_the_end_is_stored() {
    const REQUESTS: usize = 40;
    const EACH: usize = 25;
    let data = tempfile::tempdir().unwrap();
    let backend = Backend::on(data.path());
    let (pid, http) = (backend.otelcol(), backend.endpoint("http"));
    for request in 0..REQUESTS {
        let names: Vec<_> = (0..EACH).map(|span| format!("{request}-{span}")).collect();
        assert!(post(&http, "traces", &spans(&names)));
    }
    // At once: the collector still holds the latest data, and sends it while it stops.
    assert!(backend.terminate().success());
    assert!(!children::runs(pid));

    let mut up = crate::backend::up(data.path());
    let backend = Backend::start(up.args(["--collector", "off"]));
    let store = &backend.status()["store"];
    assert_eq!(store["spans"], REQUESTS * EACH, "{store}");
    let archived = archived(data.path(), "traces");
    assert_eq!(archived.matches("\"spanId\"").count(), REQUESTS * EACH);
}

#[test]
fn an_interrupt_from_the_terminal_ends_it_in_order() {
    let data = tempfile::tempdir().unwrap();
    // A terminal signals every process in its foreground group; here, the group of the backend.
    let mut backend = Backend::start(up(data.path()).process_group(0));
    let pid = backend.otelcol();
    backend.send_span("last");
    // In the same group, the collector would stop too early: before the backend stops it, and before its
    // senders.
    assert_eq!(children::group(backend.pid()), backend.pid());
    assert_ne!(children::group(pid), backend.pid());
    children::signal_group(backend.pid(), "INT");
    assert!(backend.ended().success());
    assert!(!children::runs(pid));
    assert!(archived(data.path(), "traces").contains("last"));
}
