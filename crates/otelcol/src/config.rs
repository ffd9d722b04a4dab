//! The settings of a collector.

use std::path::{Path, PathBuf};
use std::time::Duration;

use glassbox_config::ByteSize;
use glassbox_guard::Keys;

use crate::settings::{Otelcol, RemoteHeaders, endpoint_fault};

/// Settings of a collector. The fields are keys of the section `[collector]`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CollectorConfig {
    /// Which collector receives. Default `auto`.
    pub otelcol: Otelcol,
    /// A user's configuration that is layered over the rendered one. Default none.
    pub otelcol_config: Option<PathBuf>,
    /// The largest OTLP request in bytes, also after decompression. Default 64 MiB.
    pub max_request_bytes: ByteSize,
    /// The keys of the OTLP ports and of the store; the first is the one that the collector sends and
    /// requires. Default none.
    pub keys: Keys,
    /// Where the collector sends a copy of everything by OTLP/gRPC. Default nowhere.
    pub remote_endpoint: Option<String>,
    /// Whether to accept any certificate of the remote. Default false.
    pub remote_insecure: bool,
    /// Headers that the remote requires. Default none.
    pub remote_headers: RemoteHeaders,
    /// Whether to store the collector's own metrics. Default false.
    pub self_metrics: bool,
    /// Whether the collector also writes an archive of OTLP JSON lines. Default true.
    pub archive: bool,
    /// Limit in bytes of all archive files. Default 1 GiB.
    pub archive_max_bytes: ByteSize,
    /// How long an archive file is kept after it was rotated; zero is forever. Default 7 days.
    pub archive_max_age: Duration,
    /// Limit of rotated archive files. Default 100.
    pub archive_max_files: usize,
}

impl Default for CollectorConfig {
    fn default() -> Self {
        Self {
            otelcol: Otelcol::Auto,
            otelcol_config: None,
            max_request_bytes: ByteSize::mib(64),
            keys: Keys::none(),
            remote_endpoint: None,
            remote_insecure: false,
            remote_headers: RemoteHeaders::default(),
            self_metrics: false,
            archive: true,
            archive_max_bytes: ByteSize::gib(1),
            archive_max_age: Duration::from_secs(7 * 24 * 3600),
            archive_max_files: 100,
        }
    }
}

/// A file is rotated at a quarter of the limit, and must have room for a large batch.
const SMALLEST_ARCHIVE: ByteSize = ByteSize::mib(64);

impl CollectorConfig {
    /// Returns the first key with an invalid value, and what is wrong with it.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let nameless = |path: &Path| path.as_os_str().is_empty();
        if matches!(&self.otelcol, Otelcol::At(path) if nameless(path)) {
            let choices = "must be auto, off or the path of a collector";
            return Some(("otelcol", choices.to_owned()));
        }
        if self.otelcol_config.as_deref().is_some_and(nameless) {
            return Some(("otelcol_config", "must name a file".to_owned()));
        }
        if let Some(fault) = self.remote_endpoint.as_deref().and_then(endpoint_fault) {
            return Some(("remote_endpoint", fault));
        }
        if let Some(fault) = self.remote_headers.fault() {
            return Some(("remote_headers", fault));
        }
        if self.archive_max_bytes < SMALLEST_ARCHIVE {
            let reason = format!("must be at least {SMALLEST_ARCHIVE}");
            return Some(("archive_max_bytes", reason));
        }
        None
    }
}
