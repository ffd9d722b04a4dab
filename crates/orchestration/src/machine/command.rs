//! The machine's commands to its driver.

use crate::EntryKind;
use serde_json::Value;

/// A command of the machine to its driver.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// Append this entry: the machine decided something.
    Append(EntryKind),
    /// Append [`EntryKind::AttemptStarted`]; once it is durable, make the call and append its outcome.
    #[non_exhaustive]
    Call {
        /// The step.
        step: String,
        /// The attempt's number, from one.
        attempt: u32,
        /// The idempotency key, the same for all attempts of the step.
        key: String,
        /// The input of the call.
        input: Value,
    },
    /// Wait, then append [`EntryKind::TimerFired`].
    #[non_exhaustive]
    Wait {
        /// The step.
        step: String,
        /// The attempt that follows.
        attempt: u32,
        /// When the wait ends: nanoseconds since the Unix epoch.
        until_unix_nano: u64,
    },
}
