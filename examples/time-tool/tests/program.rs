//! The program as a user starts it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

use std::process::{Command, Output};

fn run(argument: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_time-tool"))
        .arg(argument)
        .env_clear()
        .output()
        .unwrap()
}

#[test]
fn an_argument_that_is_not_known_is_refused() {
    for argument in ["porbe", "--help", ""] {
        let output = run(argument);
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        let expected = format!("'{argument}' is no argument; say 'probe'");
        assert!(said.contains(&expected), "{said}");
    }
}

#[test]
fn a_probe_that_knows_no_port_says_what_to_set() {
    let output = run("probe");
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("GLASSBOX_HOST_BIND"), "{said}");
}
