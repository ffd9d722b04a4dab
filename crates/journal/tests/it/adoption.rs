//! Adopting the journals of processes that have ended.

use crate::reading::{records, small};
use glassbox_journal::Journal;
use std::{fs, thread};

#[test]
fn a_journal_without_an_owner_is_adopted_once_read_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        let journal = Journal::open(folder.path().join(name), small()).unwrap();
        journal.append(0, name.as_bytes()).unwrap();
    }
    let owned = Journal::open(folder.path().join("b"), small()).unwrap();
    fs::create_dir(folder.path().join("no journal")).unwrap();
    let adopted = Journal::adopt(folder.path(), &small(), 10).unwrap();
    let read: Vec<_> = adopted
        .iter()
        .map(|journal| records(journal, 0)[0].1.clone())
        .collect();
    assert_eq!(read, [b"a", b"c"]);
    assert!(
        Journal::adopt(folder.path(), &small(), 10)
            .unwrap()
            .is_empty()
    );
    for journal in adopted {
        journal.remove().unwrap();
    }
    assert!(!folder.path().join("a").exists());
    drop(owned);
    assert_eq!(
        Journal::adopt(folder.path(), &small(), 10).unwrap().len(),
        1
    );
}

#[test]
fn of_many_who_adopt_at_once_each_journal_has_one() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let path = folder.path().join("left");
        Journal::open(&path, small())
            .unwrap()
            .append(0, &[round])
            .unwrap();
        let got: usize = thread::scope(|scope| {
            let adopt = || match Journal::adopt(folder.path(), &small(), 1).unwrap().pop() {
                Some(journal) => {
                    let read = records(&journal, 0).len();
                    journal.remove().unwrap();
                    read
                }
                None => 0,
            };
            let adopters: Vec<_> = (0..4).map(|_| scope.spawn(adopt)).collect();
            adopters
                .into_iter()
                .map(|adopter| adopter.join().unwrap())
                .sum()
        });
        assert_eq!(got, 1, "round {round}");
    }
}

#[test]
fn a_folder_with_other_files_is_kept_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mixed");
    let journal = Journal::open(&path, small()).unwrap();
    journal.append(0, b"x").unwrap();
    fs::write(path.join("notes.txt"), b"mine").unwrap();
    journal.remove().unwrap();
    let left: Vec<_> = fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["notes.txt"]);
}
