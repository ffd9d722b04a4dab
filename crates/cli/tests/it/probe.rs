//! `glassbox probe`: status 0 for a healthy backend, and for nothing else.

use crate::{
    glassbox::{PATIENCE, Running, command, page_of, run, up},
    strangers::{Reply, greeter, nobody, silent, web},
};
use serde_json::{Value, json};
use std::time::Instant;

/// Status, standard output and standard error.
fn probe(address: &str) -> (i32, String, String) {
    let output = run(&mut command(&["probe", "--page", address]));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let status = output.status.code().unwrap();
    (status, text(output.stdout), text(output.stderr))
}

/// The error for an unhealthy server on this port.
fn why_not(port: u16) -> String {
    let (status, printed, said) = probe(&format!("127.0.0.1:{port}"));
    assert_eq!((status, printed.as_str()), (1, ""), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.starts_with(&format!("glassbox: 127.0.0.1:{port} ")),
        "{said}"
    );
    said
}

/// A backend that reports this state of its collector.
fn backend(state: &Value) -> u16 {
    let endpoints = json!({"grpc": "", "http": "", "page": ""});
    let status = json!({"endpoints": endpoints, "collector": state});
    web(move |_| Reply::json(&status))
}

#[test]
fn a_backend_that_runs_is_well() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let address = page.strip_prefix("http://").unwrap();
    let (status, printed, said) = probe(address);
    assert_eq!((status, said.as_str()), (0, ""));
    assert!(
        printed.starts_with(&format!("healthy: {address} responds, embedded")),
        "{printed}"
    );
}

#[test]
fn the_address_that_is_set_for_the_backend_is_the_one_that_is_asked() {
    let data = tempfile::tempdir().unwrap();
    let page = format!("127.0.0.1:{}", nobody());
    let file = data.path().join("glassbox.toml");
    std::fs::write(&file, format!("[collector]\npage = \"{page}\"\n")).unwrap();
    let mut probe = command(&["probe", "--config"]);
    let output = run(probe.arg(&file));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&page), "{said}");

    let any = "127.0.0.1:0";
    let mut up = command(&["up", "--grpc", any, "--http", any, "--config"]);
    up.arg(&file).arg("--data").arg(data.path().join("data"));
    let mut backend = Running::start(&mut up);
    page_of(&mut backend);
    let mut probe = command(&["probe", "--config"]);
    assert!(run(probe.arg(&file)).status.success());
}

#[test]
fn nobody_and_somebody_else_are_not_well() {
    assert!(why_not(nobody()).contains("refuses connections"));
    let said = why_not(greeter("SSH-2.0-OpenSSH_9.2p1\r\n"));
    assert!(said.contains("does not speak HTTP"), "{said}");
    let said = why_not(web(|_| Reply::page(404)));
    assert!(said.contains("status 404"), "{said}");
    // A server that returns its front page for every path.
    let said = why_not(web(|_| Reply::page(200)));
    assert!(said.contains("not the page of a backend"), "{said}");
}

#[test]
fn what_it_has_to_say_besides_has_no_colours_in_a_pipe() {
    let page = format!("127.0.0.1:{}", nobody());
    let mut probe = command(&["probe", "--page", &page]);
    let output = run(probe.env("GLASSBOX_OTEL_SKD_ENABLED", "true"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("GLASSBOX_OTEL_SDK_ENABLED"), "{said}");
    assert!(!said.contains('\x1b'), "{said}");
}

#[test]
fn a_silent_server_is_not_waited_for_long() {
    let start = Instant::now();
    let said = why_not(silent());
    assert!(said.contains("does not respond within 3s"), "{said}");
    assert!(start.elapsed() < PATIENCE / 2);
}

#[test]
fn a_backend_for_which_nobody_receives_is_not_well() {
    for (state, words) in [
        ("starting", "starting"),
        ("restarting", "restarting"),
        ("fallen_back", "fallen back"),
        ("stopped", "stopped"),
    ] {
        let exit = json!({"status": "exit status: 1", "last_words": ""});
        let otelcol =
            json!({"mode": "otelcol", "state": state, "running": false, "last_exit": exit});
        let said = why_not(backend(&otelcol));
        assert!(
            said.contains(&format!(
                "otelcol is {words}; it exited with exit status: 1"
            )),
            "{said}"
        );
    }
    assert!(why_not(backend(&json!({}))).contains("does not report a receiver"));
    let stands_in = json!({"mode": "embedded", "state": "fallen_back", "running": true});
    let (status, printed, _) = probe(&format!("127.0.0.1:{}", backend(&stands_in)));
    assert_eq!(status, 0, "{printed}");
}
