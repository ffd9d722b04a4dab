//! Reading, cursors, and opening again.

use glassbox_journal::{Found, Journal, OpenError, Options, Read};
use std::thread;

/// Returns the sequences and payloads of all records; panics if one is missing.
pub(crate) fn records(journal: &Journal, from: u64) -> Vec<(u64, Vec<u8>)> {
    let mut reader = journal.reader(from);
    let mut all = Vec::new();
    while let Some(read) = reader.next().unwrap() {
        match read {
            Read::Record(record) => all.push((record.sequence(), record.payload().to_vec())),
            missing => panic!("{missing:?}"),
        }
    }
    all
}

pub(crate) fn small() -> Options {
    Options::new()
        .with_max_record(100)
        .with_segment_bytes(256)
        .with_max_bytes(1 << 20)
}

#[test]
fn records_survive_and_numbers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b");
    for round in 0..5_u8 {
        let journal = Journal::open(&path, small()).unwrap();
        for n in 0..20_u8 {
            let sequence = journal.append(n, &[round, n]).unwrap();
            assert_eq!(sequence, u64::from(round) * 20 + u64::from(n) + 1);
        }
    }
    let journal = Journal::open(&path, small()).unwrap();
    let read = records(&journal, 0);
    assert_eq!(read.len(), 100);
    assert_eq!(read[45], (46, vec![2, 5]));
    assert_eq!(
        records(&journal, 99),
        [(99, vec![4, 18]), (100, vec![4, 19])]
    );
}

#[test]
fn a_reader_follows_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), small()).unwrap();
    let reading = journal.clone();
    let reader = thread::spawn(move || {
        let mut reader = reading.reader(0);
        let mut next = 1;
        while next <= 5_000 {
            match reader.next().unwrap() {
                Some(Read::Record(record)) => {
                    assert_eq!(record.sequence(), next);
                    assert_eq!(record.payload(), next.to_le_bytes());
                    next += 1;
                }
                Some(missing) => panic!("{missing:?}"),
                None => thread::yield_now(),
            }
        }
    });
    for n in 1..=5_000_u64 {
        let options = journal.append(0, &n.to_le_bytes());
        if options.is_err() {
            panic!("{options:?}");
        }
    }
    reader.join().unwrap();
}

#[test]
fn a_cursor_is_found_where_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Journal::open(folder.path(), small()).unwrap();
    let journal = open();
    for n in 0..10 {
        journal.append(0, &[n]).unwrap();
    }
    let cursor = journal.cursor("mailer").unwrap();
    assert_eq!((cursor.found(), cursor.position()), (Found::New, 1));
    cursor.acknowledge(4).unwrap();
    cursor.acknowledge(2).unwrap();
    assert_eq!(cursor.position(), 5, "it never goes back");
    cursor.acknowledge(99).unwrap();
    assert_eq!(cursor.position(), 11, "nor past the end");
    drop((cursor, journal));
    let cursor = open().cursor("mailer").unwrap();
    assert_eq!((cursor.found(), cursor.position()), (Found::Kept, 11));
    drop(cursor);
    std::fs::write(folder.path().join("mailer.cursor"), b"nonsense").unwrap();
    let cursor = open().cursor("mailer").unwrap();
    assert_eq!((cursor.found(), cursor.position()), (Found::Damaged, 1));
    assert!(open_err(cursor_name(&folder, "../x")).contains("letters"));
}

fn cursor_name(folder: &tempfile::TempDir, name: &str) -> std::io::Error {
    let elsewhere = folder.path().join("elsewhere");
    let journal = Journal::open(elsewhere, small()).unwrap();
    journal.cursor(name).unwrap_err()
}

fn open_err(error: std::io::Error) -> String {
    error.to_string()
}

#[test]
fn numbers_that_a_cursor_has_passed_are_not_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), small()).unwrap();
    for n in 0..5 {
        journal.append(0, &[n]).unwrap();
    }
    journal.cursor("c").unwrap().acknowledge(5).unwrap();
    drop(journal);
    // As after a power failure: the last two records did not reach the disk, the cursor did.
    let segment = folder.path().join(format!("{:020}.journal", 1));
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(segment)
        .unwrap();
    file.set_len(crate::damage::START as u64 + 3 * 32).unwrap();
    let journal = Journal::open(folder.path(), small()).unwrap();
    let cursor = journal.cursor("c").unwrap();
    assert_eq!(cursor.found(), Found::Ahead);
    let sequence = journal.append(0, b"new").unwrap();
    assert_eq!(sequence, 6, "4 and 5 were read before");
    let mut reader = journal.reader(cursor.position());
    let Some(Read::Record(record)) = reader.next().unwrap() else {
        panic!("the new record");
    };
    assert_eq!(record.payload(), b"new");
}

#[test]
fn a_second_owner_is_refused_by_the_name_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = Journal::open(folder.path(), small()).unwrap();
    let refused = Journal::open(folder.path(), small()).unwrap_err();
    let OpenError::Owned { pid, .. } = &refused else {
        panic!("{refused}");
    };
    assert_eq!(*pid, Some(std::process::id()));
    drop(first);
    Journal::open(folder.path(), small()).unwrap();
}

#[test]
fn threads_that_wait_for_durability_all_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), Options::new()).unwrap();
    let threads = (0..8).map(|thread| {
        let journal = journal.clone();
        std::thread::spawn(move || {
            for _ in 0..50 {
                journal.append_durable(thread, b"x").unwrap();
            }
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.join().unwrap();
    }
    assert_eq!(records(&journal, 0).len(), 400);
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for options in [
        Options::new().with_max_record(0),
        Options::new().with_segment_bytes(1 << 20),
        Options::new().with_max_bytes(1 << 20),
    ] {
        let error = Journal::open(folder.path(), options).unwrap_err();
        assert!(matches!(error, OpenError::Options(_)), "{error}");
    }
}
