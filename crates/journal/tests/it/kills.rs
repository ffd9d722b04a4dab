//! SIGKILL at any instant.

use crate::reading::small;
use glassbox_journal::{Journal, Read};
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

/// How many writers are killed in total.
const KILLS: usize = 2_000;
/// How many of them write to one journal, one after the other.
const ROUND: usize = 50;

/// The program that appends until it is killed, built beside this test.
fn writer() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().and_then(|deps| deps.parent()).unwrap();
    target.join("examples/append_until_killed")
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_torn_is_read() {
    let mut acknowledged = 0;
    for round in 0..KILLS / ROUND {
        let folder = tempfile::tempdir().unwrap();
        // The sequence after the last record that a writer reported as appended, and that after the last it
        // acknowledged.
        let (mut appended, mut passed, mut passing) = (1, 1, 1);
        for kill in 0..ROUND {
            let mut child = Command::new(writer())
                .arg(folder.path())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            // Every fourth writer may be killed while it starts and recovers.
            if kill % 4 != 3 {
                let opened = lines.next().unwrap().unwrap();
                assert_eq!(opened, "open", "round {round}, kill {kill}");
            }
            std::thread::sleep(Duration::from_micros(fastrand::u64(0..3_000)));
            child.kill().unwrap();
            child.wait().unwrap();
            for line in lines {
                // The last line may be incomplete, because of the pipe and not of the journal.
                let line = line.unwrap();
                match line.strip_suffix('.').and_then(|line| line.split_once(' ')) {
                    Some(("appended", sequence)) => appended = sequence.parse::<u64>().unwrap() + 1,
                    Some(("passing", sequence)) => passing = sequence.parse::<u64>().unwrap() + 1,
                    Some(("passed", sequence)) => passed = sequence.parse::<u64>().unwrap() + 1,
                    _ => {}
                }
            }
            acknowledged += 1;
            let journal = Journal::open(folder.path(), small()).unwrap();
            let recovered = journal.recovered();
            assert_eq!(
                (recovered.damaged_bytes, recovered.unreadable_segments),
                (0, 0)
            );
            assert!(journal.end() >= appended, "an acknowledged record is lost");
            let cursor = journal.cursor("c").unwrap();
            assert!(cursor.position() >= passed, "the cursor went back");
            // A cursor begins at the oldest record, so this also checks that no record was removed too early.
            assert!(cursor.position() <= passing, "pruned past the cursor");
            let mut reader = journal.reader(cursor.position());
            let mut next = cursor.position();
            while let Some(read) = reader.next().unwrap() {
                let Read::Record(record) = read else {
                    panic!("{read:?} in round {round}, kill {kill}");
                };
                assert_eq!(record.sequence(), next);
                assert_eq!(record.payload(), payload(next), "a torn record");
                next += 1;
            }
            assert_eq!(next, journal.end());
        }
    }
    assert_eq!(acknowledged, KILLS);
}

/// The payload as the writer writes it.
fn payload(sequence: u64) -> Vec<u8> {
    vec![sequence as u8; (sequence * 7 % 100) as usize]
}
