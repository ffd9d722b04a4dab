//! The program as a user runs it: a separate process, over plain TCP.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead, BufReader, Lines, Read, Write},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
};

struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    address: String,
}

impl Program {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bare"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let endpoint = lines.next().unwrap().unwrap();
        let address = endpoint.strip_prefix("http://").unwrap().to_owned();
        Self {
            child,
            lines,
            address,
        }
    }

    /// Sends a request without reading the response.
    fn send(&self, head: &str, body: &str) -> TcpStream {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            connection,
            "{head} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        connection
    }

    fn ask(&self, head: &str, body: &str) -> String {
        let mut answer = String::new();
        let mut connection = self.send(head, body);
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_agent_answers_with_the_help_of_its_tool() {
    let program = Program::start();
    let answer = program.ask(
        "POST /v1/capabilities/estimate_reading",
        r#"{"text": "to be or not to be"}"#,
    );
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body, serde_json::json!({"words": 6, "seconds": 2}));
    let ready = program.ask("GET /ready", "");
    assert!(ready.starts_with("HTTP/1.1 200 OK"), "{ready}");
}

#[test]
fn a_signal_ends_it_with_a_report() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut program = Program::start();
        program.ask(
            "POST /v1/capabilities/estimate_reading",
            r#"{"text": "one"}"#,
        );
        program.signal(signal);
        let report = program.lines.next().unwrap().unwrap();
        assert_eq!(report, "1 served, 0 rejected, 0 cut short");
        assert!(program.child.wait().unwrap().success());
    }
}

#[test]
fn a_call_whose_input_is_still_coming_is_awaited() {
    let mut program = Program::start();
    let mut connection = TcpStream::connect(&program.address).unwrap();
    write!(
        connection,
        "POST /v1/capabilities/estimate_reading HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 15\r\nexpect: 100-continue\r\n\r\n"
    )
    .unwrap();
    // The response `100 Continue` shows that the call has begun.
    let mut continued = [0; 25];
    connection.read_exact(&mut continued).unwrap();
    assert!(continued.starts_with(b"HTTP/1.1 100 Continue"));
    program.signal(Signal::TERM);
    // It is no longer ready, but still running.
    while !program.ask("GET /ready", "").starts_with("HTTP/1.1 503") {}
    connection.write_all(br#"{"text": "one"}"#).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let report = program.lines.next().unwrap().unwrap();
    assert_eq!(report, "1 served, 0 rejected, 0 cut short");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut program = Program::start();
    let held = TcpStream::connect(&program.address).unwrap();
    write!(
        &held,
        "POST /v1/capabilities/estimate_reading HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 15\r\nexpect: 100-continue\r\n\r\n"
    )
    .unwrap();
    let mut continued = [0; 25];
    (&held).read_exact(&mut continued).unwrap();
    program.signal(Signal::TERM);
    while !program.ask("GET /ready", "").starts_with("HTTP/1.1 503") {}
    program.signal(Signal::TERM);
    let report = program.lines.next().unwrap().unwrap();
    assert_eq!(report, "0 served, 0 rejected, 1 cut short");
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn an_address_that_is_none_is_said() {
    let output = Command::new(env!("CARGO_BIN_EXE_bare"))
        .arg("here")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("'here' is not an address"), "{said}");
}
