//! Torn ends, flipped bits, files that are not segments.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use super::*;

/// Stores spans 1 to `count` and returns the only segment file.
fn filled(folder: &Path, count: u64) -> PathBuf {
    let store = open(folder);
    for number in 1..=count {
        store.append(&span(number, 2_000)).unwrap();
    }
    store.close().unwrap();
    store.view().segments[0].segment.path.clone()
}

#[test]
fn a_torn_end_costs_the_last_frame_and_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 3);
    let whole = fs::metadata(&path).unwrap().len();
    // Every position at which the last frame may have been cut.
    let view = open(folder.path()).view();
    let last = &view.segments[0].blocks[2];
    let start = last.offset - frame::FrameHeader::LEN as u64;
    let bytes = fs::read(&path).unwrap();
    for cut in (start + 1..whole).step_by(97).chain([start + 1, whole - 1]) {
        fs::write(&path, &bytes[..usize::try_from(cut).unwrap()]).unwrap();
        let store = open(folder.path());
        assert_eq!(stored(&store), [1, 2], "cut at {cut}");
        assert_eq!(store.recovered().len(), 1, "{:?}", store.recovered());
        let said = &store.recovered()[0];
        assert!(said.starts_with("truncated a torn end"), "{said}");
        assert!(said.contains(&format!("{} bytes", cut - start)), "{said}");
        drop(store);
        assert_eq!(fs::metadata(&path).unwrap().len(), start, "cut at {cut}");
    }
    let store = open(folder.path());
    store.append(&span(9, 0)).unwrap();
    assert_eq!(stored(&store), [1, 2, 9]);
    drop(store);
    assert_eq!(stored(&open(folder.path())), [1, 2, 9]);
}

#[test]
fn a_flipped_bit_costs_one_frame_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 3);
    let view = open(folder.path()).view();
    let second = &view.segments[0].blocks[1];
    let start = second.offset - frame::FrameHeader::LEN as u64;
    let end = second.offset + u64::from(second.header.len);
    let good = fs::read(&path).unwrap();
    for at in (start..end).step_by(53) {
        let mut bytes = good.clone();
        bytes[usize::try_from(at).unwrap()] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        let store = open(folder.path());
        assert_eq!(stored(&store), [1, 3], "bit at {at}");
        assert!(
            store.recovered()[0].starts_with("skipped a damaged part"),
            "{at}"
        );
        drop(store);
        assert_eq!(
            fs::metadata(&path).unwrap().len(),
            good.len() as u64,
            "nothing is cut"
        );
    }
}

#[test]
fn a_frame_that_goes_bad_while_the_store_is_open_is_left_out_of_answers() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.append(&span(1, 2_000)).unwrap();
    let view = store.view();
    let (segment, block) = (&view.segments[0].segment, &view.segments[0].blocks[0]);
    let mut bytes = fs::read(&segment.path).unwrap();
    bytes[usize::try_from(block.offset).unwrap() + 9] ^= 1;
    fs::write(&segment.path, bytes).unwrap();
    assert!(segment.read(block).is_err());
}

#[test]
fn a_segment_without_a_header_gives_up_its_frames_and_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 2);
    let mut bytes = fs::read(&path).unwrap();
    bytes[1] ^= 1;
    fs::write(&path, bytes).unwrap();
    let store = open(folder.path());
    assert_eq!(stored(&store), [1, 2]);
    store.append(&span(3, 0)).unwrap();
    assert_eq!(store.view().segments.len(), 2);
    drop(store);
    assert_eq!(stored(&open(folder.path())), [1, 2, 3]);
}

#[test]
fn empty_files_garbage_and_foreign_files_do_not_stop_the_store() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 1);
    fs::write(folder.path().join("000000000007.seg"), b"").unwrap();
    fs::write(
        folder.path().join("000000000008.seg"),
        b"GBFR, but not really",
    )
    .unwrap();
    fs::write(folder.path().join("notes.txt"), b"mine").unwrap();
    let store = open(folder.path());
    store.append(&span(2, 0)).unwrap();
    assert_eq!(stored(&store), [1, 2]);
    assert!(folder.path().join("notes.txt").exists());
    assert_eq!(store.recovered().len(), 1, "{:?}", store.recovered());
}

#[test]
fn numbers_go_on_behind_a_frame_that_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 2);
    let len = fs::metadata(&path).unwrap().len();
    OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(len - 1)
        .unwrap();
    let store = open(folder.path());
    store.append(&span(3, 0)).unwrap();
    let view = store.view();
    let numbers = view.segments[0]
        .blocks
        .iter()
        .map(|block| block.header.first_sequence);
    assert_eq!(
        numbers.collect::<Vec<_>>(),
        [1, 3],
        "2 was given out and is not given again"
    );
}

#[test]
fn half_a_frame_before_good_ones_is_stepped_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 2);
    let view = open(folder.path()).view();
    let second = &view.segments[0].blocks[1];
    let start = usize::try_from(second.offset).unwrap() - frame::FrameHeader::LEN;
    let bytes = fs::read(&path).unwrap();
    let mut file = fs::File::create(&path).unwrap();
    // As after a write that failed half-way and could not be truncated.
    file.write_all(&bytes[..start + 100]).unwrap();
    file.write_all(&bytes[start..]).unwrap();
    drop(file);
    assert_eq!(stored(&open(folder.path())), [1, 2]);
}

#[test]
fn no_damage_stops_a_start_or_shows_what_was_not_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 6);
    let good = fs::read(&path).unwrap();
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for round in 0..200 {
        let mut bytes = good.clone();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes.truncate(at.max(1)),
                1 => bytes[at] = bytes[at].wrapping_add(1),
                2 => drop(
                    bytes.splice(
                        at..at,
                        good[at.min(good.len()) / 2..at.min(good.len())]
                            .iter()
                            .copied(),
                    ),
                ),
                _ => drop(bytes.drain(at..(at + 50).min(bytes.len()))),
            }
        }
        fs::write(&path, &bytes).unwrap();
        let store = open(folder.path());
        let mut left = stored(&store);
        // A frame that was copied appears twice, because the file contains it twice.
        left.sort_unstable();
        left.dedup();
        assert!(
            left.iter().all(|number| (1..=6).contains(number)),
            "round {round}: {left:?}"
        );
        // A cut between two frames looks like an earlier end; all other damage is reported.
        let said = !store.recovered().is_empty() || good.starts_with(&bytes);
        assert!(
            left.len() == 6 || said,
            "round {round}: {left:?} of {} bytes",
            bytes.len()
        );
        drop(store);
        drop(fs::remove_file(&path));
    }
}

#[test]
fn a_segment_of_a_newer_version_stops_the_start_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.append(&span(1, 0)).unwrap();
    let path = store.view().segments[0].segment.path.clone();
    drop(store);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4] = 2;
    let sum = crc32fast::hash(&bytes[..40]);
    bytes[40..44].copy_from_slice(&sum.to_le_bytes());
    std::fs::write(&path, &bytes).unwrap();
    let error = SegmentStore::open(folder.path(), roomy(), now).unwrap_err();
    assert!(error.source.to_string().contains("newer"), "{error:?}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}
