//! A piece of a file in memory, so that reading a small record does not need a system call.

use std::{fs::File, io, os::unix::fs::FileExt};

/// How much is read at once, unless a record is larger.
const SIZE: usize = 64 << 10;

/// The last piece that was read.
#[derive(Debug)]
pub(crate) struct Window {
    file: File,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    pub(crate) fn new(file: File) -> Self {
        Self {
            file,
            start: 0,
            bytes: Vec::new(),
        }
    }

    /// Returns `len` bytes at `at`, or fewer if the file or `end` comes first.
    ///
    /// # Bounds
    /// Holds `len` bytes or 64 KiB, whichever is more.
    pub(crate) fn bytes(&mut self, at: u64, len: usize, end: u64) -> io::Result<&[u8]> {
        let left = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX);
        let len = len.min(left);
        let held = at
            .checked_sub(self.start)
            .and_then(|skip| usize::try_from(skip).ok());
        let skip = match held {
            Some(skip) if skip + len <= self.bytes.len() => skip,
            _ => {
                self.fill(at, len.max(SIZE).min(left))?;
                0
            }
        };
        let until = (skip + len).min(self.bytes.len());
        Ok(&self.bytes[skip.min(until)..until])
    }

    fn fill(&mut self, at: u64, len: usize) -> io::Result<()> {
        self.start = at;
        self.bytes.resize(len, 0);
        let mut filled = 0;
        while filled < len {
            match self
                .file
                .read_at(&mut self.bytes[filled..], at + filled as u64)
            {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.bytes.clear();
                    return Err(error);
                }
            }
        }
        self.bytes.truncate(filled);
        Ok(())
    }
}
