//! Errors of starting telemetry.

use http::uri::InvalidUri;
use std::{io, path::PathBuf};

/// Why telemetry did not start. The application can continue without it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// An endpoint such as `localhost:4318` instead of `http://localhost:4318`.
    #[error("endpoint {0:?} has no scheme; write http://{0} or https://{0}")]
    NoScheme(String),
    /// A scheme other than `http` and `https`.
    #[error("endpoint {0:?} has a scheme that OTLP does not use; write http:// or https://")]
    Scheme(String),
    /// Not a URL.
    #[error("endpoint {0:?} is not a URL")]
    Endpoint(String, #[source] InvalidUri),
    /// The port of gRPC with the protocol HTTP.
    #[error(
        "endpoint {0:?} has the port of OTLP/gRPC, but the protocol is http/protobuf; \
         use port 4318 or the protocol grpc"
    )]
    GrpcPort(String),
    /// A setting that needs a feature that is off.
    #[error(
        "the settings need the feature `{0}` of glassbox-telemetry, which this program was built without"
    )]
    Feature(&'static str),
    /// A sampling ratio that is not between 0 and 1.
    #[error("sampling_ratio is {0}; it must be between 0 (no trace) and 1 (every trace)")]
    Ratio(f64),
    /// A size or duration of zero.
    #[error("{0} is zero; it must be positive")]
    Zero(&'static str),
    /// An invalid header. The value is not shown, since it may be a secret.
    #[error("header {0:?} has an invalid name or value")]
    Header(String),
    /// An invalid filter.
    #[error("log_level {0:?} is not a filter; write info, or info,my_crate=debug")]
    Filter(String, #[source] tracing_subscriber::filter::ParseError),
    /// A file of certificates that is unreadable or contains none.
    #[error("certificate {} is not a PEM file with certificates", .0.display())]
    Certificate(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file of a client certificate that is unreadable or contains none.
    #[error("client_certificate {} is not a PEM file with certificates", .0.display())]
    ClientCertificate(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file of a private key that is unreadable or contains none.
    #[error("client_key {} is not a PEM file with a private key", .0.display())]
    ClientKey(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// A certificate and a key that do not match.
    #[error(
        "client_certificate {} and client_key {} do not match",
        .certificate.display(), .key.display()
    )]
    ClientPair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A client certificate without its key, or a key without its certificate.
    #[error("{0} is set and {1} is not; a client certificate needs both")]
    Half(&'static str, &'static str),
    /// TLS cannot be set up.
    #[error("TLS could not be set up")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The thread cannot be started.
    #[error("the thread that sends telemetry could not be started")]
    Thread(#[source] io::Error),
    /// Telemetry was installed before.
    #[error(transparent)]
    Installed(#[from] glassbox_core::telemetry::AlreadyInstalled),
}

impl InitError {
    /// The key of the invalid setting.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::NoScheme(_) | Self::Scheme(_) | Self::Endpoint(..) | Self::GrpcPort(_) => {
                "endpoint"
            }
            Self::Feature("grpc") => "protocol",
            Self::Feature("gzip" | "zstd") => "compression",
            Self::Feature("tracing-opentelemetry") => "tracing_layer",
            Self::Feature(_) | Self::Tls(_) => "endpoint",
            Self::Certificate(..) => "certificate",
            Self::ClientCertificate(..) | Self::ClientPair { .. } => "client_certificate",
            Self::ClientKey(..) => "client_key",
            Self::Half(key, _) => key,
            Self::Ratio(_) => "sampling_ratio",
            Self::Zero(key) => key,
            Self::Header(_) => "headers",
            Self::Filter(..) => "log_level",
            Self::Thread(_) | Self::Installed(_) => "enabled",
        }
    }
}
