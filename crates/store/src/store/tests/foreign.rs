//! Links, files of others, and folders that are deleted while the store is open.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use super::*;
use crate::segment::file_name;

/// Everything that may exist in place of a file of the store.
type Put<'a> = Box<dyn Fn(&Path) + 'a>;

fn things(target: &Path) -> Vec<(&'static str, Put<'_>)> {
    vec![
        ("link", Box::new(move |at| symlink(target, at).unwrap())),
        (
            "dangling link",
            Box::new(move |at| symlink(target.join("none"), at).unwrap()),
        ),
        (
            "hard link",
            Box::new(move |at| fs::hard_link(target, at).unwrap()),
        ),
        ("folder", Box::new(move |at| fs::create_dir(at).unwrap())),
        (
            "pipe",
            Box::new(move |at| assert!(Command::new("mkfifo").arg(at).status().unwrap().success())),
        ),
    ]
}

#[test]
fn nothing_but_a_file_of_ours_is_opened_and_everything_else_stays_and_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let victim = parent.path().join("victim");
    fs::write(&victim, b"precious").unwrap();
    fs::set_permissions(&victim, fs::Permissions::from_mode(0o644)).unwrap();
    for (what, put) in things(&victim) {
        let folder = parent.path().join(what);
        drop(open(&folder));
        put(&folder.join(file_name(1)));
        let store = open(&folder);
        store.append(&span(1, 0)).unwrap();
        assert_eq!(stored(&store), [1], "{what}");
        assert_eq!(store.recovered().len(), 1, "{what}");
        assert!(
            store.recovered()[0].contains("000000000001.seg"),
            "{:?}",
            store.recovered()
        );
        drop(store);
        assert!(
            folder.join(file_name(1)).symlink_metadata().is_ok(),
            "{what}"
        );

        // The account and its draft.
        for name in ["pruned.json", "pruned.json.tmp"] {
            let folder = parent.path().join(format!("{what} {name}"));
            drop(open(&folder));
            put(&folder.join(name));
            let retention = Retention {
                max_records: 2,
                ..roomy()
            };
            if let Ok(store) = SegmentStore::open(&folder, retention, now) {
                for number in 1..5 {
                    // Fails if the account cannot be written.
                    let _ = store.append(&span(number, 0));
                }
            }
        }
        assert_eq!(fs::read(&victim).unwrap(), b"precious", "{what}");
        assert_eq!(
            fs::metadata(&victim).unwrap().permissions().mode() & 0o777,
            0o644
        );
    }
}

#[test]
fn a_file_with_the_name_of_a_segment_that_is_none_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name(3));
    fs::write(
        &path,
        "my notes, which happen to have this name, and are long enough",
    )
    .unwrap();
    for _ in 0..2 {
        let store = open(folder.path());
        store.append(&span(1, 0)).unwrap();
        assert!(
            store.recovered()[0].contains("not a segment"),
            "{:?}",
            store.recovered()
        );
    }
    assert!(fs::read(&path).unwrap().starts_with(b"my notes"));
    assert_eq!(stored(&open(folder.path())), [1, 1]);
}

#[test]
fn a_segment_of_an_earlier_version_is_set_aside_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.append(&span(1, 0)).unwrap();
    drop(store);
    let path = folder.path().join(file_name(1));
    let mut bytes = fs::read(&path).unwrap();
    bytes[4] = 0;
    let sum = crc32fast::hash(&bytes[..40]);
    bytes[40..44].copy_from_slice(&sum.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    let store = open(folder.path());
    assert!(
        store.recovered()[0].contains("earlier version"),
        "{:?}",
        store.recovered()
    );
    store.append(&span(2, 0)).unwrap();
    assert_eq!(stored(&store), [2]);
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_folder_that_is_a_link_is_refused_and_its_target_untouched() {
    let parent = tempfile::tempdir().unwrap();
    let (target, link) = (parent.path().join("target"), parent.path().join("link"));
    fs::create_dir(&target).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
    symlink(&target, &link).unwrap();
    for path in [link.clone(), link.join("")] {
        SegmentStore::open(&path, roomy(), now).unwrap_err();
    }
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
    assert_eq!(
        fs::metadata(&target).unwrap().permissions().mode() & 0o777,
        0o755
    );
}

#[test]
fn a_folder_has_one_store_whatever_path_leads_to_it() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, alias) = (parent.path().join("store"), parent.path().join("alias"));
    let store = open(&folder);
    symlink(parent.path(), &alias).unwrap();
    for path in [
        folder.clone(),
        folder.join("."),
        parent.path().join("store/../store"),
        alias.join("store"),
    ] {
        let error = SegmentStore::open(&path, roomy(), now).unwrap_err();
        assert!(
            error.source.to_string().contains("another store"),
            "{error:?}"
        );
    }
    drop(store);
    drop(open(&alias.join("store")));
}

#[test]
fn after_the_folder_was_deleted_moved_or_replaced_nothing_is_acknowledged() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("store");
    type Way<'a> = Box<dyn Fn() + 'a>;
    let ways: [(&str, Way<'_>); 4] = [
        ("deleted", Box::new(|| fs::remove_dir_all(&path).unwrap())),
        (
            "moved",
            Box::new(|| fs::rename(&path, parent.path().join("moved")).unwrap()),
        ),
        (
            "replaced by an empty folder",
            Box::new(|| {
                fs::remove_dir_all(&path).unwrap();
                fs::create_dir(&path).unwrap();
            }),
        ),
        (
            "replaced by another store",
            Box::new(|| {
                fs::remove_dir_all(&path).unwrap();
                open(&path).append(&span(77, 0)).unwrap();
            }),
        ),
    ];
    for (what, way) in ways {
        let store = open(&path);
        store.append(&span(1, 0)).unwrap();
        assert_eq!(store.problem(), None);
        way();
        for number in 2..5 {
            let refused = store.append(&span(number, 0));
            assert!(
                matches!(refused, Err(AppendError::Vanished { .. })),
                "{what}: {refused:?}"
            );
        }
        assert!(store.problem().unwrap().contains("restart"), "{what}");
        assert_eq!(store.view().records().spans, 1, "{what}");
        drop(store);
        if what == "replaced by another store" {
            assert_eq!(stored(&open(&path)), [77]);
        }
        let _ = fs::remove_dir_all(&path);
    }
}

#[test]
fn after_only_the_file_was_deleted_writing_goes_on_in_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.append(&span(1, 0)).unwrap();
    fs::remove_file(folder.path().join(file_name(1))).unwrap();
    store.append(&span(2, 0)).unwrap();
    drop(store);
    assert_eq!(stored(&open(folder.path())), [2]);
}
