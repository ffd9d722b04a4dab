//! How a sink handles a request.

use glassbox_otlp::{Accepted, Refusal};

/// How an [`OtlpSink`](crate::OtlpSink) handles a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkMode {
    /// Keeps it and returns this response: full or partial success, or a warning.
    Accept(Accepted),
    /// Reads and rejects it, as the specification defines for each protocol.
    Refuse(Refusal),
    /// Answers without reading it: with an HTTP status, or a gRPC status if the client uses gRPC. No body and
    /// no details, as from a proxy on the way.
    Status {
        /// The HTTP status code, such as 502.
        http: u16,
        /// The gRPC status code, such as 14 for `UNAVAILABLE`.
        grpc: u16,
    },
    /// Never answers.
    Hang,
    /// Closes the connection without a response.
    Close,
}

impl Default for SinkMode {
    fn default() -> Self {
        Self::Accept(Accepted::all())
    }
}
