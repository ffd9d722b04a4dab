//! What a receiver counts.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::{RejectedReason, Signal};

/// Counters of a [`Receiver`](crate::Receiver), never reset.
#[derive(Debug, Default)]
pub struct ReceiverStats {
    signals: [SignalCounters; Signal::ALL.len()],
    rejected: [AtomicU64; RejectedReason::ALL.len()],
    refused: [AtomicU64; RefusedReason::ALL.len()],
}

#[derive(Debug, Default)]
struct SignalCounters {
    requests: AtomicU64,
    bytes: AtomicU64,
    received: AtomicU64,
    accepted: AtomicU64,
    rejected: AtomicU64,
    mended: AtomicU64,
}

impl ReceiverStats {
    /// Reads all counters; a request that is just being counted may be in only some of them.
    #[must_use]
    pub fn snapshot(&self) -> StatsSnapshot {
        StatsSnapshot {
            traces: self.signal(Signal::Traces),
            metrics: self.signal(Signal::Metrics),
            logs: self.signal(Signal::Logs),
            rejected: RejectedReason::ALL
                .map(|reason| (reason, load(&self.rejected[reason as usize])))
                .to_vec(),
            refused: RefusedReason::ALL
                .map(|reason| (reason, load(&self.refused[reason as usize])))
                .to_vec(),
        }
    }

    /// Returns how many records were rejected for the reason.
    #[must_use]
    pub fn rejected(&self, reason: RejectedReason) -> u64 {
        load(&self.rejected[reason as usize])
    }

    /// Returns how many requests were refused for the reason.
    #[must_use]
    pub fn refused(&self, reason: RefusedReason) -> u64 {
        load(&self.refused[reason as usize])
    }

    /// Returns the counters of one signal.
    #[must_use]
    pub fn signal(&self, signal: Signal) -> SignalStats {
        let counters = &self.signals[signal as usize];
        SignalStats {
            requests: load(&counters.requests),
            bytes: load(&counters.bytes),
            received: load(&counters.received),
            accepted: load(&counters.accepted),
            rejected: load(&counters.rejected),
            mended: load(&counters.mended),
        }
    }

    pub(crate) fn count_received(&self, signal: Signal, bytes: usize, records: u64) {
        let counters = &self.signals[signal as usize];
        add(&counters.requests, 1);
        add(&counters.bytes, bytes as u64);
        add(&counters.received, records);
    }

    pub(crate) fn count_accepted(&self, signal: Signal, records: u64) {
        add(&self.signals[signal as usize].accepted, records);
    }

    pub(crate) fn count_rejected(&self, signal: Signal, reason: RejectedReason, records: u64) {
        add(&self.signals[signal as usize].rejected, records);
        add(&self.rejected[reason as usize], records);
    }

    pub(crate) fn count_mended(&self, signal: Signal, strings: u64) {
        add(&self.signals[signal as usize].mended, strings);
    }

    pub(crate) fn count_refused(&self, reason: RefusedReason) {
        add(&self.refused[reason as usize], 1);
    }
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

/// The counters of a receiver at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StatsSnapshot {
    /// Of spans.
    pub traces: SignalStats,
    /// Of metric data points.
    pub metrics: SignalStats,
    /// Of log records.
    pub logs: SignalStats,
    /// Single records that were rejected while the rest of their request was taken.
    #[serde(serialize_with = "as_map")]
    pub rejected: Vec<(RejectedReason, u64)>,
    /// Whole requests that were refused.
    #[serde(serialize_with = "as_map")]
    pub refused: Vec<(RefusedReason, u64)>,
}

fn as_map<S, K>(pairs: &[(K, u64)], serializer: S) -> Result<S::Ok, S::Error>
where
    S: serde::Serializer,
    K: Serialize,
{
    serializer.collect_map(pairs.iter().map(|(reason, count)| (reason, count)))
}

/// The counters of one signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SignalStats {
    /// Requests that were decoded.
    pub requests: u64,
    /// Their decompressed bytes.
    pub bytes: u64,
    /// Records in them.
    pub received: u64,
    /// Records that the consumer took.
    pub accepted: u64,
    /// Records that were rejected for good.
    pub rejected: u64,
    /// Strings that were not valid Unicode, and were kept with U+FFFD for what was invalid in them.
    pub mended: u64,
}

/// Why a whole request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefusedReason {
    /// Larger than the request limit, on the wire or after decompression.
    TooLarge,
    /// Would need more memory than the limit of one request when it is decoded.
    TooCostly,
    /// Did not fit into the memory of all requests in flight.
    InFlight,
    /// The body took too long to arrive.
    SlowBody,
    /// The client disconnected in the middle of the body.
    Aborted,
    /// Not a path of OTLP.
    Path,
    /// Not a POST.
    Method,
    /// A content type other than protobuf and JSON.
    ContentType,
    /// A compression that the receiver does not support.
    Encoding,
    /// Compressed data that does not decompress.
    Corrupt,
    /// Not an OTLP message of the signal.
    Malformed,
    /// Well-formed, but without a single valid record.
    NothingValid,
    /// Refused by the consumer as too much.
    Overloaded,
    /// Refused by the consumer, which cannot keep anything now.
    Unavailable,
    /// Refused by the consumer as wrong.
    Invalid,
    /// Refused by the consumer for lack of permission.
    Denied,
    /// The consumer failed.
    Internal,
}

impl RefusedReason {
    /// All reasons.
    pub const ALL: [Self; 17] = [
        Self::TooLarge,
        Self::TooCostly,
        Self::InFlight,
        Self::SlowBody,
        Self::Aborted,
        Self::Path,
        Self::Method,
        Self::ContentType,
        Self::Encoding,
        Self::Corrupt,
        Self::Malformed,
        Self::NothingValid,
        Self::Overloaded,
        Self::Unavailable,
        Self::Invalid,
        Self::Denied,
        Self::Internal,
    ];
}

#[cfg(test)]
mod tests {
    use super::RefusedReason;
    use crate::{RejectedReason, Signal};

    #[test]
    fn every_counter_has_its_own_place() {
        // The variants index the arrays of counters.
        assert!(
            Signal::ALL
                .iter()
                .enumerate()
                .all(|(at, signal)| *signal as usize == at)
        );
        assert!(
            RejectedReason::ALL
                .iter()
                .enumerate()
                .all(|(at, reason)| *reason as usize == at)
        );
        assert!(
            RefusedReason::ALL
                .iter()
                .enumerate()
                .all(|(at, reason)| *reason as usize == at)
        );
    }
}
