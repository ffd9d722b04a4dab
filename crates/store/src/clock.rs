//! The time of the system, which the application passes in.

/// Returns the time in nanoseconds since the Unix epoch.
pub type Clock = fn() -> u64;
