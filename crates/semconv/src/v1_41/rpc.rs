//! Remote procedure calls.
//!
//! A span is named `{rpc.method}`, the full `package.Service/Method`; without one, the system's
//! name. Its kind is server or client.

use super::{error, server};

attributes! {
    /// The RPC system: `grpc`, `jsonrpc`.
    SYSTEM_NAME = "rpc.system.name";
    /// The full method: `package.Service/Method`, or `_OTHER`.
    METHOD = "rpc.method";
    /// The method as it was sent, if [`METHOD`] differs from it.
    METHOD_ORIGINAL = "rpc.method_original";
    /// The status as a string in the system's own notation: `OK`, `UNAVAILABLE`.
    RESPONSE_STATUS_CODE = "rpc.response.status_code";
}

/// The value of [`SYSTEM_NAME`] for gRPC.
pub const GRPC: &str = "grpc";

metrics! {
    SERVER_CALL_DURATION = Histogram "rpc.server.call.duration" ["s"]
        "Duration of incoming remote procedure calls."
        { SYSTEM_NAME, METHOD, RESPONSE_STATUS_CODE, error::TYPE }
        super::http::DURATION_BUCKETS;
    CLIENT_CALL_DURATION = Histogram "rpc.client.call.duration" ["s"]
        "Duration of outgoing remote procedure calls."
        { SYSTEM_NAME, METHOD, RESPONSE_STATUS_CODE, error::TYPE, server::ADDRESS, server::PORT }
        super::http::DURATION_BUCKETS;
}
