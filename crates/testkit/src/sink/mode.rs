//! What a sink does to a request.

use glassbox_otlp::{Accepted, Refusal};

/// What an [`OtlpSink`](crate::OtlpSink) does to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkMode {
    /// Keeps it and answers so: in full, in part, or with a warning.
    Accept(Accepted),
    /// Reads it and refuses it, as the specification says for each protocol.
    Refuse(Refusal),
    /// Answers without reading it: with a status of HTTP, or of gRPC when it speaks that. No body,
    /// no details, as from a proxy on the way.
    Status {
        /// Status code of HTTP, such as 502.
        http: u16,
        /// Status code of gRPC, such as 14 for `UNAVAILABLE`.
        grpc: u16,
    },
    /// Never answers.
    Hang,
    /// Closes the connection without an answer.
    Close,
}

impl Default for SinkMode {
    fn default() -> Self {
        Self::Accept(Accepted::all())
    }
}
