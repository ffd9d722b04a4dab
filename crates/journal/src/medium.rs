//! Where segments are written: the file system, or a medium that tests make fail.

use crate::folder::Folder;
use std::{fmt::Debug, fs::File, io, os::unix::fs::FileExt, sync::Arc};

/// Creates segment files.
pub(crate) trait Medium: Debug + Send + Sync {
    /// Creates a file that does not exist.
    fn create(&self, folder: &Folder, name: &str) -> io::Result<Arc<dyn SegmentFile>>;
    /// Opens a file that exists.
    fn open(&self, folder: &Folder, name: &str) -> io::Result<Arc<dyn SegmentFile>>;
}

/// A segment file that is open for writing.
pub(crate) trait SegmentFile: Debug + Send + Sync {
    /// Writes all bytes at this offset. A failed write may have written some of them.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Truncates the file.
    fn truncate(&self, len: u64) -> io::Result<()>;
    /// Makes the content durable.
    fn sync(&self) -> io::Result<()>;
    /// Returns whether the file still has a name.
    fn is_linked(&self) -> bool;
}

/// The file system.
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
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn is_linked(&self) -> bool {
        crate::folder::is_linked(self)
    }
}
