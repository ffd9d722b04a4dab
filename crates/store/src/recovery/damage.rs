//! The parts of a segment file that were lost.

use std::path::PathBuf;

/// A part of a segment that could not be read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) path: PathBuf,
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    /// How many records it held, if its header is intact.
    pub(crate) records: Option<u32>,
    /// Whether it was the end of the file and has been truncated.
    pub(crate) truncated: bool,
}

impl Damage {
    /// Returns a sentence about what was lost, for the log and the backend's notes.
    pub(crate) fn describe(&self) -> String {
        let records = match self.records {
            Some(1) => "1 record".to_owned(),
            Some(records) => format!("{records} records"),
            None => "an unknown number of records".to_owned(),
        };
        let what = if self.truncated {
            "truncated a torn end"
        } else {
            "skipped a damaged part"
        };
        let (bytes, offset) = (self.bytes, self.offset);
        format!(
            "{what} in {}: {bytes} bytes at {offset}, {records} lost",
            self.path.display()
        )
    }
}
