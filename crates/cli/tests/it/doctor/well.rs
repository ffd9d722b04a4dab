//! A working path, and its report for people.

use super::{Doctor, answer::WAY, doctor};
use crate::glassbox::{Running, command, free_ports, get, page_of, run, up};
use serde_json::Value;

fn endpoints(page: &str) -> Value {
    get(&format!("{page}/api/status")).unwrap()["endpoints"].clone()
}

#[test]
fn all_is_well_by_each_protocol() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let endpoints = endpoints(&page);
    for (protocol, port) in [("http/protobuf", "http"), ("grpc", "grpc")] {
        let answer = doctor(endpoints[port].as_str().unwrap())
            .with("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
            .with("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd")
            .backend(&page)
            .ask();
        assert_eq!(answer.verdict(), "well");
        for hop in ["application", "port"] {
            assert_eq!(answer.marks(hop), ["well"], "{hop}");
        }
        assert_eq!(answer.marks("collector"), ["well", "well"]);
        assert_eq!(answer.marks("backend"), ["well", "well"]);
        // The data reported as arrived is stored.
        let trace = answer.trace_id().unwrap();
        let trace = get(&format!("{page}/api/otel/traces?trace_id={trace}")).unwrap();
        let root = &trace["spans"][0];
        assert_eq!(root["service"], "glassbox-doctor");
        assert_eq!(root["attributes"]["glassbox.internal"], true, "{root}");
    }
}

#[test]
fn a_backend_is_found_by_its_data_folder_wherever_it_listens() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = command(&["up"]);
    let mut backend = Running::start(up.args(free_ports()).current_dir(folder.path()));
    let page = page_of(&mut backend);
    let endpoint = endpoints(&page)["http"].as_str().unwrap().to_owned();
    let answer = doctor(&endpoint).ask_in(folder.path());
    assert_eq!(answer.verdict(), "well");
}

#[test]
fn a_person_sees_each_hop_once_in_lines_that_fit_and_without_colours_in_a_pipe() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let endpoint = endpoints(&page)["http"].as_str().unwrap().to_owned();
    let mut doctor = doctor(&endpoint).backend(&page).command();
    let output = run(doctor.env("COLUMNS", "80").current_dir(data.path()));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    assert!(output.stderr.is_empty());
    for hop in WAY {
        let lines = printed.lines().filter(|line| line.starts_with(hop));
        assert_eq!(lines.count(), 1, "{hop}: {printed}");
    }
    assert!(printed.contains("\nall checks passed "), "{printed}");
    assert!(!printed.contains('\x1b'), "{printed}");
    let longest = printed.lines().map(|line| line.chars().count()).max();
    // The name of the data folder is one word, regardless of its length.
    let word = data.path().display().to_string().len() + 40;
    assert!(longest.unwrap() <= 80.max(word), "{printed}");
}

#[test]
fn what_is_broken_is_followed_by_its_fix_and_counted_at_the_end() {
    let output = run(&mut Doctor::new()
        .with("OTEL_SDK_DISABLED", "true")
        .backend("http://127.0.0.1:9")
        .command());
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(
        printed.contains("settings     ✗ telemetry is off"),
        "{printed}"
    );
    assert!(
        printed.contains("\n               fix: unset OTEL_SDK_DISABLED"),
        "{printed}"
    );
    let end = "2 problems: fix the first, settings, and run the doctor again\n";
    assert!(printed.ends_with(end), "{printed}");
}

#[test]
fn a_wrong_flag_is_named_with_what_is_right() {
    for (wrong, words) in [
        ("--timeout=soon", "whole seconds, from 1 to 600"),
        ("--timeout=0", "whole seconds, from 1 to 600"),
        ("--jsn", "'--json'"),
        ("--endpoint", "a value is required"),
        ("now", "unexpected argument 'now'"),
    ] {
        let output = run(&mut command(&["doctor", wrong]));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(output.stdout.is_empty());
        assert!(
            said.starts_with("error: ") && said.contains(words),
            "{said}"
        );
        assert!(said.ends_with("try '--help'.\n"), "{said}");
    }
    for (flag, wrong, words) in [
        ("--protocol", "http/json", "flag --protocol"),
        ("--endpoint", "collector:4318", "flag --endpoint"),
    ] {
        let answer = Doctor::new().arg(flag, wrong).ask();
        answer.broken("settings", "setting_invalid").says(words, "");
    }
}
