//! The position of a reader, in a file that is replaced as a whole.

use super::Inner;
use crate::{folder::Folder, segment::LIMIT};
use std::{
    fmt,
    io::{self, Read, Write},
    os::unix::fs::FileExt,
    sync::{Arc, Mutex, PoisonError},
};

const SUFFIX: &str = ".cursor";
const MAGIC: [u8; 4] = *b"GBJC";
const SIZE: usize = 16;

/// How the position of a cursor was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// The cursor is new: it is at the oldest record.
    New,
    /// The cursor is at its saved position.
    Kept,
    /// Its file could not be read: it is at the oldest record, so records may be read again.
    Damaged,
    /// It was ahead of the journal, whose end was lost in a power failure: it is at the end.
    Ahead,
}

/// A named position, kept across restarts. Retention does not pass it.
///
/// Acknowledge records only after they were processed: records that were processed but not acknowledged are
/// read again after a crash (at least once).
pub struct Cursor {
    inner: Arc<Inner>,
    name: String,
    found: Found,
    position: Mutex<u64>,
}

impl Cursor {
    pub(super) fn new(inner: Arc<Inner>, name: String, position: u64, found: Found) -> Self {
        Self {
            inner,
            name,
            found,
            position: Mutex::new(position),
        }
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns how its position was determined when it was opened.
    pub fn found(&self) -> Found {
        self.found
    }

    /// Returns the sequence of the first record that is not acknowledged.
    pub fn position(&self) -> u64 {
        *self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Acknowledges all records up to and including `sequence`. A cursor never goes back, and never beyond the end.
    ///
    /// # Durability
    /// Survives the end of the process. After a power failure the cursor may be at an earlier position. On
    /// a full disk the file is overwritten in place, so that segments can be pruned.
    ///
    /// # Errors
    /// Fails if the file cannot be written; the position in memory is then unchanged as well.
    pub fn acknowledge(&self, sequence: u64) -> io::Result<()> {
        let mut position = self.position.lock().unwrap_or_else(PoisonError::into_inner);
        let next = sequence.saturating_add(1).min(self.inner.end());
        if next > *position {
            save(&self.inner.folder, &self.name, next)?;
            *position = next;
            self.inner.moved(&self.name, next);
        }
        Ok(())
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor")
            .field("name", &self.name)
            .field("position", &self.position())
            .field("found", &self.found)
            .finish_non_exhaustive()
    }
}

/// Returns whether this is a valid name of a cursor, which becomes a file's name.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.len() <= 64 && name.bytes().all(plain)
}

/// Returns the name of the cursor to which a file belongs.
pub(super) fn name_of(file: &str) -> Option<&str> {
    file.strip_suffix(SUFFIX).filter(|name| is_name(name))
}

/// Returns the files of a cursor: its own, and the one that replaces it.
pub(super) fn files(name: &str) -> [String; 2] {
    [format!("{name}{SUFFIX}"), temporary(name)]
}

fn temporary(name: &str) -> String {
    format!("{name}{SUFFIX}.new")
}

pub(super) fn save(folder: &Folder, name: &str, position: u64) -> io::Result<()> {
    let mut bytes = [0; SIZE];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4..12].copy_from_slice(&position.to_le_bytes());
    let checksum = crc32fast::hash(&bytes[..12]);
    bytes[12..].copy_from_slice(&checksum.to_le_bytes());
    match replace(folder, name, &bytes) {
        // On a full disk, segments can be pruned, and room freed, only if cursors move.
        Err(error) if is_full(&error) => overwrite(folder, name, &bytes).map_err(|_| error),
        replaced => replaced,
    }
}

fn replace(folder: &Folder, name: &str, bytes: &[u8; SIZE]) -> io::Result<()> {
    let temporary = temporary(name);
    let mut file = folder.file_or_new(&temporary)?;
    file.set_len(0)?;
    file.write_all(bytes)?;
    folder.rename(&temporary, &format!("{name}{SUFFIX}"))
}

/// Overwrites the cursor's file, which already has its block on disk. A power failure may damage it; the
/// records are then read again.
fn overwrite(folder: &Folder, name: &str, bytes: &[u8; SIZE]) -> io::Result<()> {
    let file = folder.file(&format!("{name}{SUFFIX}"))?;
    file.write_all_at(bytes, 0)?;
    file.set_len(SIZE as u64)
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Returns the position in a cursor's file; `None` if the file is damaged.
pub(super) fn load(folder: &Folder, name: &str) -> io::Result<Option<u64>> {
    let mut bytes = Vec::with_capacity(SIZE + 1);
    let file = folder.file(&format!("{name}{SUFFIX}"))?;
    file.take(SIZE as u64 + 1).read_to_end(&mut bytes)?;
    let Ok(bytes) = <[u8; SIZE]>::try_from(bytes) else {
        return Ok(None);
    };
    let checksum = crc32fast::hash(&bytes[..12]).to_le_bytes();
    if bytes[..4] != MAGIC || bytes[12..] != checksum {
        return Ok(None);
    }
    let mut position = [0; 8];
    position.copy_from_slice(&bytes[4..12]);
    let position = u64::from_le_bytes(position);
    Ok((position < LIMIT).then_some(position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_that_is_written_over_in_place_is_read_back() {
        let path = tempfile::tempdir().unwrap();
        let folder = Folder::open(path.path()).unwrap();
        save(&folder, "a", 7).unwrap();
        save(&folder, "b", 9).unwrap();
        let bytes = std::fs::read(path.path().join("b.cursor")).unwrap();
        overwrite(&folder, "a", &bytes.try_into().unwrap()).unwrap();
        assert_eq!(load(&folder, "a").unwrap(), Some(9));
        // A file that does not exist needs room that the disk does not have.
        overwrite(&folder, "c", &[0; SIZE]).unwrap_err();
        assert!(!path.path().join("c.cursor").exists());
    }
}
