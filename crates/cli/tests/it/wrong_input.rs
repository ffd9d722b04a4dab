//! Wrong input: what is wrong, where, how to fix it, and one exit status for each kind of mistake.

use crate::glassbox::{command, free_address, free_ports, page_of, run, up};
use std::{
    ffi::OsString,
    net::TcpListener,
    os::unix::ffi::OsStringExt,
    path::Path,
    process::{Command, Output},
};

/// The exit status after a failure.
const FAILURE: i32 = 1;
/// The exit status after a mistake on the command line.
const USAGE: i32 = 2;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a command that must fail with this status and without a result. Returns its error.
fn fails(command: &mut Command, status: i32) -> String {
    let output = run(command);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(status), "{said}");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.is_empty(), "{printed}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// Runs a command that must fail for a reason other than its arguments. Returns its last line.
fn fails_with(command: &mut Command, parts: &[&str]) -> String {
    let said = fails(command, FAILURE);
    let last = said.lines().last().unwrap_or_default();
    assert!(last.starts_with("glassbox: "), "{said}");
    for part in parts {
        assert!(last.contains(part), "no '{part}' in: {said}");
    }
    last.to_owned()
}

#[test]
fn a_mistake_on_the_command_line_is_named_with_what_to_write() {
    let long = "x".repeat(100_000);
    let cases: &[(&[&str], &[&str])] = &[
        (&["demo", "--onse"], &["--onse", "--once", "Usage:"]),
        (&["doctro"], &["doctro", "'doctor'"]),
        (&["up", "stray"], &["stray", "Usage:"]),
        (&["up", "--page"], &["--page <ADDR>", "value is required"]),
        (&["up", "--page", "99999"], &["--page", "65535"]),
        (&["up", "--grpc", "localhost:65536"], &["--grpc", "65535"]),
        (
            &["up", "--http", "example.org"],
            &["--http", "127.0.0.1:4317"],
        ),
        (&["probe", "--page", "-1"], &["-1"]),
        (
            &["offline-model", "--listen", "here"],
            &["--listen", "here"],
        ),
        (
            &["doctor", "--timeout", "0"],
            &["--timeout", "from 1 to 600"],
        ),
        (&["doctor", "--timeout", "soon"], &["--timeout", "soon"]),
        (&["demo", "--ask", " "], &["--ask", "the question is empty"]),
        (
            &["demo", "--ask", "x", "--workflow", "trip"],
            &["--ask", "--workflow"],
        ),
        (&["demo", "--input", "city=Oslo"], &["--workflow <NAME>"]),
        (
            &["demo", "--backend", "http://x", "--page", "1"],
            &["--backend", "--page"],
        ),
        (
            &["demo", "--color", "blue"],
            &["--color", "auto, always, never"],
        ),
        (&["up", "--quiet", "--verbose"], &["--quiet", "--verbose"]),
        (&["completions", "tcsh"], &["tcsh", "bash", "zsh"]),
        (&["completions"], &["<SHELL>"]),
        (&["help", "dmeo"], &["dmeo"]),
        (&["man", "dmeo"], &["dmeo", "demo", "doctor"]),
        (&["--verbose"], &["Usage:"]),
        (
            &["demo", "--workflow", "tirp"],
            &["tirp", "did you mean 'trip'?"],
        ),
        (
            &["demo", "--workflow", "voyage"],
            &["voyage", "the workflows are: trip"],
        ),
        (
            &["demo", "--workflow", "trip", "--input", "ctiy=Oslo"],
            &["ctiy", "did you mean 'city'?", "city, date"],
        ),
        (
            &["demo", "--workflow", "trip", "--input", "colour=red"],
            &["colour", "its inputs are: city, date"],
        ),
        (
            &["demo", "--workflow", "trip", "--input", "city"],
            &["--input", "KEY=VALUE", "city=Oslo"],
        ),
        (
            &[
                "demo",
                "--workflow",
                "trip",
                "--input",
                "city=A",
                "--input",
                "city=B",
            ],
            &["city", "twice"],
        ),
        (&["up", "--page", &long], &["--page", "characters"]),
    ];
    for (arguments, parts) in cases {
        let said = fails(&mut command(arguments), USAGE);
        for part in *parts {
            assert!(
                said.contains(part),
                "{arguments:?} without '{part}': {said}"
            );
        }
        assert!(said.len() < 2_000, "{arguments:?}: {} bytes", said.len());
    }
}

#[test]
fn an_argument_or_a_variable_that_is_not_text_is_named() {
    let odd = || OsString::from_vec(b"caf\xe9".to_vec());
    let said = fails(command(&["demo", "--ask"]).arg(odd()), USAGE);
    assert!(said.contains("'caf\u{fffd}' is not UTF-8"), "{said}");
    for name in [
        "OPENAI_API_KEY",
        "OTEL_SERVICE_NAME",
        "GLASSBOX_OTEL_DATA_DIR",
    ] {
        fails_with(command(&["up"]).env(name, odd()), &[name, "not UTF-8"]);
    }
}

