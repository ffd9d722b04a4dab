//! Copies of all telemetry for a remote: another collector, with the requirements of real ones.

use crate::{
    backend::{Backend, up},
    children::command_line,
    glassbox::until,
};
use std::{fs, path::Path};

const TOKEN: &str = "open-sesame-4711";

/// A remote with its own configuration.
fn remote(data: &Path, layer: &str) -> Backend {
    let path = data.join("remote.yaml");
    fs::write(&path, layer).unwrap();
    Backend::start(up(data).env("GLASSBOX_OTEL_CONFIG", &path))
}

/// Requires a token from every gRPC sender.
fn asking() -> String {
    format!(
        "extensions:\n  bearertokenauth: {{token: {TOKEN}}}\n\
         receivers: {{otlp: {{protocols: {{grpc: {{auth: {{authenticator: bearertokenauth}}}}}}}}}}\n\
         service: {{extensions: [health_check, zpages, bearertokenauth]}}\n"
    )
}

#[test]
fn a_remote_that_asks_for_nothing_gets_a_copy() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let remote = Backend::start(up(there.path()).args(["--collector", "off"]));
    let mut near = up(here.path());
    near.env("GLASSBOX_OTEL_REMOTE_ENDPOINT", remote.endpoint("grpc"));
    let near = Backend::start(&mut near);
    let address = remote.endpoint("grpc").replace("http://", "");
    assert_eq!(near.collector()["remote"], address);
    near.send_span("copied");
    near.until_span("copied");
    remote.until_span("copied");
    assert!(near.terminate().success());
}

#[test]
fn headers_reach_the_remote_and_nobody_else() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let remote = remote(there.path(), &asking());
    let mut near = up(here.path());
    near.env("GLASSBOX_OTEL_REMOTE_ENDPOINT", remote.endpoint("grpc"))
        .env(
            "GLASSBOX_OTEL_REMOTE_HEADERS",
            format!("authorization=Bearer%20{TOKEN}"),
        );
    let near = Backend::start(&mut near);
    near.send_span("known");
    remote.until_span("known");

    for file in fs::read_dir(here.path().join("otel")).unwrap().flatten() {
        if file.file_type().unwrap().is_file() {
            let bytes = fs::read(file.path()).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(TOKEN), "{}", file.path().display());
        }
    }
    for pid in [near.pid(), near.otelcol()] {
        let line = command_line(pid);
        assert!(!line.is_empty() && !line.contains(TOKEN), "{line}");
    }
    assert!(!near.said().contains(TOKEN) && !near.status().to_string().contains(TOKEN));
}

#[test]
fn without_its_header_the_remote_takes_nothing_which_is_counted() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let remote = remote(there.path(), &asking());
    let mut near = up(here.path());
    near.env("GLASSBOX_OTEL_REMOTE_ENDPOINT", remote.endpoint("grpc"));
    let near = Backend::start(&mut near);
    near.send_span("unknown");
    // The store has the span regardless.
    near.until_span("unknown");
    let lost = until("the loss", || {
        Some(near.collector()["lost"]["otlp_grpc/remote"].take()).filter(|lost| lost.is_object())
    });
    assert_eq!(lost["items"], 1, "{lost}");
    let error = lost["last_error"].as_str().unwrap();
    assert!(error.contains("Unauthenticated"), "{lost}");
    assert!(remote.spans_named("unknown").is_empty());
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_taken_only_when_that_is_asked_for() {
    let there = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (there.path().join("cert.pem"), there.path().join("key.pem"));
    fs::write(&certificate, certified.cert.pem()).unwrap();
    fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let tls = format!(
        "receivers: {{otlp: {{protocols: {{grpc: {{tls: {{cert_file: {}, key_file: {}}}}}}}}}}}\n",
        certificate.display(),
        key.display()
    );
    let remote = remote(there.path(), &tls);
    let port = remote.endpoint("grpc");
    let port = port.rsplit(':').next().unwrap().to_owned();
    let near = |data: &Path, insecure: &str| {
        let mut near = up(data);
        near.env("GLASSBOX_OTEL_REMOTE_ENDPOINT", format!("localhost:{port}"))
            .env("GLASSBOX_OTEL_REMOTE_INSECURE", insecure);
        Backend::start(&mut near)
    };
    let wary = tempfile::tempdir().unwrap();
    let wary = near(wary.path(), "false");
    wary.send_span("wary");
    wary.until_span("wary");
    // It is kept and retried, because the certificate may be fixed.
    wary.until_said("x509: certificate signed by unknown authority");
    assert!(remote.spans_named("wary").is_empty());

    let trusting = tempfile::tempdir().unwrap();
    let trusting = near(trusting.path(), "true");
    trusting.send_span("trusting");
    remote.until_span("trusting");
    assert!(remote.spans_named("wary").is_empty());
}

#[test]
fn what_waits_for_the_remote_outlives_the_collector() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap().to_string();
    drop(held);
    let mut near = up(here.path());
    near.env("GLASSBOX_OTEL_REMOTE_ENDPOINT", format!("http://{address}"));
    let first = Backend::start(&mut near);
    first.send_span("patient");
    first.until_span("patient");
    // A reload also stops and restarts the exporter.
    first.signal("HUP");
    first.until_said("the collector has reloaded its configuration");
    assert_eq!(first.collector()["lost"], serde_json::json!({}));
    assert!(!first.said().contains("ERROR"), "{}", first.said());
    assert!(first.terminate().success());

    let mut remote = crate::glassbox::command(&["up", "--grpc", &address]);
    remote
        .args(&crate::glassbox::free_ports()[2..])
        .arg("--data")
        .arg(there.path());
    let remote = Backend::start(&mut remote);
    let _second = Backend::start(&mut near);
    remote.until_span("patient");
}
