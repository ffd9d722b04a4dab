//! Every `GLASSBOX_OTEL_*` variable has an effect, with a collector in between.

use crate::{
    backend::{Backend, otelcol, up},
    glassbox::{command, free_address, free_ports, get, run, until},
    telemetry::{archived, log, metric, post, spans},
};
use std::{fs, net::TcpListener};

#[test]
fn what_is_sent_to_the_ports_is_in_the_store_and_in_the_archive() {
    let data = tempfile::tempdir().unwrap();
    let backend = Backend::on(data.path());
    let http = backend.endpoint("http");
    assert!(post(&http, "traces", &spans(&["one".to_owned()])));
    assert!(post(&http, "logs", &log("two")));
    assert!(post(&http, "metrics", &metric("three")));

    backend.until_span("one");
    let page = &backend.page;
    until("the log record", || {
        let logs = get(&format!("{page}/api/otel/logs?query=two"))?;
        (logs["total"] == 1).then_some(())
    });
    until("the metric", || {
        let metric = get(&format!("{page}/api/otel/metrics?name=three"))?;
        (metric["total"] == 1).then_some(())
    });
    for (signal, name) in [("traces", "one"), ("logs", "two"), ("metrics", "three")] {
        until(signal, || {
            let line = format!("\"{name}\"");
            archived(data.path(), signal).contains(&line).then_some(())
        });
    }
    assert!(backend.terminate().success());
}

#[test]
fn the_status_says_what_receives() {
    let data = tempfile::tempdir().unwrap();
    let backend = Backend::on(data.path());
    let collector = backend.collector();
    assert_eq!(collector["mode"], "otelcol", "{collector}");
    assert_eq!(collector["state"], "running");
    assert_eq!(collector["running"], true);
    assert_eq!(collector["found_by"], "setting");
    assert_eq!(collector["restarts"], 0);
    assert!(collector["last_exit"].is_null());
    assert_eq!(collector["binary"], otelcol().to_str().unwrap());
    let version = std::process::Command::new(otelcol())
        .arg("--version")
        .output();
    let version = String::from_utf8(version.unwrap().stdout).unwrap();
    let version = version.split_whitespace().last().unwrap();
    assert_eq!(collector["version"], version);
    let pid = backend.otelcol();
    let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap();
    assert_eq!(program, otelcol().canonicalize().unwrap());
    assert!(
        backend.greeting.contains(&format!(
            "Collector otelcol {version} ({}), pid {pid}\n",
            otelcol().display()
        )),
        "{}",
        backend.greeting
    );
    let pages = collector["zpages"].as_str().unwrap();
    let (status, _) = crate::glassbox::request("GET", pages, "").unwrap();
    assert_eq!(status, 200, "{pages}");
}

