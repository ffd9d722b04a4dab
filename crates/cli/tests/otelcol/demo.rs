//! The demo through a collector: the same trace, and the receiver is named.

use crate::{
    backend::otelcol,
    children,
    glassbox::{command, free_ports, run},
    telemetry::archived,
};
use serde_json::Value;
use std::{path::Path, process::Command};

fn demo(data: &Path, flags: &[&str]) -> Command {
    let mut demo = command(&["demo"]);
    demo.args(flags).args(free_ports()).arg("--data").arg(data);
    demo.env("GLASSBOX_OTEL_COLLECTOR", otelcol());
    demo
}

#[test]
fn the_whole_trace_arrives_through_the_collector() {
    let data = tempfile::tempdir().unwrap();
    let output = run(&mut demo(data.path(), &["--json"]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let collector = &answer["collector"];
    assert_eq!(collector["mode"], "otelcol", "{collector}");
    assert_eq!(collector["binary"], otelcol().to_str().unwrap());
    assert_eq!(collector["restarts"], 0);
    let pid: u32 = collector["pid"].as_u64().unwrap().try_into().unwrap();
    assert!(!children::runs(pid), "the demo stops what it has started");
    assert!(said.contains(&format!("pid {pid}")), "{said}");
    // No warnings: this output is for people.
    assert!(!said.contains("WARN"), "{said}");
    let archived = archived(data.path(), "traces");
    for span in answer["spans"].as_array().unwrap() {
        assert!(
            archived.contains(span["span_id"].as_str().unwrap()),
            "{span}"
        );
    }
    assert!(archived.contains(answer["trace_id"].as_str().unwrap()));
}

#[test]
fn a_person_reads_who_received_it() {
    let data = tempfile::tempdir().unwrap();
    let output = run(&mut demo(data.path(), &["--once"]));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    let line = format!("({}), pid ", otelcol().display());
    assert!(
        printed.contains("Collector  otelcol ") && printed.contains(&line),
        "{printed}"
    );
}
