//! The program as a user starts it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_time-tool"));
    // Nothing listens there, so nothing is sent.
    command
        .args(arguments)
        .env_clear()
        .env("OTEL_SDK_DISABLED", "true");
    command
}

fn run(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn an_unknown_argument_is_a_usage_error() {
    let hint = " (did you mean 'probe'?)";
    for (argument, hint) in [("porbe", hint), ("--colour", ""), ("", "")] {
        let output = run(&[argument]);
        assert_eq!(output.status.code(), Some(2));
        let expected = format!("time-tool: unknown argument '{argument}'{hint}; see '--help'\n");
        assert_eq!(text(&output.stderr), expected);
    }
}

#[test]
fn help_and_version_are_printed_on_standard_output() {
    let output = run(&["--help"]);
    assert!(output.status.success());
    let help = text(&output.stdout);
    for argument in ["--config FILE", "--listen ADDR", "probe", "--version"] {
        assert!(help.contains(argument), "{help}");
    }
    let output = run(&["--version"]);
    assert!(text(&output.stdout).starts_with("time-tool (glassbox "));
}

#[test]
fn a_probe_that_knows_no_port_says_what_to_set() {
    let output = run(&["probe"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("GLASSBOX_HOST_BIND"), "{said}");
}

#[test]
fn settings_that_cannot_be_used_are_named_with_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "[host]\nbnid = \"127.0.0.1:0\"\n").unwrap();
    let file = file.to_str().unwrap();
    let by_variable = program(&[]).env("GLASSBOX_CONFIG", file).output().unwrap();
    for output in [run(&["--config", file]), by_variable] {
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(
            said.contains("mine.toml") && said.contains("bind"),
            "{said}"
        );
    }
}

/// A serving program; killed if a test fails.
struct Serving {
    child: Child,
    lines: Vec<String>,
}

impl Serving {
    /// Starts it, and waits until it has reported its address and the telemetry endpoint.
    fn start(arguments: &[&str], folder: &Path) -> Self {
        let mut command = program(arguments);
        command.env("GLASSBOX_COLUOR", "red").current_dir(folder);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let lines = output.lines().take(2).collect::<Result<_, _>>().unwrap();
        Self { child, lines }
    }

    fn address(&self) -> &str {
        let ready = self.lines.first().map(String::as_str).unwrap_or_default();
        ready.strip_prefix("ready at http://").unwrap()
    }

    /// Stops it; returns its standard error after a clean exit.
    fn stop(mut self) -> String {
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::TERM).unwrap();
        let mut said = String::new();
        let mut errors = self.child.stderr.take().unwrap();
        std::io::Read::read_to_string(&mut errors, &mut said).unwrap();
        assert!(self.child.wait().unwrap().success(), "{said}");
        said
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _status = self.child.wait();
    }
}

#[test]
fn it_says_where_it_is_ready_and_ends_well_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&["--listen", "127.0.0.1:0"], folder.path());
    assert_eq!(serving.lines[1], "telemetry is off");
    let address = serving.address().to_owned();
    let probed = run(&["probe", "--listen", &address]);
    assert!(probed.status.success(), "{}", text(&probed.stderr));
    let said = serving.stop();
    assert!(said.contains("warning: variable GLASSBOX_COLUOR"), "{said}");
    assert_eq!(run(&["probe", "--listen", &address]).status.code(), Some(1));
}

#[test]
fn the_file_in_the_working_folder_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "[host]\nendpoint = \"http://time.example:80\"\n";
    std::fs::write(folder.path().join("glassbox.toml"), settings).unwrap();
    let serving = Serving::start(&[], folder.path());
    assert_eq!(serving.address(), "time.example:80");
    serving.stop();
}
