//! HTTP servers and clients.
//!
//! A server span is named `{method} {http.route}`, a client span `{method} {url.template}`; without
//! a route or a template the name is `{method}` alone, and a method outside [`KNOWN_METHODS`] is
//! written as `HTTP`. A path never replaces a route. A server span is an error from status 500 on,
//! a client span from 400 on.

use super::{error, network, server, url};

attributes! {
    /// The method, upper case, or [`METHOD_OTHER`].
    REQUEST_METHOD = "http.request.method";
    /// The method as it was sent, if [`REQUEST_METHOD`] differs from it.
    REQUEST_METHOD_ORIGINAL = "http.request.method_original";
    /// The number of times the request was resent; absent on the first attempt (int).
    REQUEST_RESEND_COUNT = "http.request.resend_count";
    /// Size of the request body as sent, in bytes (int).
    REQUEST_BODY_SIZE = "http.request.body.size";
    /// The status code (int).
    RESPONSE_STATUS_CODE = "http.response.status_code";
    /// Size of the response body as sent, in bytes (int).
    RESPONSE_BODY_SIZE = "http.response.body.size";
    /// The matched route, as a template.
    ROUTE = "http.route";
    /// The `User-Agent` header.
    USER_AGENT_ORIGINAL = "user_agent.original";
}

/// The value of [`REQUEST_METHOD`] for a method that is not in [`KNOWN_METHODS`].
pub const METHOD_OTHER: &str = "_OTHER";

/// The methods of RFC 9110, and PATCH of RFC 5789.
pub const KNOWN_METHODS: &[&str] = &[
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

/// Bounds of the duration histograms, in seconds.
pub const DURATION_BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

metrics! {
    SERVER_REQUEST_DURATION = Histogram "http.server.request.duration" ["s"]
        "Duration of HTTP server requests."
        {
            REQUEST_METHOD, url::SCHEME, RESPONSE_STATUS_CODE, ROUTE, error::TYPE,
            network::PROTOCOL_VERSION,
        }
        DURATION_BUCKETS;
    SERVER_ACTIVE_REQUESTS = UpDownCounter "http.server.active_requests" ["{request}"]
        "HTTP server requests in flight."
        { REQUEST_METHOD, url::SCHEME };
    CLIENT_REQUEST_DURATION = Histogram "http.client.request.duration" ["s"]
        "Duration of HTTP client requests."
        {
            REQUEST_METHOD, server::ADDRESS, server::PORT, RESPONSE_STATUS_CODE, error::TYPE,
            network::PROTOCOL_VERSION,
        }
        DURATION_BUCKETS;
}
