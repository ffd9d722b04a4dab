//! Prunes the archive that a collector writes: OTLP JSON lines, one file per signal.
//!
//! The collector rotates the files. Only this module removes them, and counts what it removed.

mod rotated;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs, io};

use serde::Serialize;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use self::rotated::Rotated;
use crate::clock::Clock;
use crate::config::CollectorConfig;
use crate::render::SIGNALS;

/// How often an archive is pruned.
const SWEEP: Duration = Duration::from_secs(10);

/// Limits of an archive. Files that are being written are never removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArchiveBounds {
    /// Bytes of all files together.
    pub(crate) max_bytes: u64,
    /// How long a file is kept after it was rotated.
    pub(crate) max_age: Option<Duration>,
    /// How many rotated files are kept.
    pub(crate) max_files: usize,
}

impl ArchiveBounds {
    pub(crate) fn of(config: &CollectorConfig) -> Self {
        Self {
            max_bytes: config.archive_max_bytes.as_u64(),
            max_age: (!config.archive_max_age.is_zero()).then_some(config.archive_max_age),
            max_files: config.archive_max_files,
        }
    }
}

/// The archive in a collector's folder.
///
/// # Bounds
/// It is pruned every 10 seconds, so it may exceed its limits by what arrives within that time.
#[derive(Debug)]
pub struct Archive {
    folder: PathBuf,
    bounds: ArchiveBounds,
    removed: Mutex<Removed>,
}

/// What was removed, and how often removing failed, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) failures: u64,
}

/// Size and pruning of an archive, as `/api/status` reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArchiveStatus {
    directory: PathBuf,
    /// Bytes of all files, including those that are being written.
    bytes: u64,
    files: u64,
    cap_bytes: u64,
    /// Files removed since the start of this process; so are the next two.
    pruned_files: u64,
    pruned_bytes: u64,
    /// How often a file could not be removed.
    prune_failures: u64,
}

/// The files of an archive at a moment.
#[derive(Debug, Default)]
struct Held {
    /// Oldest first.
    rotated: Vec<Rotated>,
    /// How many bytes and files are being written.
    written: u64,
    live: u64,
}

impl Held {
    fn bytes(&self) -> u64 {
        self.written + self.rotated.iter().map(|file| file.bytes).sum::<u64>()
    }
}

impl Archive {
    /// Creates a handle for the archive in `folder`, with the limits of `config`.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, config: &CollectorConfig) -> Self {
        Self::bounded(folder, ArchiveBounds::of(config))
    }

    fn bounded(folder: impl Into<PathBuf>, bounds: ArchiveBounds) -> Self {
        Self {
            folder: folder.into(),
            bounds,
            removed: Mutex::default(),
        }
    }

    /// Removes rotated files that exceed the limits at `now`, in nanoseconds since the epoch: those
    /// that are too old, then the oldest. Returns what was removed.
    ///
    /// A file that cannot be removed is logged, counted and skipped.
    pub(crate) fn prune(&self, now: u64) -> Removed {
        let held = match self.held() {
            Ok(held) => held,
            Err(error) => {
                let folder = self.folder.display();
                tracing::warn!(
                    exception.message = %error,
                    file.directory = %folder,
                    "the archive cannot be read"
                );
                return self.count(Removed {
                    failures: 1,
                    ..Removed::default()
                });
            }
        };
        let mut removed = Removed::default();
        let (mut bytes, mut files) = (held.bytes(), held.rotated.len());
        for file in &held.rotated {
            if !self.beyond(file, now, bytes, files) {
                continue;
            }
            match fs::remove_file(&file.path) {
                Ok(()) => {
                    removed.files += 1;
                    removed.bytes += file.bytes;
                }
                // Another process has removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let file = file.path.display();
                    tracing::warn!(
                        exception.message = %error,
                        file.path = %file,
                        "a file of the archive cannot be removed"
                    );
                    removed.failures += 1;
                    continue;
                }
            }
            bytes -= file.bytes;
            files -= 1;
        }
        if removed.files > 0 {
            tracing::info!(
                glassbox.otelcol.files = removed.files,
                glassbox.otelcol.bytes = removed.bytes,
                glassbox.otelcol.left_bytes = bytes,
                "the archive was pruned"
            );
        }
        self.count(removed)
    }

    /// Returns the current size and what was removed since the start.
    pub fn status(&self) -> ArchiveStatus {
        // The folder may not exist yet.
        let held = self.held().unwrap_or_default();
        let removed = *self.removed();
        ArchiveStatus {
            directory: self.folder.clone(),
            bytes: held.bytes(),
            files: held.live + held.rotated.len() as u64,
            cap_bytes: self.bounds.max_bytes,
            pruned_files: removed.files,
            pruned_bytes: removed.bytes,
            prune_failures: removed.failures,
        }
    }

    fn beyond(&self, file: &Rotated, now: u64, bytes: u64, files: usize) -> bool {
        let too_old = self.bounds.max_age.is_some_and(|age| {
            let age = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
            now.saturating_sub(file.rotated) > age
        });
        too_old || files > self.bounds.max_files || bytes > self.bounds.max_bytes
    }

    fn held(&self) -> io::Result<Held> {
        let mut held = Held::default();
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(held),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let rotated = rotated::time(name);
            if rotated.is_none() && !is_live(name) {
                continue;
            }
            // The collector writes neither links nor folders.
            let bytes = match entry.metadata() {
                Ok(metadata) if metadata.is_file() => metadata.len(),
                _ => continue,
            };
            match rotated {
                Some(rotated) => held.rotated.push(Rotated {
                    rotated,
                    path: entry.path(),
                    bytes,
                }),
                None => {
                    held.live += 1;
                    held.written += bytes;
                }
            }
        }
        held.rotated.sort();
        Ok(held)
    }

    fn count(&self, removed: Removed) -> Removed {
        let mut all = self.removed();
        all.files += removed.files;
        all.bytes += removed.bytes;
        all.failures += removed.failures;
        removed
    }

    fn removed(&self) -> MutexGuard<'_, Removed> {
        self.removed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Prunes `archive` now and then every 10 seconds, until `stop`. Spawn it on a Tokio runtime.
pub async fn look_after(archive: Arc<Archive>, clock: Clock, stop: CancellationToken) {
    let mut sweeps = interval(SWEEP);
    sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(sweeps.tick()).await.is_some() {
        let archive = Arc::clone(&archive);
        let sweep = spawn_blocking(move || archive.prune(clock()));
        if let Err(error) = sweep.await {
            tracing::error!(exception.message = %error, "pruning the archive panicked");
        }
    }
}

const EXTENSION: &str = ".jsonl";

fn is_live(name: &str) -> bool {
    let stem = name.strip_suffix(EXTENSION);
    stem.is_some_and(|stem| SIGNALS.contains(&stem))
}

#[cfg(test)]
mod tests;
