//! The bounds of a receiver.

use std::time::Duration;

/// How much a [`Receiver`](crate::Receiver) accepts, and how long it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    pub(crate) request_bytes: usize,
    pub(crate) request_memory: usize,
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

    /// Sets how much memory one request may need once it is decoded. Default 256 MiB.
    ///
    /// The cost of a request is the size of all its structs, lists and strings, the overhead of the
    /// allocator included; for JSON, the text as well. It is known before anything is built. Usual
    /// telemetry costs two to seven times its bytes: long texts less, short spans more. An empty span
    /// of two bytes costs hundreds.
    ///
    /// # Bounds
    ///
    /// The answer at the limit is 413 or `RESOURCE_EXHAUSTED`, which clients do not send again.
    pub const fn request_memory(mut self, bytes: usize) -> Self {
        self.request_memory = bytes;
        self
    }

    /// Sets how much memory all requests together may need. Default 256 MiB.
    ///
    /// A request is charged its decompressed bytes while they arrive, then its cost as of
    /// [`request_memory`](Self::request_memory) if that is more, until it is answered. The window of a zstd
    /// body, up to 32 MiB while it is read, and what a consumer allocates are not counted.
    ///
    /// # Bounds
    ///
    /// A request that does not fit is refused with 429 or `RESOURCE_EXHAUSTED`, and with the
    /// [`retry_after`](Self::retry_after) delay, after which clients send it again. It is also a
    /// limit of a single request, whatever the other limits are.
    pub const fn in_flight_bytes(mut self, bytes: usize) -> Self {
        self.in_flight_bytes = bytes;
        self
    }

    /// Sets how long the body of one request may take to arrive. Default 30 s.
    ///
    /// # Bounds
    ///
    /// A slower client gets 503 or `DEADLINE_EXCEEDED`, so that a stalled one does not hold its share of
    /// [`in_flight_bytes`](Self::in_flight_bytes) indefinitely.
    pub const fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Sets the delay that a client is asked to wait if no better value is known. Default 1 s.
    pub const fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = delay;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 64 << 20,
            request_memory: 256 << 20,
            in_flight_bytes: 256 << 20,
            read_timeout: Duration::from_secs(30),
            retry_after: Duration::from_secs(1),
        }
    }
}
