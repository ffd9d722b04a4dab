//! Where segments are written: the file system, or a medium that tests make fail.

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use glassbox_journal::{Folder, is_linked};

/// Opens segment files for writing.
pub(crate) trait Medium: Debug + Send + Sync {
    /// Creates a file that does not exist.
    fn create(&self, folder: &Folder, name: &str) -> io::Result<Arc<dyn SegmentFile>>;
    /// Opens a file that exists.
    fn open(&self, folder: &Folder, name: &str) -> io::Result<Arc<dyn SegmentFile>>;
}

/// An open segment file.
pub(crate) trait SegmentFile: Debug + Send + Sync {
    /// Writes all bytes at `offset`. A failed write may have written some of them.
    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Truncates the file to `len` after a partial write.
    fn truncate(&self, len: u64) -> io::Result<()>;
    fn sync(&self) -> io::Result<()>;
    /// Returns whether the file still has a name.
    fn is_linked(&self) -> bool;
}

/// The real file system.
#[derive(Debug)]
pub(crate) struct Disk;

impl Medium for Disk {
    fn create(&self, folder: &Folder, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        Ok(Arc::new(folder.new_file(name)?))
    }

    fn open(&self, folder: &Folder, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        Ok(Arc::new(folder.file(name)?))
    }
}

impl SegmentFile for File {
    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn is_linked(&self) -> bool {
        is_linked(self)
    }
}
