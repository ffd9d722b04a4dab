//! The account of what retention has removed, kept beside the segments.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::frame::{Sequences, slot};
use crate::segment::{MAX_ID, SegmentView};

const FILE: &str = "pruned.json";

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
}

impl Pruned {
    /// Reads the account in `directory`; without a file nothing was pruned.
    pub(crate) fn load(directory: &Path) -> io::Result<Self> {
        match fs::read(directory.join(FILE)) {
            Ok(bytes) => Ok(Self::parse(&bytes).unwrap_or_else(|| {
                tracing::warn!("the account of pruned telemetry is unreadable and was reset");
                Self::default()
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
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

    /// Replaces the account atomically.
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
            // A sender's clock may be ahead; the time of arrival is the limit.
            before_unix_nano: self.before_unix_nano.max(
                segment
                    .max_time()
                    .map(|time| time.min(segment.last_received)),
            ),
            last_segment: self.last_segment.max(Some(segment.segment.id)),
        }
    }
}
