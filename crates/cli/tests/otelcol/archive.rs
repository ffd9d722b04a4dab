//! The archive beside the store: bounded by the backend, and without risk to the store.

use crate::{
    backend::{Backend, up},
    glassbox::until,
    telemetry::{log, post},
};
use std::{fs, os::unix::fs::symlink, path::Path};

fn files(data: &Path, signal: &str) -> usize {
    let entries = fs::read_dir(data.join("otel")).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(signal)).count()
}

/// Two of them fill a file.
const RECORDS: u64 = 8;

#[test]
fn what_is_beyond_its_bounds_is_pruned_and_it_is_said() {
    let data = tempfile::tempdir().unwrap();
    let settings = data.path().join("glassbox.toml");
    let bounds = "[collector]\narchive_max_bytes = \"64MiB\"\narchive_max_files = 1\n";
    fs::write(&settings, bounds).unwrap();
    let mut up = up(data.path());
    let backend = Backend::start(up.arg("--config").arg(&settings));
    let http = backend.endpoint("http");
    // At this bound a file is rotated after 16 MiB, and has room for one of these.
    let body = "x".repeat(6 << 20);
    for sent in 1..=RECORDS {
        assert!(post(&http, "logs", &log(&body)));
        until("the record", || {
            (backend.status()["store"]["log_records"] == sent).then_some(())
        });
    }
    let archive = || backend.collector()["archive"].take();
    until("files to be pruned", || {
        (archive()["pruned_files"].as_u64()? >= 1 && files(data.path(), "logs") <= 2).then_some(())
    });
    let said = archive();
    assert!(said["pruned_bytes"].as_u64().unwrap() > 10 << 20, "{said}");
    assert_eq!(said["prune_failures"], 0);
    assert!(said["bytes"].as_u64().unwrap() < 64 << 20, "{said}");
    assert!(backend.said().contains("the archive was pruned"));
    // The store has its own limits, and holds all records.
    let status = backend.status();
    assert_eq!(status["store"]["log_records"], RECORDS, "{status}");
    assert_eq!(status["collector"]["lost"], serde_json::json!({}));
}

#[test]
fn no_archive_is_written_where_none_is_wanted() {
    let data = tempfile::tempdir().unwrap();
    let settings = data.path().join("glassbox.toml");
    fs::write(&settings, "[collector]\narchive = false\n").unwrap();
    let mut up = up(data.path());
    let backend = Backend::start(up.arg("--config").arg(&settings));
    backend.send_span("stored");
    backend.until_span("stored");
    assert!(backend.terminate().success());
    assert_eq!(files(data.path(), "traces"), 0);
}

#[test]
fn a_full_disk_below_the_archive_is_said_and_counted_and_the_store_goes_on() {
    let data = tempfile::tempdir().unwrap();
    fs::create_dir(data.path().join("otel")).unwrap();
    symlink("/dev/full", data.path().join("otel/traces.jsonl")).unwrap();
    let backend = Backend::on(data.path());
    backend.send_span("kept");
    backend.until_span("kept");
    let lost = until("the loss", || {
        Some(backend.collector()["lost"]["file/traces"].take()).filter(|lost| lost.is_object())
    });
    assert_eq!(lost["items"], 1, "{lost}");
    let error = lost["last_error"].as_str().unwrap();
    assert!(error.contains("no space left on device"), "{lost}");
    assert!(error.contains("traces.jsonl"), "{lost}");
    assert!(backend.said().contains("no space left on device"));
    let collector = backend.collector();
    assert_eq!(
        (&collector["restarts"], &collector["running"]),
        (&0.into(), &true.into())
    );
}
