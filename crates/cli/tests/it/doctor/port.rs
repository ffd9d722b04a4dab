//! The port: no server, another server, another protocol, another path.

use super::{Doctor, doctor, doctor_at};
use crate::{
    glassbox::{page_of, up},
    strangers::{Reply, greeter, nobody, silent, somebody, web},
};
use glassbox_testkit::OtlpSink;
use rustix::net::{AddressFamily, SocketType, bind, connect, getsockname, listen, socket};
use std::{io::Read, net::SocketAddr, process::Command};

const PROTOBUF: &str = "application/x-protobuf";

#[test]
fn nobody_listens() {
    let port = nobody();
    let answer = doctor_at(port).ask();
    answer
        .broken("port", "not_listening")
        .says(&port.to_string(), "glassbox up");
    assert_eq!(answer.marks("collector"), ["unknown"]);
    assert!(answer.has("not_checked"));
    assert_eq!(answer.trace_id(), None, "nothing was sent");
}

#[test]
fn nobody_listens_and_the_backend_that_runs_does_elsewhere() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let status = crate::glassbox::get(&format!("{page}/api/status")).unwrap();
    for (doctor, endpoint) in [
        (doctor_at(nobody()), "http"),
        (doctor_at(nobody()).grpc(), "grpc"),
    ] {
        let there = status["endpoints"][endpoint].as_str().unwrap();
        let answer = doctor.backend(&page).ask();
        answer.broken("port", "not_listening").says("", there);
        answer.found("another_collector").says(there, "");
    }
}

#[test]
fn a_name_that_is_unknown_is_told_and_a_proxy_is_not_followed() {
    let endpoint = "http://no-such-host.invalid:4318";
    doctor(endpoint).ask().broken("port", "name_unknown").says(
        "no-such-host.invalid",
        "variable OTEL_EXPORTER_OTLP_ENDPOINT",
    );
    for proxy in ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"] {
        let found = doctor(endpoint)
            .with(proxy, "http://user:secret@proxy:3128")
            .ask()
            .broken("port", "name_unknown")
            .says("", &format!("{proxy} is not used"));
        assert!(!format!("{found:?}").contains("secret"), "{found:?}");
    }
}

#[test]
fn a_connection_that_is_not_accepted_is_given_up() {
    // A listener with a full backlog: the kernel accepts no further connections.
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&listener, &any).unwrap();
    listen(&listener, 0).unwrap();
    let address = SocketAddr::try_from(getsockname(&listener).unwrap()).unwrap();
    let waiting = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    connect(&waiting, &address).unwrap();
    doctor_at(address.port())
        .timeout(1)
        .ask()
        .broken("port", "no_connection")
        .says("does not accept a connection", "");
}

#[test]
fn a_port_that_says_nothing_is_given_up_in_every_language() {
    let port = silent();
    for scheme in ["http", "https"] {
        for protocol in ["http/protobuf", "grpc"] {
            let answer = doctor(&format!("{scheme}://127.0.0.1:{port}"))
                .with("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
                .timeout(1)
                .ask();
            answer
                .broken("collector", "collector_silent")
                .says("does not answer", "restart it")
                .says(&format!("process {}", std::process::id()), "");
        }
    }
}

#[test]
fn a_receiver_that_was_stopped_is_named_with_how_to_let_it_go_on() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let status = crate::glassbox::get(&format!("{page}/api/status")).unwrap();
    let pid = status["collector"]["pid"].to_string();
    let stop = Command::new("kill").args(["-STOP", &pid]).status();
    assert!(stop.unwrap().success());
    let answer = doctor(status["endpoints"]["http"].as_str().unwrap())
        .timeout(1)
        .ask();
    assert_eq!(answer.marks("collector"), ["broken"]);
    answer
        .broken("collector", "collector_silent")
        .says("is stopped (SIGSTOP)", &format!("kill -CONT {pid}"));
}