#[test]
fn enabled_false_keeps_everything_from_starting() {
    let data = tempfile::tempdir().unwrap();
    let mut up = up(data.path());
    let output = run(up.env("GLASSBOX_OTEL_ENABLED", "false"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("switched off"), "{said}");
    assert!(!data.path().join("otel").exists());
}

#[test]
fn the_collector_listens_where_the_endpoints_say() {
    let data = tempfile::tempdir().unwrap();
    let [grpc, http] = [(); 2].map(|()| free_address());
    let mut up = command(&["up", "--page", "127.0.0.1:0"]);
    up.env("GLASSBOX_OTEL_COLLECTOR", otelcol())
        .env("GLASSBOX_OTEL_DATA_DIR", data.path())
        .env("GLASSBOX_OTEL_GRPC_ENDPOINT", &grpc)
        .env("GLASSBOX_OTEL_HTTP_ENDPOINT", format!("http://{http}"));
    let backend = Backend::start(&mut up);
    assert_eq!(backend.endpoint("grpc"), format!("http://{grpc}"));
    assert_eq!(backend.endpoint("http"), format!("http://{http}"));
    backend.send_span("there");
    backend.until_span("there");
    let listening = |address: &str| {
        let port = address.rsplit(':').next().unwrap().parse::<u16>().unwrap();
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        table.contains(&format!(":{port:04X} 00000000:0000 0A"))
    };
    assert!(listening(&grpc) && listening(&http));
    // The data folder is the one from the environment.
    assert!(data.path().join("otel/collector.yaml").is_file());
    assert!(archived(data.path(), "traces").contains("there"));
}

#[test]
fn a_configuration_of_the_users_is_layered_over_the_rendered_one() {
    let data = tempfile::tempdir().unwrap();
    let layer = data.path().join("mine.yaml");
    fs::write(&layer, crate::reload::tagging("blue")).unwrap();
    let backend = Backend::start(up(data.path()).env("GLASSBOX_OTEL_CONFIG", &layer));
    backend.send_span("tagged");
    let span = backend.until_span("tagged");
    assert_eq!(span["attributes"]["colour"], "blue", "{span}");
}

#[test]
fn a_configuration_that_is_refused_is_an_error_with_the_collectors_words() {
    let data = tempfile::tempdir().unwrap();
    let layer = data.path().join("mine.yaml");
    fs::write(&layer, "processors: {no_such_thing: {}}\n").unwrap();
    let output = run(up(data.path()).env("GLASSBOX_OTEL_CONFIG", &layer));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    let last = said.lines().last().unwrap();
    assert!(
        last.contains("no_such_thing") && last.contains("mine.yaml"),
        "{said}"
    );
}

#[test]
fn metrics_of_the_collectors_own_are_stored_when_they_are_wanted() {
    let data = tempfile::tempdir().unwrap();
    let backend = Backend::start(up(data.path()).env("GLASSBOX_OTEL_SELF_METRICS", "true"));
    backend.send_span("counted");
    let own = |backend: &Backend| {
        let list = get(&format!("{}/api/otel/metrics?query=otelcol_", backend.page)).unwrap();
        list["total"].as_u64().unwrap()
    };
    until("the collector's own metrics", || {
        (own(&backend) > 0).then_some(())
    });
    let rendered = fs::read_to_string(data.path().join("otel/collector.yaml")).unwrap();
    assert!(rendered.contains("level: normal"), "{rendered}");
    assert!(backend.terminate().success());

    let data = tempfile::tempdir().unwrap();
    let backend = Backend::on(data.path());
    backend.send_span("counted");
    backend.until_span("counted");
    assert_eq!(own(&backend), 0);
    let rendered = fs::read_to_string(data.path().join("otel/collector.yaml")).unwrap();
    assert!(rendered.contains("level: none"), "{rendered}");
}

#[test]
fn an_answer_holds_no_more_records_than_max_records() {
    let data = tempfile::tempdir().unwrap();
    let backend = Backend::start(up(data.path()).env("GLASSBOX_OTEL_MAX_RECORDS", "2"));
    let http = backend.endpoint("http");
    for number in 0..3 {
        assert!(post(&http, "logs", &log(&format!("entry {number}"))));
    }
    let url = format!("{}/api/otel/logs?query=entry&limit=50", backend.page);
    until("every record", || {
        let logs = get(&url).unwrap();
        assert!(logs["returned"].as_u64().unwrap() <= 2, "{logs}");
        (logs["total"] == 3).then_some(())
    });
    assert_eq!(get(&url).unwrap()["returned"], 2);
}

#[test]
fn the_second_owner_of_a_folder_is_refused_and_disturbs_nobody() {
    let data = tempfile::tempdir().unwrap();
    let first = Backend::on(data.path());
    let pid = first.otelcol();
    let output = run(&mut up(data.path()));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    let last = said.lines().last().unwrap();
    let owner = format!("in use by process {} (page {})", first.pid(), first.page);
    assert!(last.contains(&owner), "{said}");
    assert_eq!(first.otelcol(), pid);
    first.send_span("undisturbed");
    first.until_span("undisturbed");
}

#[test]
fn a_taken_port_that_was_set_by_hand_is_named_with_its_owner() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    let mut up = command(&["up", "--grpc", &address]);
    up.args(&free_ports()[2..]).arg("--data").arg(data.path());
    let output = run(up.env("GLASSBOX_OTEL_COLLECTOR", otelcol()));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    let owner = format!("process {} (", std::process::id());
    assert!(said.contains(&address) && said.contains(&owner), "{said}");
}
