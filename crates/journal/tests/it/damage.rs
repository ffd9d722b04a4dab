//! Flipped bits, torn tails, zeros, newer versions.

use crate::reading::{records, small};
use glassbox_journal::{Journal, OpenError, Read};
use std::{fs, path::PathBuf};

/// Bytes before the first record.
pub(crate) const START: usize = 80;

fn segment(folder: &tempfile::TempDir, first: u64) -> PathBuf {
    folder.path().join(format!("{first:020}.journal"))
}

/// What a reader returns: sequences with payloads, and how many are missing.
fn met(journal: &Journal) -> (Vec<(u64, Vec<u8>)>, u64) {
    let mut reader = journal.reader(0);
    let (mut found, mut missing) = (Vec::new(), 0);
    while let Some(read) = reader.next().unwrap() {
        match read {
            Read::Record(record) => found.push((record.sequence(), record.payload().to_vec())),
            Read::Missing { first, next, .. } => missing += next - first,
            other => panic!("{other:?}"),
        }
    }
    (found, missing)
}

#[test]
fn no_flipped_bit_is_read_as_a_record_or_takes_others_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), small()).unwrap();
    let written: Vec<(u64, Vec<u8>)> = (1..=4)
        .map(|n| (n, vec![n as u8; n as usize * 3]))
        .collect();
    for (_, payload) in &written {
        journal.append(0, payload).unwrap();
    }
    drop(journal);
    let sound = fs::read(segment(&folder, 1)).unwrap();
    for bit in 0..sound.len() * 8 {
        let mut flipped = sound.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(segment(&folder, 1), &flipped).unwrap();
        let journal = Journal::open(folder.path(), small()).unwrap();
        let (found, _) = met(&journal);
        let lost = written.len() - found.len();
        // The segment's header is stored twice, and flipped bits in the padding may go unnoticed.
        let most = usize::from(bit >= START * 8);
        assert!(lost <= most, "bit {bit} cost {lost} records");
        assert!(
            found.iter().all(|record| written.contains(record)),
            "bit {bit}"
        );
    }
}

#[test]
fn a_segment_without_a_header_is_left_as_it_is_and_its_numbers_are_not_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), small()).unwrap();
    for n in 1..=4 {
        journal.append(0, &[n; 9]).unwrap();
    }
    drop(journal);
    let mut bytes = fs::read(segment(&folder, 1)).unwrap();
    (bytes[20], bytes[START / 2 + 3]) = (!bytes[20], 0);
    fs::write(segment(&folder, 1), &bytes).unwrap();
    let journal = Journal::open(folder.path(), small()).unwrap();
    assert_eq!(journal.recovered().unreadable_segments, 1);
    assert!(journal.append(0, b"new").unwrap() > 4);
    journal.sync().unwrap();
    assert_eq!(fs::read(segment(&folder, 1)).unwrap(), bytes);
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_writing_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), small()).unwrap();
    for n in 0..3 {
        journal.append(0, &[n; 5]).unwrap();
    }
    drop(journal);
    let whole = fs::read(segment(&folder, 1)).unwrap();
    for len in 0..whole.len() {
        for zeros in [0, 64] {
            let mut torn = whole[..len].to_vec();
            torn.resize(len + zeros, 0);
            fs::write(segment(&folder, 1), &torn).unwrap();
            let journal = Journal::open(folder.path(), small()).unwrap();
            let complete = len.saturating_sub(START) / 32;
            let before = match journal.recovered().unreadable_segments {
                0 => records(&journal, 0).len(),
                _ => 0,
            };
            // Zeros complete a record whose padding alone was torn.
            assert!(
                before == complete || (zeros > 0 && before == complete + 1),
                "{len} {zeros}"
            );
            let sequence = journal.append(0, b"new").unwrap();
            drop(journal);
            let journal = Journal::open(folder.path(), small()).unwrap();
            assert_eq!(
                met(&journal).0.last().unwrap(),
                &(sequence, b"new".to_vec())
            );
            drop(journal);
            for entry in fs::read_dir(folder.path()).unwrap() {
                fs::remove_file(entry.unwrap().path()).unwrap();
            }
        }
    }
}

#[test]
fn a_payload_made_of_records_is_never_read_as_records() {
    let folder = tempfile::tempdir().unwrap();
    let options = || small().with_max_record(2_000).with_segment_bytes(4_000);
    let journal = Journal::open(folder.path(), options()).unwrap();
    for n in 0..10 {
        journal.append(0, &[n; 8]).unwrap();
    }
    // The segment itself becomes a payload, and then its own header is damaged.
    let copy = fs::read(segment(&folder, 1)).unwrap();
    let at = copy.len();
    journal.append(0, &copy).unwrap();
    journal.append(0, b"last").unwrap();
    drop(journal);
    let mut bytes = fs::read(segment(&folder, 1)).unwrap();
    bytes[at] ^= 1;
    fs::write(segment(&folder, 1), bytes).unwrap();
    let journal = Journal::open(folder.path(), options()).unwrap();
    let (found, missing) = met(&journal);
    assert_eq!((found.len(), missing), (11, 1));
    assert_eq!(found[10], (12, b"last".to_vec()));
    assert!(journal.recovered().damaged_bytes > copy.len() as u64);
}

#[test]
fn a_newer_version_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), small()).unwrap();
    journal.append(0, b"one").unwrap();
    drop(journal);
    let mut bytes = fs::read(segment(&folder, 1)).unwrap();
    for copy in bytes[..START].chunks_exact_mut(START / 2) {
        copy[8] = 2;
        copy[12..16].fill(0);
        let checksum = crc32(copy);
        copy[12..16].copy_from_slice(&checksum.to_le_bytes());
    }
    fs::write(segment(&folder, 1), &bytes).unwrap();
    let error = Journal::open(folder.path(), small()).unwrap_err();
    assert!(
        matches!(error, OpenError::Newer { version: 2, .. }),
        "{error}"
    );
    assert_eq!(fs::read(segment(&folder, 1)).unwrap(), bytes);
}

/// As `crc32fast` computes it.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

#[test]
fn a_damaged_record_in_an_older_segment_is_told_to_its_reader() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), small()).unwrap();
    for n in 0..20 {
        journal.append(0, &[n; 60]).unwrap();
    }
    let mut bytes = fs::read(segment(&folder, 1)).unwrap();
    bytes[START + 30] ^= 0xff;
    fs::write(segment(&folder, 1), bytes).unwrap();
    let (found, missing) = met(&journal);
    assert_eq!((found.len(), missing), (19, 1));
    assert_eq!(found[0].0, 2);
}