#[test]
fn somebody_else_is_named_with_what_he_says() {
    let us = format!("process {}", std::process::id());
    for (port, words) in [
        (
            greeter("SSH-2.0-OpenSSH_9.2p1\r\n"),
            "SSH-2.0-OpenSSH_9.2p1",
        ),
        (web(|_| Reply::page(404)), "status 404, server stranger/1"),
        (web(|_| Reply::page(200)), "<html>nothing of yours</html>"),
        (somebody(drop), "without an answer"),
        (redis_like(), "-ERR unknown command"),
    ] {
        for doctor in [doctor_at(port), doctor_at(port).grpc()] {
            doctor
                .timeout(3)
                .ask()
                .broken("port", "not_otlp")
                .says(words, "OTEL_EXPORTER_OTLP_ENDPOINT")
                .says(&us, "");
        }
    }
}

/// Closes HTTP connections, and answers anything else with an error per line.
fn redis_like() -> u16 {
    somebody(|mut stream| {
        let mut heard = [0; 4];
        if stream.read_exact(&mut heard).is_ok() && &heard != b"POST" {
            let _said = std::io::Write::write_all(&mut stream, b"-ERR unknown command\r\n");
            let _rest = stream.read_to_end(&mut Vec::new());
        }
    })
}

#[test]
fn the_page_of_the_backend_is_no_place_for_telemetry() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let status = crate::glassbox::get(&format!("{page}/api/status")).unwrap();
    for (doctor, endpoint) in [(doctor(&page), "http"), (doctor(&page).grpc(), "grpc")] {
        let there = status["endpoints"][endpoint].as_str().unwrap();
        let found = doctor.ask().broken("port", "page_endpoint");
        found.says(&page, &format!("ENDPOINT to {there}"));
    }
}

#[test]
fn each_protocol_at_the_port_of_the_other_is_told() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let status = crate::glassbox::get(&format!("{page}/api/status")).unwrap();
    let endpoint = |protocol: &str| status["endpoints"][protocol].as_str().unwrap().to_owned();
    doctor(&endpoint("http"))
        .grpc()
        .ask()
        .broken("port", "grpc_to_http")
        .says("accepts OTLP over HTTP", "http/protobuf");
    doctor(&endpoint("grpc"))
        .ask()
        .broken("port", "http_to_grpc")
        .says("speaks gRPC", "OTEL_EXPORTER_OTLP_PROTOCOL to grpc");
    // A receiver that supports only HTTP/1, like that of a real collector.
    doctor_at(web(|_| Reply::new(200, PROTOBUF, "")))
        .grpc()
        .ask()
        .broken("port", "grpc_to_http");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_wrong_is_told_with_the_right_one() {
    let receiver = web(|path| match path {
        "/v1/traces" | "/v1/metrics" | "/v1/logs" => Reply::new(200, PROTOBUF, ""),
        _ => Reply::new(404, "text/plain", "404 page not found"),
    });
    let base = format!("http://127.0.0.1:{receiver}");
    doctor(&format!("{base}/v1/traces"))
        .ask()
        .broken("port", "path_doubled")
        .says(
            "/v1/traces/v1/traces",
            &format!("ENDPOINT to {base}, without"),
        );
    doctor(&format!("{base}/otlp"))
        .ask()
        .broken("port", "path_wrong")
        .says("/otlp/v1/traces", &format!("ENDPOINT to {base}"));
    let own = |path: &str| {
        let traces = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
        Doctor::new()
            .with("OTEL_EXPORTER_OTLP_ENDPOINT", &base)
            .with(traces, &format!("{base}{path}"))
            .ask()
    };
    let fix = format!("TRACES_ENDPOINT to {base}/v1/traces");
    own("")
        .broken("port", "path_missing")
        .says("used as is", &fix);
    own("/v1/trace")
        .broken("port", "path_wrong")
        .says("/v1/trace,", &fix);
    own("/v1/metrics")
        .broken("port", "path_wrong")
        .says("which accepts metrics", &fix);
    // A correct endpoint for this signal, on a receiver that stores the data.
    let sink = OtlpSink::start().await;
    let answer = Doctor::new()
        .with(
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            &format!("{}/v1/traces", sink.endpoint()),
        )
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", &sink.endpoint())
        .ask();
    assert_eq!(
        answer.marks("port"),
        ["well"],
        "the same twice is said once"
    );
    assert!(!sink.spans().is_empty() && !sink.logs().is_empty());
}
