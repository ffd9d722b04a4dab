//! Why telemetry did not start.

use http::uri::InvalidUri;
use std::{io, path::PathBuf};

/// Why telemetry did not start; the application goes on without it, or ends, as it likes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// `localhost:4318` instead of `http://localhost:4318`.
    #[error("endpoint {0:?} has no scheme; write http://{0} or https://{0}")]
    NoScheme(String),
    /// Neither `http` nor `https`.
    #[error("endpoint {0:?} has a scheme that OTLP does not use; write http:// or https://")]
    Scheme(String),
    /// Not a URL.
    #[error("endpoint {0:?} is not a URL")]
    Endpoint(String, #[source] InvalidUri),
    /// HTTP to the port that is gRPC's.
    #[error(
        "endpoint {0:?} has the port of OTLP/gRPC, and the protocol is http/protobuf; \
         use port 4318, or protocol grpc"
    )]
    GrpcPort(String),
    /// What the settings ask for was not compiled in.
    #[error("the settings need feature `{0}` of glassbox-telemetry, which this program lacks")]
    Feature(&'static str),
    /// Not a share.
    #[error("sampling_ratio is {0}; it must be between 0 (no trace) and 1 (every trace)")]
    Ratio(f64),
    /// A size or a time that must not be zero.
    #[error("{0} is zero; it must be positive")]
    Zero(&'static str),
    /// A header that HTTP does not allow. The value is not shown: it may be a secret.
    #[error("header {0:?} has a name or a value that HTTP does not allow")]
    Header(String),
    /// A filter that is not one.
    #[error("log_level {0:?} is not a filter; write it as info or info,my_crate=debug")]
    Filter(String, #[source] tracing_subscriber::filter::ParseError),
    /// A file of certificates that cannot be read, or has none in it.
    #[error("certificate {} is not a file with certificates in PEM", .0.display())]
    Certificate(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file of a client certificate that cannot be read, or has none in it.
    #[error("client_certificate {} is not a file with certificates in PEM", .0.display())]
    ClientCertificate(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file of a private key that cannot be read, or has none in it.
    #[error("client_key {} is not a file with a private key in PEM", .0.display())]
    ClientKey(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// A certificate and a key that do not belong together.
    #[error(
        "client_certificate {} and client_key {} do not make a pair",
        .certificate.display(), .key.display()
    )]
    ClientPair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong with them.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// One half of a client's certificate and key.
    #[error("{0} is set and {1} is not; a client shows a certificate and has its key")]
    Half(&'static str, &'static str),
    /// No certificate authority to trust.
    #[error("TLS could not be set up")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No thread for the I/O.
    #[error("the thread that sends telemetry could not be started")]
    Thread(#[source] io::Error),
    /// Something else was installed before.
    #[error(transparent)]
    Installed(#[from] glassbox_core::telemetry::AlreadyInstalled),
}

impl InitError {
    /// The key of the setting that is wrong.
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
