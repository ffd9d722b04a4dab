//! Where segments are written: the file system, or a medium that tests make fail.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

/// Opens segment files for appending.
pub(crate) trait Medium: Debug + Send + Sync {
    /// Opens `path` for appending, creating it for this user alone.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn Appender>>;
}

/// An open segment file.
pub(crate) trait Appender: Debug + Send + Sync {
    fn append(&self, bytes: &[u8]) -> io::Result<()>;
    /// Truncates the file to `len` after a partial write.
    fn truncate(&self, len: u64) -> io::Result<()>;
    fn sync(&self) -> io::Result<()>;
}

/// The real file system.
#[derive(Debug)]
pub(crate) struct Disk;

impl Medium for Disk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn Appender>> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)?;
        Ok(Arc::new(file))
    }
}

impl Appender for File {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self;
        file.write_all(bytes)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
