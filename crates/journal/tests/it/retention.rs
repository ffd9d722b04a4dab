//! What is removed, when, and how it is reported.

use crate::reading::{records, small};
use glassbox_journal::{AppendError, Journal, Read, WhenFull};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, UNIX_EPOCH},
};

fn fill(journal: &Journal, records: u64) {
    for _ in 0..records {
        journal.append(0, &[7; 100]).unwrap();
    }
}

#[test]
fn a_full_journal_refuses_until_its_cursor_has_passed_a_segment() {
    let folder = tempfile::tempdir().unwrap();
    let options = small().with_max_bytes(1024);
    let journal = Journal::open(folder.path(), options).unwrap();
    let cursor = journal.cursor("c").unwrap();
    let full = loop {
        match journal.append(0, &[7; 100]) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(
        matches!(full, AppendError::Full { limit: 1024, .. }),
        "{full}"
    );
    assert!(journal.bytes() <= 1024);
    let end = journal.end();
    cursor.acknowledge(end - 2).unwrap();
    journal.append(0, &[8; 100]).unwrap();
    let pruned = journal.prune().unwrap();
    assert!(!pruned.is_empty() && pruned.iter().all(|pruned| pruned.unread == 0));
    assert_eq!(
        records(&journal, cursor.position()).len(),
        2,
        "nothing unread is gone"
    );
}

#[test]
fn without_a_cursor_a_journal_that_refuses_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), small().with_max_bytes(1024)).unwrap();
    while journal.append(0, &[7; 100]).is_ok() {}
    assert!(journal.prune().unwrap().is_empty());
    assert_eq!(records(&journal, 0).len() as u64, journal.end() - 1);
}

#[test]
fn a_journal_that_drops_the_oldest_says_what_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let options = small()
        .with_max_bytes(1024)
        .with_when_full(WhenFull::DropOldest);
    let journal = Journal::open(folder.path(), options).unwrap();
    let cursor = journal.cursor("c").unwrap();
    fill(&journal, 50);
    assert!(journal.bytes() <= 1024);
    let mut reader = journal.reader(cursor.position());
    let Some(Read::Missing { first: 1, next, .. }) = reader.next().unwrap() else {
        panic!("the oldest are missing");
    };
    let mut left = 0;
    while let Some(read) = reader.next().unwrap() {
        assert!(matches!(read, Read::Record(_)));
        left += 1;
    }
    assert_eq!(next - 1 + left, 50);
    let pruned = journal.prune().unwrap();
    assert_eq!(
        pruned.iter().map(|pruned| pruned.unread).sum::<u64>(),
        next - 1
    );
}

#[test]
fn old_segments_are_removed_and_never_past_a_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicU64::new(1_000));
    let clock = Arc::clone(&now);
    let options = small()
        .with_max_age(Duration::from_secs(60))
        .with_clock(move || UNIX_EPOCH + Duration::from_secs(clock.load(SeqCst)));
    let journal = Journal::open(folder.path(), options).unwrap();
    fill(&journal, 10);
    now.store(1_100, SeqCst);
    fill(&journal, 10);
    let cursor = journal.cursor("c").unwrap();
    assert!(journal.prune().unwrap().is_empty(), "the cursor needs them");
    journal.remove_cursor(cursor.name()).unwrap();
    // Records 9 and 10 are in a segment of unknown age: it is only known to be older than the next one.
    let pruned = journal.prune().unwrap();
    assert_eq!((pruned[0].first, pruned.last().unwrap().next), (1, 9));
    now.store(1_161, SeqCst);
    let pruned = journal.prune().unwrap();
    assert_eq!(pruned[0].first, 9);
    let left = records(&journal, pruned.last().unwrap().next);
    assert_eq!(
        left.last().unwrap().0,
        20,
        "the segment that is written stays"
    );
}

#[test]
fn a_journal_that_is_read_to_its_end_is_never_full() {
    let folder = tempfile::tempdir().unwrap();
    // Room for one segment and hardly more.
    let options = small().with_segment_bytes(600).with_max_bytes(770);
    let journal = Journal::open(folder.path(), options).unwrap();
    let cursor = journal.cursor("c").unwrap();
    for _ in 0..50 {
        let sequence = journal.append(0, &[7; 100]).unwrap();
        cursor.acknowledge(sequence).unwrap();
    }
}

#[test]
fn a_cursor_that_has_read_nothing_holds_back_as_well_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), small()).unwrap();
    fill(&journal, 10);
    drop(journal.cursor("slow").unwrap());
    journal.cursor("fast").unwrap().acknowledge(10).unwrap();
    drop(journal);
    let journal = Journal::open(folder.path(), small()).unwrap();
    assert!(journal.prune().unwrap().is_empty());
    assert_eq!(journal.cursor("slow").unwrap().position(), 1);
}
