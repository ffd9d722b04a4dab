use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

const DAY: u64 = 24 * 3600 * 1_000_000_000;

/// 2026-01-10T00:00:00Z.
const NOW: u64 = 1_768_003_200_000_000_000;

fn bounds() -> ArchiveBounds {
    ArchiveBounds {
        max_bytes: 1 << 20,
        max_age: None,
        max_files: 100,
    }
}

fn folder(files: &[(&str, usize)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), vec![b'x'; *bytes]).unwrap();
    }
    folder
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_oldest_rotated_files_go_until_all_fit_and_they_are_counted() {
    let folder = folder(&[
        ("traces.jsonl", 400),
        ("traces-2026-01-03T00-00-00.000-size.jsonl", 300),
        ("logs-2026-01-01T10-20-30.123.jsonl", 200),
        ("metrics-2026-01-02T00-00-00.000-size.jsonl", 250),
    ]);
    let bounds = ArchiveBounds {
        max_bytes: 700,
        ..bounds()
    };
    let archive = Archive::bounded(folder.path(), bounds);
    let removed = archive.prune(NOW);
    assert_eq!(
        removed,
        Removed {
            files: 2,
            bytes: 450,
            failures: 0
        }
    );
    assert_eq!(
        names(&folder),
        ["traces-2026-01-03T00-00-00.000-size.jsonl", "traces.jsonl"]
    );
    assert_eq!(archive.prune(NOW), Removed::default());
    let status = archive.status();
    assert_eq!(
        (status.files, status.bytes, status.cap_bytes),
        (2, 700, 700)
    );
    assert_eq!((status.pruned_files, status.pruned_bytes), (2, 450));
}

#[test]
fn rotated_files_beyond_their_age_go_however_small_they_are() {
    let folder = folder(&[
        ("traces-2026-01-02T23-59-59.999-size.jsonl", 1),
        ("traces-2026-01-03T00-00-00.000-size.jsonl", 1),
        ("logs-2026-01-09T00-00-00.000.jsonl", 1),
    ]);
    let week = Some(Duration::from_nanos(7 * DAY));
    let bounds = ArchiveBounds {
        max_age: week,
        ..bounds()
    };
    let archive = Archive::bounded(folder.path(), bounds);
    assert_eq!(archive.prune(NOW).files, 1);
    assert_eq!(archive.prune(NOW + DAY).files, 1);
    assert_eq!(names(&folder), ["logs-2026-01-09T00-00-00.000.jsonl"]);
    // A clock that was set back finds files of the future, and keeps them.
    assert_eq!(archive.prune(NOW - 5 * DAY).files, 0);
}

#[test]
fn no_more_rotated_files_are_kept_than_wanted() {
    let folder = folder(&[
        ("logs.jsonl", 10),
        ("logs-2026-01-01T00-00-00.000-size.jsonl", 10),
        ("traces-2026-01-02T00-00-00.000-size.jsonl", 10),
        ("logs-2026-01-03T00-00-00.000-size.jsonl", 10),
    ]);
    let archive = Archive::bounded(
        folder.path(),
        ArchiveBounds {
            max_files: 1,
            ..bounds()
        },
    );
    assert_eq!(archive.prune(NOW).files, 2);
    assert_eq!(
        names(&folder),
        ["logs-2026-01-03T00-00-00.000-size.jsonl", "logs.jsonl"]
    );
}

#[test]
fn nothing_is_removed_that_the_collector_did_not_rotate() {
    let kept = [
        "collector.yaml",
        "logs-2026-01-01T00-00-00.000-size.jsonl.bak",
        "logs-2026-01-01T00-00-00.000-size2.jsonl",
        "logs-2026-01-01T00-00-00.000size.jsonl",
        "logs-2026-01-01T00-00-00.jsonl",
        "logs-2026-01-01T00-00-00.000-.jsonl",
        "logs-2026-13-01T00-00-00.000.jsonl",
        "logs-copy.jsonl",
        "logs.jsonl",
        "metrics.jsonl",
        "mine-2026-01-01T00-00-00.000-size.jsonl",
        "profiles-2026-01-01T00-00-00.000-size.jsonl",
        "traces.jsonl",
    ];
    let folder = folder(&kept.map(|name| (name, 100)));
    // Not files, although they are named like some.
    let (subfolder, link) = (
        folder.path().join("logs-2026-01-01T00-00-00.001.jsonl"),
        folder.path().join("logs-2026-01-01T00-00-00.002.jsonl"),
    );
    fs::create_dir(&subfolder).unwrap();
    symlink(folder.path().join("mine"), &link).unwrap();
    let before = names(&folder);
    let nothing = ArchiveBounds {
        max_bytes: 0,
        max_age: Some(Duration::ZERO),
        max_files: 0,
    };
    let archive = Archive::bounded(folder.path(), nothing);
    assert_eq!(archive.prune(NOW), Removed::default());
    assert_eq!(names(&folder), before);
    // Only the three that are being written count as the archive's.
    assert_eq!((archive.status().files, archive.status().bytes), (3, 300));
}

#[test]
fn a_folder_that_is_not_there_holds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::bounded(folder.path().join("otel"), bounds());
    assert_eq!(archive.prune(NOW), Removed::default());
    assert_eq!(archive.status().files, 0);
}

#[test]
fn a_folder_that_cannot_be_read_is_counted_and_not_fatal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("otel");
    fs::write(&path, "no folder").unwrap();
    let archive = Archive::bounded(&path, bounds());
    assert_eq!(archive.prune(NOW).failures, 1);
    assert_eq!(archive.status().prune_failures, 1);
}

#[tokio::test(start_paused = true)]
async fn an_archive_is_looked_after_from_the_start_on() {
    let old = "logs-2026-01-01T00-00-00.000-size.jsonl";
    let folder = folder(&[(old, 10)]);
    let archive = Arc::new(Archive::bounded(
        folder.path(),
        ArchiveBounds {
            max_files: 0,
            ..bounds()
        },
    ));
    let stop = CancellationToken::new();
    let keeper = tokio::spawn(look_after(Arc::clone(&archive), || NOW, stop.clone()));
    for round in 1..=3 {
        // The clock is virtual: a sweep is due as soon as everything else waits.
        while archive.status().pruned_files < round {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        fs::write(folder.path().join(old), "again").unwrap();
    }
    stop.cancel();
    keeper.await.unwrap();
}
