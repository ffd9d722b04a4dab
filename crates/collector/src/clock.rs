//! The system's time. Only this module reads it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the time in nanoseconds since the Unix epoch.
pub(crate) fn unix_nanos() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
