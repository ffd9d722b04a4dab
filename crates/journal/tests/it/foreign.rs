//! Links, files of others, and folders that vanish.

use crate::reading::small;
use glassbox_journal::{AppendError, DurableError, Journal, SyncError};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

#[test]
fn no_link_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let victim = folder.path().join("victim");
    fs::write(&victim, b"precious").unwrap();
    let target = folder.path().join("target");
    fs::create_dir(&target).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();

    let linked = folder.path().join("linked");
    symlink(&target, &linked).unwrap();
    Journal::open(&linked, small()).unwrap_err();

    for name in [
        "lock",
        "00000000000000000001.journal",
        "c.cursor",
        "c.cursor.new",
    ] {
        let path = folder.path().join(format!("with-{name}"));
        fs::create_dir(&path).unwrap();
        symlink(&victim, path.join(name)).unwrap();
        let refused = Journal::open(&path, small()).map(|journal| {
            journal.append(0, b"x").unwrap();
            let cursor = journal.cursor("c").map_err(|_| ());
            cursor
                .and_then(|cursor| cursor.acknowledge(1).map_err(|_| ()))
                .is_ok()
        });
        assert!(!refused.unwrap_or(false), "{name}");
        assert_eq!(fs::read(&victim).unwrap(), b"precious", "{name}");
    }
    // A second name of a file is a link, too.
    let path = folder.path().join("hard");
    fs::create_dir(&path).unwrap();
    fs::hard_link(&victim, path.join("lock")).unwrap();
    Journal::open(&path, small()).unwrap_err();
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    let mode = fs::metadata(&target).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755, "the mode of what is not ours stays");
}

#[test]
fn what_is_created_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new");
    let journal = Journal::open(&path, small()).unwrap();
    journal.append(0, b"x").unwrap();
    journal.cursor("c").unwrap().acknowledge(1).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for entry in fs::read_dir(&path).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn a_folder_that_vanishes_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = Journal::open(&path, small()).unwrap();
    journal.append_durable(0, b"x").unwrap();
    fs::remove_dir_all(&path).unwrap();
    let error = journal.append_durable(0, b"x").unwrap_err();
    assert!(
        matches!(error, DurableError::Sync(SyncError::Vanished { .. })),
        "{error}"
    );
    let error = loop {
        if let Err(error) = journal.append(0, &[0; 100]) {
            break error;
        }
    };
    assert!(matches!(error, AppendError::Vanished { .. }), "{error}");
    assert!(!path.exists(), "nothing is made anew behind anybody's back");
}

#[test]
fn a_record_that_is_too_large_is_refused_before_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), small()).unwrap();
    let error = journal.append(0, &[0; 101]).unwrap_err();
    assert!(
        matches!(
            error,
            AppendError::TooLarge {
                bytes: 101,
                limit: 100
            }
        ),
        "{error}"
    );
    assert_eq!(journal.bytes(), 0);
    journal.append(0, &[0; 100]).unwrap();
}
