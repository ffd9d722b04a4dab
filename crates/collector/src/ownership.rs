//! The lock of a data folder: it has one owner at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use glassbox_otelcol::FOLDER;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::endpoints::Endpoints;

const LOCK: &str = "lock";

/// The folder of the store in the data folder.
pub(crate) const SEGMENTS: &str = "segments";

const OWNER_ONLY: u32 = 0o700;

/// The lock of a data folder, held until dropped. The system releases it when the process ends.
#[derive(Debug)]
pub struct Ownership {
    directory: PathBuf,
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
    /// An existing folder with other files keeps its mode; files of the backend are readable by
    /// their owner only in any case.
    ///
    /// # Errors
    /// Fails if another process has locked the folder, or if it cannot be used.
    pub fn take(directory: &Path, started_unix_nano: u64) -> Result<Self, OwnershipError> {
        let unusable = |source| OwnershipError::Unusable {
            directory: directory.to_owned(),
            source,
        };
        create(directory).map_err(unusable)?;
        let path = directory.join(LOCK);
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600);
        let lock = options.open(path).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let (directory, owner) = (directory.to_owned(), read_owner(&lock));
                return Err(OwnershipError::Owned { directory, owner });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        let predecessor = read_owner(&lock);
        let ownership = Self {
            directory: directory.to_owned(),
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
        self.lock.unlock()
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

fn create(directory: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(OWNER_ONLY)
        .create(directory)?;
    let mode = fs::metadata(directory)?.permissions().mode();
    if mode & 0o077 != 0 && is_ours(directory)? {
        fs::set_permissions(directory, Permissions::from_mode(OWNER_ONLY))?;
    }
    Ok(())
}

/// Returns whether a folder contains only files of the backend.
fn is_ours(directory: &Path) -> io::Result<bool> {
    if directory
        .file_name()
        .is_some_and(|name| name == ".glassbox")
    {
        return Ok(true);
    }
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        if ![LOCK, SEGMENTS, FOLDER]
            .into_iter()
            .any(|ours| name == ours)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn read_owner(mut lock: &File) -> Option<Owner> {
    let mut text = String::new();
    lock.read_to_string(&mut text).ok()?;
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