#[test]
fn a_wrong_variable_is_named_with_its_value_and_what_is_right() {
    let long = "9".repeat(100_000);
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "GLASSBOX_OTEL_HTTP_ENDPOINT",
            "127.0.0.1:99999",
            &["collector.http", "65535"],
        ),
        (
            "GLASSBOX_OTEL_GRPC_ENDPOINT",
            "nowhere",
            &["collector.grpc", "\"nowhere\""],
        ),
        ("OPENAI_BASE_URL", "http://127.0.0.1:99999/v1", &["port"]),
        ("OPENAI_BASE_URL", "nowhere", &["https://host/v1"]),
        ("GLASSBOX_AI_TIMEOUT", "10", &["ai.timeout", "a unit"]),
        (
            "GLASSBOX_CONFIG",
            "/nowhere/glassbox.toml",
            &["/nowhere/glassbox.toml", "No such file"],
        ),
        ("GLASSBOX_OTEL_HTTP_ENDPOINT", &long, &["65535"]),
    ];
    let data = tempfile::tempdir().unwrap();
    for (name, value, parts) in cases {
        let mut demo = command(&["demo", "--once"]);
        demo.arg("--data").arg(data.path()).env(name, value);
        let mut parts = parts.to_vec();
        if !name.contains("CONFIG") {
            parts.push(name);
        }
        let said = fails_with(&mut demo, &parts);
        assert!(said.len() < 1_500, "{name}: {} bytes", said.len());
    }
}

#[test]
fn a_wrong_settings_file_is_named_with_the_line_and_the_key_that_was_meant() {
    let cases: &[(&[u8], &[&str])] = &[
        (
            b"[collector]\nmax_byte = 1\n",
            &[":2", "max_byte", "did you mean collector.max_bytes?"],
        ),
        (
            b"[collector]\nretention = \"3d\"\n",
            &[":2", "did you mean collector.max_age?"],
        ),
        (
            b"[collector]\nfolder = \"x\"\n",
            &[":2", "did you mean collector.data_dir?"],
        ),
        (
            b"[ai]\ntoken = \"x\"\n",
            &[":2", "did you mean ai.api_key?"],
        ),
        (b"[ai]\nretries = 1\n", &[":2", "did you mean ai.attempts?"]),
        (
            b"[telemetry]\nurl = \"x\"\n",
            &[":2", "did you mean telemetry.endpoint?"],
        ),
        (
            b"[telemetry]\nmax_age = \"3d\"\n",
            &[":2", "did you mean collector.max_age?"],
        ),
        (
            b"[colector]\nmax_age = \"3d\"\n",
            &[":2", "did you mean collector?"],
        ),
        (
            b"[collector]\nfavourite = 1\n",
            &[":2", "known: ", "data_dir"],
        ),
        (
            b"[collector]\npage = 99999\n",
            &[":2", "collector.page", "65535"],
        ),
        (
            b"[collector]\nmax_bytes = \"lots\"\n",
            &[":2", "\"lots\"", "64KiB"],
        ),
        (b"[collector\n", &[":1"]),
        (b"# caf\xe9\n", &[":1", "not UTF-8"]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("glassbox.toml");
    for (text, parts) in cases {
        std::fs::write(&file, text).unwrap();
        let mut demo = command(&["demo", "--once", "--config"]);
        let demo = demo
            .arg(&file)
            .arg("--data")
            .arg(folder.path().join("data"));
        fails_with(demo, &[parts, &["glassbox.toml"][..]].concat());
    }
}

#[test]
fn a_taken_port_that_was_set_by_hand_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    for flag in ["--grpc", "--http", "--page"] {
        let mut up = command(&["up", flag, &address]);
        fails_with(up.arg("--data").arg(data.path()), &[&address]);
    }
}

#[test]
fn a_data_folder_that_is_none_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut up = command(&["up"]);
    let up = up.args(free_ports()).arg("--data").arg(file.path());
    fails_with(up, &[&file.path().to_string_lossy()]);
}

#[test]
fn the_second_owner_of_a_folder_is_told_who_the_first_is() {
    let data = tempfile::tempdir().unwrap();
    let mut first = up(data.path());
    page_of(&mut first);
    let mut second = command(&["up"]);
    let second = second.args(free_ports()).arg("--data").arg(data.path());
    fails_with(second, &["is in use by process"]);
}

/// The demo with a configured model.
fn with_model(data: &Path, url: &str) -> Command {
    let mut demo = command(&["demo", "--once"]);
    demo.args(free_ports()).arg("--data").arg(data);
    demo.env("OPENAI_BASE_URL", url);
    demo
}

#[test]
fn an_unreachable_model_is_named_and_the_trace_is_shown() {
    let gone = free_address();
    let data = tempfile::tempdir().unwrap();
    let output = run(&mut with_model(data.path(), &format!("http://{gone}/v1")));
    let said = said(&output);
    assert_eq!(output.status.code(), Some(FAILURE), "{said}");
    let last = said.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("glassbox: ") && last.contains(&gone),
        "{said}"
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    for part in [
        "invoke_agent travel-agent ✗",
        "Trace ",
        "glassbox up --data",
        "/runs/",
    ] {
        assert!(printed.contains(part), "no '{part}' in: {printed}");
    }
}

#[test]
fn a_missing_key_is_named() {
    let data = tempfile::tempdir().unwrap();
    let mut demo = with_model(data.path(), "https://api.openai.com/v1");
    fails_with(&mut demo, &["OPENAI_API_KEY"]);
}

#[test]
fn a_backend_that_is_none_is_named() {
    let gone = format!("http://{}", free_address());
    let mut demo = command(&["demo", "--once", "--backend", &gone]);
    fails_with(&mut demo, &[&gone, "glassbox up"]);
    fails_with(
        &mut command(&["probe", "--page", "1"]),
        &["127.0.0.1:1", "glassbox up"],
    );
}

#[test]
fn a_failure_is_an_object_where_an_object_was_asked_for() {
    let gone = format!("http://{}", free_address());
    let output = run(&mut command(&["demo", "--json", "--backend", &gone]));
    assert_eq!(output.status.code(), Some(FAILURE));
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        object["error"].as_str().unwrap().contains(&gone),
        "{object}"
    );
    assert!(object["trace_id"].is_null(), "{object}");
}
