//! The addresses and the folder of one run of a collector.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The addresses and the folder of one run of a collector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Where it receives OTLP/gRPC.
    pub(crate) grpc: SocketAddr,
    /// Where it receives OTLP/HTTP.
    pub(crate) http: SocketAddr,
    /// The private OTLP/HTTP receiver to which it sends everything.
    pub(crate) store: SocketAddr,
    /// Where its `health_check` extension answers.
    pub(crate) health: SocketAddr,
    /// Where its `zpages` extension answers.
    pub(crate) zpages: SocketAddr,
    /// Its folder in the data folder, for the configuration and the archive.
    pub(crate) data: PathBuf,
}

impl Plan {
    /// Returns the file that the configuration is rendered to.
    pub(crate) fn config(&self) -> PathBuf {
        self.data.join("collector.yaml")
    }

    /// Returns the copy of the user's configuration.
    pub(crate) fn layer(&self) -> PathBuf {
        self.data.join("collector.layer.yaml")
    }
}

/// The name of the collector's folder in a data folder.
pub const FOLDER: &str = "otel";

/// Returns the absolute path of the collector's folder in a data folder.
///
/// # Errors
/// Fails if the working folder cannot be determined.
pub fn folder_in(data_dir: &Path) -> io::Result<PathBuf> {
    Ok(std::path::absolute(data_dir)?.join(FOLDER))
}
