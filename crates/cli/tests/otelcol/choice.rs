//! Which collector runs: from the flag, else from the environment, else from the file, else one that is
//! found.

use crate::{
    backend::{Backend, otelcol},
    glassbox::{command, free_ports, run},
};
use serde_json::Value;
use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

/// `glassbox up` on a machine whose only collectors are those added by the test.
fn up(home: &Path) -> Command {
    let mut up = command(&["up"]);
    up.args(free_ports())
        .arg("--data")
        .arg(home.join("data"))
        .current_dir(home)
        .env_remove("GLASSBOX_OTEL_COLLECTOR")
        .env_remove("XDG_CACHE_HOME")
        .env("HOME", home)
        .env("PATH", home.join("bin"));
    up
}

fn collector(up: &mut Command) -> Value {
    let backend = Backend::start(up);
    let collector = backend.collector();
    assert!(backend.terminate().success());
    collector
}

#[test]
fn nothing_that_is_found_leaves_the_backend_to_itself_and_it_is_said_why() {
    let home = tempfile::tempdir().unwrap();
    let backend = Backend::start(&mut up(home.path()));
    let collector = backend.collector();
    assert_eq!(collector["mode"], "embedded", "{collector}");
    let reason = collector["reason"].as_str().unwrap();
    assert!(reason.contains("no collector was found"), "{reason}");
    let line = format!("Collector embedded: {reason}\n");
    assert!(backend.greeting.contains(&line), "{}", backend.greeting);
    backend.send_span("embedded");
    backend.until_span("embedded");
}

#[test]
fn a_collector_on_the_path_is_found_and_what_is_none_is_passed_over() {
    let home = tempfile::tempdir().unwrap();
    let bin = home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    // Its name is preferred, but it is not a collector.
    symlink("/bin/true", bin.join("otelcol-contrib")).unwrap();
    symlink(otelcol(), bin.join("otelcol")).unwrap();
    let collector = collector(&mut up(home.path()));
    assert_eq!(collector["mode"], "otelcol", "{collector}");
    assert_eq!(collector["found_by"], "path");
    let found = bin.join("otelcol");
    assert_eq!(collector["binary"], found.to_str().unwrap());
}

#[test]
fn a_folder_that_cannot_be_written_keeps_a_collector_away_that_was_merely_found() {
    let home = tempfile::tempdir().unwrap();
    let (bin, data) = (home.path().join("bin"), home.path().join("data"));
    fs::create_dir(&bin).unwrap();
    symlink(otelcol(), bin.join("otelcol")).unwrap();
    fs::create_dir(&data).unwrap();
    fs::write(data.join("otel"), "in the way of a folder").unwrap();
    let backend = Backend::start(&mut up(home.path()));
    let collector = backend.collector();
    assert_eq!(collector["mode"], "embedded", "{collector}");
    let reason = collector["reason"].as_str().unwrap();
    let folder = data.join("otel");
    assert!(reason.contains(folder.to_str().unwrap()), "{reason}");
    assert!(reason.contains("cannot be written"), "{reason}");
    // The store has its own folder.
    backend.send_span("stored");
    backend.until_span("stored");

    // A missing collector is an error if it was requested.
    assert!(backend.terminate().success());
    let output = run(up(home.path()).env("GLASSBOX_OTEL_COLLECTOR", otelcol()));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains(folder.to_str().unwrap()), "{said}");
}

#[test]
fn the_newest_collector_in_the_cache_is_found() {
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join(".cache/glassbox/otelcol");
    for (version, program) in [("0.99.0", "/bin/false".into()), ("0.159.0", otelcol())] {
        fs::create_dir_all(cache.join(version)).unwrap();
        symlink(program, cache.join(version).join("otelcol")).unwrap();
    }
    let collector = collector(&mut up(home.path()));
    assert_eq!(collector["found_by"], "cache", "{collector}");
    let found = cache.join("0.159.0/otelcol");
    assert_eq!(collector["binary"], found.to_str().unwrap());
}

#[test]
fn the_flag_outweighs_the_environment_and_that_the_file() {
    let home = tempfile::tempdir().unwrap();
    let file = "[collector]\notelcol = \"off\"\n";
    fs::write(home.path().join("glassbox.toml"), file).unwrap();
    let from_file = collector(&mut up(home.path()));
    assert_eq!(from_file["mode"], "embedded", "{from_file}");
    let from_variable = collector(up(home.path()).env("GLASSBOX_OTEL_COLLECTOR", otelcol()));
    assert_eq!(from_variable["mode"], "otelcol", "{from_variable}");
    let mut flagged = up(home.path());
    let flagged = flagged.args(["--collector", "off"]);
    let from_flag = collector(flagged.env("GLASSBOX_OTEL_COLLECTOR", otelcol()));
    assert_eq!(from_flag["mode"], "embedded", "{from_flag}");
}
