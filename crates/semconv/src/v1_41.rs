//! OpenTelemetry semantic conventions 1.41.1, except generative AI.

pub mod code;
pub mod db;
pub mod error;
pub mod exception;
pub mod http;
pub mod network;
pub mod otel;
pub mod resource;
pub mod rpc;
pub mod server;
pub mod session;
pub mod url;

/// The schema URL of these conventions, for resources and scopes.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.41.1";
