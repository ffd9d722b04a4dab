//! A journal compared with a plain list.

use crate::reading::{records, small};
use glassbox_journal::{Journal, WhenFull};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<u8>),
    Durable(Vec<u8>),
    Sync,
    Acknowledge(u64),
    Prune,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let payload = || prop::collection::vec(any::<u8>(), 0..100);
    prop_oneof![
        8 => payload().prop_map(Step::Append),
        1 => payload().prop_map(Step::Durable),
        1 => Just(Step::Sync),
        2 => (0..200_u64).prop_map(Step::Acknowledge),
        2 => Just(Step::Prune),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_from_the_cursor_on_is_there(steps in prop::collection::vec(step(), 1..80)) {
        let folder = tempfile::tempdir().unwrap();
        let open = || {
            let options = small().with_when_full(WhenFull::Refuse);
            Journal::open(folder.path(), options).unwrap()
        };
        let mut journal = open();
        let mut cursor = journal.cursor("c").unwrap();
        let mut written: Vec<Vec<u8>> = Vec::new();
        let mut position = 1;
        for step in steps {
            match step {
                Step::Append(payload) => {
                    let sequence = journal.append(0, &payload).unwrap();
                    written.push(payload);
                    prop_assert_eq!(sequence, written.len() as u64);
                }
                Step::Durable(payload) => {
                    journal.append_durable(0, &payload).unwrap();
                    written.push(payload);
                }
                Step::Sync => journal.sync().unwrap(),
                Step::Acknowledge(sequence) => {
                    cursor.acknowledge(sequence).unwrap();
                    position = position.max((sequence + 1).min(written.len() as u64 + 1));
                }
                Step::Prune => {
                    for pruned in journal.prune().unwrap() {
                        prop_assert!(pruned.next <= position);
                    }
                }
                Step::Reopen => {
                    drop((cursor, journal));
                    journal = open();
                    cursor = journal.cursor("c").unwrap();
                }
            }
            prop_assert_eq!(cursor.position(), position);
            let left = written.len() as u64 + 1 - position;
            let read = records(&journal, position);
            prop_assert_eq!(read.len() as u64, left);
            for (sequence, payload) in read {
                prop_assert_eq!(&payload, &written[sequence as usize - 1]);
            }
        }
    }
}
