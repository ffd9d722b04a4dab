//! Reads a store back: its account, its segments, and where to continue.

use std::io;
use std::path::Path;
use std::sync::Arc;

use glassbox_journal::Folder;

use crate::gate::Gate;
use crate::index::Room;
use crate::medium::Medium;
use crate::names::Names;
use crate::pruned::Pruned;
use crate::recovery::{Recovered, Recovery};
use crate::retention::{Retention, Size};
use crate::segment::{READ_BYTES, SegmentView, file_name, id_of};
use crate::view::{Shown, View};
use crate::writer::{self, Writer};

/// A longer file is not a segment, whatever the limit of the store is.
const LONGEST_SEGMENT: u64 = 1 << 30;

/// A store that was read back.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) writer: Writer,
    /// What could not be read, one sentence each.
    pub(super) notes: Vec<String>,
}

/// Reads the segments of `directory`, newest first, until the limits are reached.
///
/// # Bounds
/// The index never takes more than retention allows, whatever the files contain: what does not fit is not
/// read, and counts as pruned.
pub(super) fn load(
    directory: &Path,
    retention: Retention,
    now: u64,
    medium: Arc<dyn Medium>,
    names: &Names,
) -> io::Result<Loaded> {
    let folder = Arc::new(Folder::create(directory)?);
    lock(&folder)?;
    let mut pruned = Pruned::load(&folder)?;
    let mut ids: Vec<u64> = folder
        .names()?
        .iter()
        .filter_map(|name| id_of(name))
        .collect();
    ids.sort_unstable();
    let (mut segments, mut notes) = (Vec::new(), Vec::new());
    let mut sequences = pruned.sequences.map(|sequence| sequence.max(1));
    let newest = ids.last().copied().max(pruned.last_segment);
    let next_segment = newest.map_or(1, |last| last + 1);
    let reads = Gate::new(READ_BYTES);
    let mut recovery = Recovery {
        folder: &folder,
        names,
        reads: &reads,
        max_bytes: retention.max_bytes.max(LONGEST_SEGMENT),
        left: Room {
            records: retention.max_records,
            names: u64::MAX,
        },
        memory_left: retention.memory(),
    };
    for id in ids.into_iter().rev() {
        if pruned.last_segment.is_some_and(|last| id <= last) {
            // Retention had evicted it before the process ended.
            writer::remove(&folder, id);
            continue;
        }
        let from = match pruned.trimmed {
            Some((trimmed, from)) if trimmed == id => from,
            _ => 0,
        };
        let contents = match recovery.read(id, from)? {
            Recovered::Segment(contents) => contents,
            Recovered::Empty(damage) => {
                notes.extend(damage.map(|damage| damage.describe()));
                writer::remove(&folder, id);
                continue;
            }
            Recovered::Foreign(why) => {
                let path = directory.join(file_name(id));
                notes.push(format!(
                    "{} was left as it is and not read: {why}",
                    path.display()
                ));
                continue;
            }
        };
        for (sequence, found) in sequences.iter_mut().zip(contents.sequences) {
            *sequence = (*sequence).max(found);
        }
        notes.extend(contents.damage.iter().map(|damage| damage.describe()));
        if contents.excess.records.total() > 0 {
            pruned = pruned.with_excess(id, &contents.excess);
            notes.push(format!(
                "{} of the oldest records in {} exceed the limits of the store and were pruned",
                contents.excess.records.total(),
                directory.join(file_name(id)).display(),
            ));
        }
        if contents.view.blocks.is_empty() {
            pruned.sequences = sequences;
            writer::remove(&folder, id);
        } else {
            segments.push(contents.view);
        }
    }
    names.sweep();
    pruned.save_if_changed(&folder)?;
    notes.reverse();
    segments.reverse();
    let active = match segments.last() {
        // Continue in the last segment, otherwise every start would add a file.
        Some(last) if is_open(last, &retention, now) => {
            Some(medium.open(&folder, &file_name(last.segment.id))?)
        }
        _ => None,
    };
    let shown = Arc::new(Shown::new(View { segments, pruned }));
    let writer = Writer {
        folder,
        retention,
        medium,
        reads,
        shown,
        active,
        sequences,
        next_segment,
    };
    Ok(Loaded { writer, notes })
}

/// Returns whether more can be appended to a segment that was read back.
fn is_open(segment: &SegmentView, retention: &Retention, now: u64) -> bool {
    segment.segment.header.created != 0 && !retention.is_full(segment, Size::default(), now)
}

fn lock(folder: &Folder) -> io::Result<()> {
    match folder.try_lock() {
        Ok(true) => Ok(()),
        Ok(false) => Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "another store has it open",
        )),
        // Some network file systems cannot lock folders.
        Err(error) => {
            tracing::debug!(exception.message = %error, "the folder of the store cannot be locked");
            Ok(())
        }
    }
}
