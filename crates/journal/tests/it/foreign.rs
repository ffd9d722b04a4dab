//! Links, files of others, and folders that are removed.

use crate::reading::small;
use glassbox_journal::{AppendError, DurableError, Found, Journal, OpenError, SyncError};
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
    // A second name of a file is refused like a link.
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

#[test]
fn a_link_with_a_slash_behind_it_is_not_followed_either() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    drop(Journal::open(&real, small()).unwrap());
    symlink(&real, &link).unwrap();
    for path in [link.clone(), link.join(""), link.join(".")] {
        Journal::open(&path, small()).unwrap_err();
        Journal::open_existing(&path, small()).unwrap_err();
    }
}

#[test]
fn what_every_user_may_write_to_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let segment = path.join("00000000000000000001.journal");
    Journal::open(&path, small())
        .unwrap()
        .append(0, b"x")
        .unwrap();
    let set = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for (target, sound) in [(&path, 0o700), (&segment, 0o600)] {
        set(target, sound | 0o002);
        let error = Journal::open(&path, small()).unwrap_err();
        assert!(matches!(error, OpenError::Io { .. }), "{error}");
        let mode = fs::metadata(target).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, sound | 0o002);
        // A group may write: see `fsGroup` of Kubernetes.
        set(target, sound | 0o060);
        Journal::open(&path, small()).unwrap();
        set(target, sound);
    }
}

#[test]
fn a_pipe_or_a_folder_in_place_of_a_file_is_refused_and_blocks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["lock", "00000000000000000001.journal", "c.cursor"] {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        fs::create_dir(path.join(name)).unwrap();
        Journal::open(&path, small()).unwrap_err();
        fs::remove_dir(path.join(name)).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, path.join(name), fifo, mode, 0).unwrap();
        Journal::open(&path, small()).unwrap_err();
    }
}

#[test]
fn names_and_cursors_at_the_edge_of_numbers_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "18446744073709551615.journal",
        "09999999999999999999.journal",
    ] {
        fs::write(folder.path().join(name), [1; 100]).unwrap();
    }
    let mut cursor = b"GBJC".to_vec();
    cursor.extend_from_slice(&u64::MAX.to_le_bytes());
    cursor.extend_from_slice(&crate::damage::crc32(&cursor).to_le_bytes());
    fs::write(folder.path().join("c.cursor"), cursor).unwrap();
    let journal = Journal::open(folder.path(), small()).unwrap();
    assert_eq!(journal.append(0, b"x").unwrap(), 1);
    assert_eq!(journal.cursor("c").unwrap().found(), Found::Damaged);
}

#[test]
fn a_clone_of_a_removed_journal_writes_nothing_into_the_folder_that_stays() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), b"mine").unwrap();
    let journal = Journal::open(folder.path(), small()).unwrap();
    journal.append(0, b"x").unwrap();
    journal.clone().remove().unwrap();
    let error = journal.append(0, b"y").unwrap_err();
    assert!(matches!(error, AppendError::Vanished { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
