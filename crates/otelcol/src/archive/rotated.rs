//! Files that the collector has rotated, recognised by their names.

use std::path::PathBuf;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::EXTENSION;
use crate::render::SIGNALS;

/// A rotated file. Older files are less.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rotated {
    /// When, in nanoseconds since the epoch.
    pub(super) rotated: u64,
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

/// As long as `2006-01-02T15-04-05.000`.
const TIME: usize = 23;

/// Returns when a file was rotated, by its name: `traces-2006-01-02T15-04-05.000.jsonl` as
/// lumberjack names it, and with a reason (`…05.000-size.jsonl`) as timberjack does.
pub(super) fn time(name: &str) -> Option<u64> {
    let (signal, rest) = name.strip_suffix(EXTENSION)?.split_once('-')?;
    if !SIGNALS.contains(&signal) {
        return None;
    }
    let (time, reason) = rest.split_at_checked(TIME)?;
    let word = |reason: &str| !reason.is_empty() && reason.bytes().all(|b| b.is_ascii_lowercase());
    if !reason.is_empty() && !reason.strip_prefix('-').is_some_and(word) {
        return None;
    }
    let time = DateTime::strptime("%Y-%m-%dT%H-%M-%S%.3f", time).ok()?;
    let time = time.to_zoned(TimeZone::UTC).ok()?.timestamp();
    u64::try_from(time.as_nanosecond()).ok()
}
