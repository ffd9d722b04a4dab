//! An append-only log on disk.
//!
//! Spools of telemetry, journals of workflows, tasks and recordings are built on it. A [`Journal`] is a
//! folder of segment files with one owner. Records are framed and checksummed; each has a sequence number.
//! A record that was appended survives the end of the process; one that was made durable survives a failure
//! of the machine. A [`Reader`] reads while the owner writes, a [`Cursor`] stores the position of a reader,
//! and whole segments are removed once no cursor needs them.
//!
//! [`Folder`] opens files without following links; other stores on disk use it as well.
//!
//! | word | meaning |
//! |---|---|
//! | segment | one file of a journal, named after the sequence of its first record |
//! | sequence | the number of a record, from 1; never used twice |
//! | torn | of a record: written in part when the writer ended |
//! | doubtful | of records: a failed `fsync` leaves unknown whether they are on the disk |

#![forbid(unsafe_code)]

mod error;
mod folder;
mod frame;
mod journal;
mod medium;
mod options;
mod owner;
mod recovery;
mod segment;
mod window;

pub use error::{AppendError, DurableError, OpenError, ReadError, SyncError};
pub use folder::{Folder, is_linked};
pub use journal::{Cursor, Found, Journal, Pruned, Read, Reader, Record};
pub use options::{Options, WhenFull};
pub use recovery::Recovered;
