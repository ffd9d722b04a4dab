//! The account of what retention has removed, a file next to the segments.

use std::io::{self, Read, Write};

use glassbox_journal::Folder;
use serde::{Deserialize, Serialize};

use crate::frame::{Sequences, slot};
use crate::recovery::Excess;
use crate::segment::{MAX_ID, SegmentView};

const FILE: &str = "pruned.json";
const DRAFT: &str = "pruned.json.tmp";

/// The account is shorter than this.
const MOST_BYTES: u64 = 64 << 10;

/// Everything that retention has removed from this folder, across restarts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Pruned {
    /// Segment files.
    pub segments: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Spans.
    pub spans: u64,
    /// Log records.
    pub log_records: u64,
    /// Data points of metrics.
    pub data_points: u64,
    /// Results for times before this one may be incomplete.
    pub before_unix_nano: Option<u64>,
    /// Segments up to this one are removed, or will be at the next start.
    pub(crate) last_segment: Option<u64>,
    /// The sequence numbers after the last removed record, from which an empty store continues.
    pub(crate) sequences: Sequences,
    /// The oldest remaining segment, and the offset of its first frame that is not pruned.
    pub(crate) trimmed: Option<(u64, u64)>,
}

impl Pruned {
    /// Reads the account in `folder`; without a file nothing was pruned.
    pub(crate) fn load(folder: &Folder) -> io::Result<Self> {
        let file = match folder.file(FILE) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes)?;
        Ok(Self::parse(&bytes).unwrap_or_else(|| {
            tracing::warn!("the account of pruned telemetry is unreadable and was reset");
            Self::default()
        }))
    }

    /// Reads an account; `None` if its numbers are impossible.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let account: Self = serde_json::from_slice(bytes).ok()?;
        let counts = [
            account.bytes,
            account.spans,
            account.log_records,
            account.data_points,
        ];
        let is_sound = account.last_segment.unwrap_or(0) < MAX_ID
            && account.segments <= MAX_ID
            && counts
                .iter()
                .chain(&account.sequences)
                .all(|n| *n < 1 << 62);
        is_sound.then_some(account)
    }

    /// Replaces the account in `folder` if it differs.
    pub(crate) fn save_if_changed(&self, folder: &Folder) -> io::Result<()> {
        match Self::load(folder)? == *self {
            true => Ok(()),
            false => self.save(folder),
        }
    }

    /// Replaces the account atomically.
    pub(crate) fn save(&self, folder: &Folder) -> io::Result<()> {
        // A killed process may have left a draft. Remove it instead of writing to whatever is there.
        match folder.remove(DRAFT) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut draft = folder.new_file(DRAFT)?;
        draft.write_all(&serde_json::to_vec(self)?)?;
        folder.rename(DRAFT, FILE)
    }

    /// Returns the account with the oldest frames of segment `id`, which exceed the limits, added to it.
    pub(crate) fn with_excess(&self, id: u64, excess: &Excess) -> Self {
        Self {
            spans: self.spans + excess.records.spans,
            log_records: self.log_records + excess.records.log_records,
            data_points: self.data_points + excess.records.data_points,
            before_unix_nano: self.before_unix_nano.max(excess.max_time),
            trimmed: Some((id, excess.end)),
            ..self.clone()
        }
    }

    /// Returns the account with `segment` added to it.
    pub(crate) fn with(&self, segment: &SegmentView) -> Self {
        let mut sequences = self.sequences;
        for block in segment.blocks.iter() {
            let next = &mut sequences[slot(block.header.signal)];
            *next = (*next).max(block.end_sequence());
        }
        Self {
            sequences,
            segments: self.segments + 1,
            bytes: self.bytes + segment.bytes,
            spans: self.spans + segment.records.spans,
            log_records: self.log_records + segment.records.log_records,
            data_points: self.data_points + segment.records.data_points,
            // A sender's clock may be ahead; the time of arrival is the limit.
            before_unix_nano: self.before_unix_nano.max(
                segment
                    .max_time()
                    .map(|time| time.min(segment.last_received)),
            ),
            last_segment: self.last_segment.max(Some(segment.segment.id)),
            trimmed: self.trimmed,
        }
    }
}
