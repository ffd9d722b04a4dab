//! Why an operation failed. Each message completes "failed to …".

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a journal was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another handle of this one, owns the journal.
    #[error("open the journal {}: it is in use{}", path.display(), by(*pid))]
    Owned {
        /// The folder.
        path: PathBuf,
        /// The owner, if its lock file names it.
        pid: Option<u32>,
    },
    /// A newer version wrote it; it was not changed.
    #[error("open the journal {}: version {version} of its format is newer than this program", path.display())]
    Newer {
        /// The folder.
        path: PathBuf,
        /// The version.
        version: u32,
    },
    /// The options contradict each other.
    #[error("open the journal: {0}")]
    Options(&'static str),
    /// The folder or a file in it cannot be used.
    #[error("open the journal {}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl OpenError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

fn by(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" by process {pid}"))
}

/// Why a record was not appended. No part of it is left in the journal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The record is larger than the limit.
    #[error("append a record of {bytes} bytes: the limit is {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The journal has reached its limit, and nothing in it may be removed.
    #[error("append to the journal: it holds {bytes} bytes and the limit is {limit}")]
    Full {
        /// The size of the journal.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The folder was removed or replaced while the journal was open.
    #[error("append to the journal {}: its folder was removed", path.display())]
    Vanished {
        /// The folder.
        path: PathBuf,
    },
    /// The write failed, for example because the disk is full.
    #[error("append to the journal")]
    Io(#[source] io::Error),
}

/// Why records are not durable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The system could not write them to the disk. They may be read until the machine stops.
    #[error("make records {first} to {last} durable")]
    Failed {
        /// The first record that is not durable.
        first: u64,
        /// The last one.
        last: u64,
        /// The system's error; absent if it was already reported to an earlier call.
        source: Option<io::Error>,
    },
    /// The folder was removed or replaced while the journal was open.
    #[error("make records durable: the folder {} was removed", path.display())]
    Vanished {
        /// The folder.
        path: PathBuf,
    },
}

/// Why an appended record is not durable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DurableError {
    /// It was not appended.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// It was appended, and a power failure may lose it.
    #[error(transparent)]
    Sync(#[from] SyncError),
}

/// Why reading a journal cannot continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A newer version wrote the next record.
    #[error("read the journal: version {0} of its format is newer than this program")]
    Newer(u32),
    /// The record is larger than `max_record` and larger than 64 MiB, which can always be read.
    #[error("read record {sequence} of the journal: it has {bytes} bytes; raise max_record")]
    TooLarge {
        /// The record.
        sequence: u64,
        /// Its size.
        bytes: u32,
    },
    /// The read failed.
    #[error("read the journal")]
    Io(#[from] io::Error),
}
