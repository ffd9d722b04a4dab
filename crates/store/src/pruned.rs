//! What retention has removed, kept beside the segments so that it survives a restart.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::frame::{Sequences, slot};
use crate::segment::{MAX_ID, SegmentView};

const FILE: &str = "pruned.json";

/// The sum of everything that retention has removed from this data folder.
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
    /// Answers about times before this one may be incomplete.
    pub before_unix_nano: Option<u64>,
    /// Segments up to this one are gone, or are to go at the next start.
    pub(crate) last_segment: Option<u64>,
    /// The numbers behind the last record removed: they go on when nothing else is left.
    pub(crate) sequences: Sequences,
}

impl Pruned {
    /// Reads the account of `directory`; a folder without one has pruned nothing.
    pub(crate) fn load(directory: &Path) -> io::Result<Self> {
        match fs::read(directory.join(FILE)) {
            Ok(bytes) => Ok(Self::parse(&bytes).unwrap_or_else(|| {
                tracing::warn!("the account of pruned telemetry is unreadable; it starts anew");
                Self::default()
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Reads an account; `None` of one that nobody can have come to.
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

    /// Writes the account; a crash leaves the earlier or the new one, never half of one.
    pub(crate) fn save(&self, directory: &Path) -> io::Result<()> {
        let draft = directory.join("pruned.json.tmp");
        let bytes = serde_json::to_vec(self)?;
        fs::write(&draft, bytes)?;
        fs::rename(draft, directory.join(FILE))
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
            // A sender's clock may run ahead: nothing is newer than its arrival.
            before_unix_nano: self.before_unix_nano.max(
                segment
                    .max_time()
                    .map(|time| time.min(segment.last_received)),
            ),
            last_segment: self.last_segment.max(Some(segment.segment.id)),
        }
    }
}
