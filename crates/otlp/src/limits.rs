//! The bounds of a receiver.

use std::time::Duration;

/// How much a [`Receiver`](crate::Receiver) takes, and how long it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    pub(crate) request_bytes: usize,
    pub(crate) in_flight_bytes: usize,
    pub(crate) read_timeout: Duration,
    pub(crate) retry_after: Duration,
}

impl Limits {
    /// Sets the largest request in bytes, on the wire and after decompression. Default 64 MiB.
    ///
    /// # Bounds
    ///
    /// Reading stops at the limit; the answer is 413 or `RESOURCE_EXHAUSTED`, which clients do
    /// not send again.
    pub const fn request_bytes(mut self, bytes: usize) -> Self {
        self.request_bytes = bytes;
        self
    }

    /// Sets how many decompressed bytes of all requests together may be held. Default 128 MiB.
    ///
    /// The bytes of a request count from the moment they are read until it is answered. What is
    /// made of them is not counted: a message that is decoded takes some four times its bytes,
    /// and a zstd body up to 32 MiB for its window while it is read.
    ///
    /// # Bounds
    ///
    /// A request that does not fit is refused with 503 or `UNAVAILABLE` and the
    /// [`retry_after`](Self::retry_after) delay. One request of the largest size always fits when
    /// nothing else is held, even if this bound is set lower.
    pub const fn in_flight_bytes(mut self, bytes: usize) -> Self {
        self.in_flight_bytes = bytes;
        self
    }

    /// Sets how long the body of one request may take to arrive. Default 30 s.
    ///
    /// # Bounds
    ///
    /// A slower client is answered 503 or `DEADLINE_EXCEEDED`, so that a stalled one does not
    /// hold its share of [`in_flight_bytes`](Self::in_flight_bytes) for ever.
    pub const fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Sets the delay that a client is asked to wait when nothing better is known. Default 1 s.
    pub const fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = delay;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 64 << 20,
            in_flight_bytes: 128 << 20,
            read_timeout: Duration::from_secs(30),
            retry_after: Duration::from_secs(1),
        }
    }
}
