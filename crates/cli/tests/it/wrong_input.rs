//! One clear sentence and a status other than 0.

use crate::glassbox::{command, free_address, free_ports, page_of, run, up};
use std::{net::TcpListener, process::Command};

/// Runs what must fail; gives the one sentence it said last.
fn fails(command: &mut Command) -> String {
    let output = run(command);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    assert!(
        output.stdout.is_empty(),
        "{:?}",
        String::from_utf8_lossy(&output.stdout)
    );
    let last = said.lines().last().unwrap_or_default().to_owned();
    assert!(last.starts_with("glassbox: "), "{said}");
    last
}

#[test]
fn an_unknown_flag_is_named() {
    let said = fails(&mut command(&["demo", "--onse"]));
    assert!(said.contains("--onse") && said.contains("--once"), "{said}");
    let said = fails(&mut command(&["uup"]));
    assert!(said.contains("uup") && said.contains("up"), "{said}");
}

#[test]
fn a_taken_port_that_was_set_by_hand_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    for flag in ["--grpc", "--http", "--page"] {
        let mut up = command(&["up", flag, &address]);
        let said = fails(up.arg("--data").arg(data.path()));
        assert!(said.contains(&address), "{said}");
    }
}

#[test]
fn a_data_folder_that_is_none_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut up = command(&["up"]);
    let said = fails(up.args(free_ports()).arg("--data").arg(file.path()));
    assert!(said.contains(&*file.path().to_string_lossy()), "{said}");
}

#[test]
fn the_second_owner_of_a_folder_is_told_who_the_first_is() {
    let data = tempfile::tempdir().unwrap();
    let mut first = up(data.path());
    page_of(&mut first);
    let mut second = command(&["up"]);
    let said = fails(second.args(free_ports()).arg("--data").arg(data.path()));
    assert!(said.contains("is in use by process"), "{said}");
}

#[test]
fn an_unreachable_model_is_named() {
    let gone = free_address();
    let data = tempfile::tempdir().unwrap();
    let mut demo = command(&["demo", "--once"]);
    demo.args(free_ports())
        .arg("--data")
        .arg(data.path())
        .env("OPENAI_BASE_URL", format!("http://{gone}/v1"));
    let said = fails(&mut demo);
    assert!(said.contains(&gone), "{said}");
}

#[test]
fn a_missing_key_is_named() {
    let data = tempfile::tempdir().unwrap();
    let mut demo = command(&["demo", "--once"]);
    demo.args(free_ports())
        .arg("--data")
        .arg(data.path())
        .env("OPENAI_BASE_URL", "https://api.openai.com/v1");
    let said = fails(&mut demo);
    assert!(said.contains("OPENAI_API_KEY"), "{said}");
}

#[test]
fn a_backend_that_is_none_is_named() {
    let gone = format!("http://{}", free_address());
    let said = fails(&mut command(&["demo", "--once", "--backend", &gone]));
    assert!(
        said.contains(&gone) && said.contains("glassbox up"),
        "{said}"
    );
}

#[test]
fn an_unknown_workflow_is_named_with_those_that_are_known() {
    let data = tempfile::tempdir().unwrap();
    let mut demo = command(&["demo", "--once", "--workflow", "voyage"]);
    let said = fails(demo.args(free_ports()).arg("--data").arg(data.path()));
    assert!(said.contains("voyage") && said.contains("trip"), "{said}");
}

#[test]
fn an_unknown_key_in_the_settings_file_is_named_with_the_nearest_known_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("glassbox.toml");
    std::fs::write(&file, "[collector]\nmax_byte = 1\n").unwrap();
    let mut up = command(&["up"]);
    up.args(free_ports()).arg("--config").arg(&file);
    let said = fails(up.arg("--data").arg(folder.path().join("data")));
    assert!(
        said.contains("max_byte") && said.contains("max_bytes"),
        "{said}"
    );
}
