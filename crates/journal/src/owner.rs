//! One owner at a time: a lock on a file in the folder, which is released when the process ends at the latest.

use crate::{OpenError, folder, folder::Folder};
use std::{
    fs::{File, TryLockError},
    io::{self, Read, Seek, Write},
};

/// The name of the lock file.
pub(crate) const LOCK: &str = "lock";

/// The lock, held by the owner.
#[derive(Debug)]
pub(crate) struct Owner(File);

impl Owner {
    /// Locks the folder for this process.
    pub(crate) fn take(folder: &Folder) -> Result<Self, OpenError> {
        let io = |source| OpenError::io(folder.path(), source);
        let file = folder.file_or_new(LOCK).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Owned {
                    path: folder.path().to_owned(),
                    pid: pid(&file),
                });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        // If another process removed the journal between our opening and locking, it removed this file as well.
        if !folder::is_linked(&file) || !folder.is_there() {
            let source = io::Error::new(io::ErrorKind::NotFound, "it was removed a moment ago");
            return Err(io(source));
        }
        let mut owner = Self(file);
        // The number is only informative, so a full disk must not prevent opening and reading the journal.
        let _ = owner.write();
        Ok(owner)
    }

    fn write(&mut self) -> io::Result<()> {
        self.0.set_len(0)?;
        self.0.rewind()?;
        write!(self.0, "{}", std::process::id())
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Closing alone would leave the lock with a forked child that has not executed its program yet. A
        // lock that cannot be released ends with the process.
        let _ = self.0.unlock();
    }
}

/// Returns the process that the lock file names.
fn pid(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
