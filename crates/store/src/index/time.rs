//! Which times are usable.

/// A sender's clock may be ahead of ours by this much.
const AHEAD: u64 = 24 * 3600 * 1_000_000_000;

/// Older times are in another unit, or uninitialised: 20 years.
const BEHIND: u64 = 20 * 365 * AHEAD;

/// Returns whether a time of a record that arrived at `received` is possible.
///
/// A span that starts at zero would put its whole trace into 1970, and one in the far future would stay
/// at the top of every list.
pub(super) fn is_usable(time: u64, received: u64) -> bool {
    time != 0 && is_not_ahead(time, received) && time >= received.saturating_sub(BEHIND)
}

/// Returns whether a time is not in the future.
pub(super) fn is_not_ahead(time: u64, received: u64) -> bool {
    time <= received.saturating_add(AHEAD)
}
