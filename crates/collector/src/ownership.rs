//! The lock of a data folder: it has one owner at a time.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use glassbox_journal::Folder;
use glassbox_otelcol::FOLDER;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::endpoints::Endpoints;

const LOCK: &str = "lock";

/// The folder of the store in the data folder.
pub(crate) const SEGMENTS: &str = "segments";

const OWNER_ONLY: u32 = 0o700;

/// A lock file is shorter than this.
const LONGEST_LOCK: u64 = 64 << 10;

/// The lock of a data folder, held until dropped. The system releases it when the process ends.
#[derive(Debug)]
pub struct Ownership {
    directory: PathBuf,
    /// Locked as well.
    folder: Folder,
    lock: File,
    /// The previous owner, if it did not release the folder because it was killed.
    predecessor: Option<Owner>,
}

/// The owner of a data folder, from its lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Owner {
    /// The process id.
    pub pid: u32,
    /// When it locked the folder, in nanoseconds since the epoch.
    pub started_unix_nano: u64,
    /// Where it listens, once it is running.
    pub endpoints: Option<Endpoints>,
}

/// Why a data folder could not be locked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OwnershipError {
    /// Another process uses it.
    #[error("the data folder {} is in use{}; stop it or choose another folder", directory.display(), By(owner))]
    Owned {
        /// The folder.
        directory: PathBuf,
        /// The owner, if the lock file names it.
        owner: Option<Owner>,
    },
    /// It cannot be created, read or written.
    #[error("the data folder {} cannot be used; choose a folder that is writable", directory.display())]
    Unusable {
        /// The folder.
        directory: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// The owner as part of a sentence.
struct By<'a>(&'a Option<Owner>);

impl std::fmt::Display for By<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(owner) = self.0 else { return Ok(()) };
        write!(f, " by process {}", owner.pid)?;
        match &owner.endpoints {
            Some(endpoints) => write!(f, " (page {})", endpoints.page()),
            None => Ok(()),
        }
    }
}

impl Ownership {
    /// Locks `directory` for this process, creating it with mode 0700 if it is missing.
    ///
    /// An existing folder with other files, or of another user, keeps its mode; files of the backend are
    /// readable by their owner only in any case. No link is followed, except in the path above the
    /// folder.
    ///
    /// # Errors
    /// Fails if another process has locked the folder, whatever path it uses, or if it cannot be used:
    /// for example because the folder or its lock file is a link.
    pub fn take(directory: &Path, started_unix_nano: u64) -> Result<Self, OwnershipError> {
        let unusable = |source| OwnershipError::Unusable {
            directory: directory.to_owned(),
            source,
        };
        let folder = Folder::create_shared(directory).map_err(unusable)?;
        let owned = |lock: Option<&File>| OwnershipError::Owned {
            directory: directory.to_owned(),
            owner: lock.and_then(read_owner),
        };
        match folder.try_lock() {
            Ok(true) => {}
            // The lock is on the folder itself, so it also applies under another path, and after the lock
            // file was deleted.
            Ok(false) => return Err(owned(folder.file(LOCK).ok().as_ref())),
            // Some network file systems cannot lock folders; the lock file remains.
            Err(error) => tracing::debug!(
                exception.message = %error,
                "the data folder itself cannot be locked"
            ),
        }
        close_to_others(&folder).map_err(unusable)?;
        let lock = folder.file_or_new(LOCK).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(owned(Some(&lock))),
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        if is_foreign(&lock).map_err(unusable)? {
            let what = "the file 'lock' in it is not a backend's and is left as it is";
            return Err(unusable(io::Error::new(io::ErrorKind::InvalidInput, what)));
        }
        if !folder.is_there() || !folder.holds(LOCK, &lock) {
            let what = "it was deleted a moment ago";
            return Err(unusable(io::Error::new(io::ErrorKind::NotFound, what)));
        }
        let predecessor = read_owner(&lock);
        let ownership = Self {
            directory: directory.to_owned(),
            folder,
            lock,
            predecessor,
        };
        let owner = Owner {
            pid: std::process::id(),
            started_unix_nano,
            endpoints: None,
        };
        ownership.write(&owner).map_err(unusable)?;
        Ok(ownership)
    }

    /// Writes to the lock file where this process listens.
    pub(crate) fn announce(&self, started: u64, endpoints: Endpoints) -> io::Result<()> {
        let (pid, endpoints) = (std::process::id(), Some(endpoints));
        self.write(&Owner {
            pid,
            started_unix_nano: started,
            endpoints,
        })
    }

    /// Unlocks the folder and clears the lock file.
    pub(crate) fn release(&self) -> io::Result<()> {
        self.lock.set_len(0)?;
        self.lock.unlock()?;
        self.folder.unlock()
    }

    /// Returns the OTLP ports of a previous owner that was killed: its collector may hold them a
    /// little longer.
    pub(crate) fn left_behind(&self) -> Vec<u16> {
        let endpoints = self
            .predecessor
            .iter()
            .filter_map(|owner| owner.endpoints.as_ref());
        let urls = endpoints.flat_map(|endpoints| [endpoints.grpc(), endpoints.http()]);
        urls.filter_map(|url| url.rsplit(':').next()?.parse().ok())
            .collect()
    }

    /// Returns the folder.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn write(&self, owner: &Owner) -> io::Result<()> {
        let bytes = serde_json::to_vec(owner)?;
        let mut lock = &self.lock;
        lock.set_len(0)?;
        lock.rewind()?;
        lock.write_all(&bytes)
    }
}

/// Makes a folder of the backend inaccessible to other users.
fn close_to_others(folder: &Folder) -> io::Result<()> {
    if folder.mode()? & 0o077 != 0 && folder.is_ours()? && has_only_ours(folder)? {
        folder.set_mode(OWNER_ONLY)?;
    }
    Ok(())
}

/// Returns whether a folder contains only files of the backend.
fn has_only_ours(folder: &Folder) -> io::Result<bool> {
    let is_named = folder
        .path()
        .file_name()
        .is_some_and(|name| name == ".glassbox");
    let ours = [".", "..", LOCK, SEGMENTS, FOLDER];
    Ok(is_named
        || folder
            .names()?
            .iter()
            .all(|name| ours.contains(&name.as_str())))
}

/// Returns whether another program wrote the lock file. A partly written one belongs to the backend.
fn is_foreign(lock: &File) -> io::Result<bool> {
    let mut first = [0; 1];
    let read = lock.read_at(&mut first, 0)?;
    Ok(read > 0 && first != *b"{" || lock.metadata()?.len() > LONGEST_LOCK)
}

fn read_owner(lock: &File) -> Option<Owner> {
    let mut text = String::new();
    lock.take(LONGEST_LOCK).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_did_not_give_the_folder_up_has_left_ports_behind() {
        let folder = tempfile::tempdir().unwrap();
        let take = || Ownership::take(folder.path(), 1).unwrap();
        let [grpc, http, page] = [4319, 4320, 4380].map(|port| ([127, 0, 0, 1], port).into());
        let announced = |owner: &Ownership| owner.announce(1, Endpoints::new(grpc, http, page));

        let first = take();
        assert!(first.left_behind().is_empty());
        announced(&first).unwrap();
        drop(first);
        let second = take();
        assert_eq!(second.left_behind(), [4319, 4320]);
        announced(&second).unwrap();
        second.release().unwrap();
        assert!(take().left_behind().is_empty());
    }
}
