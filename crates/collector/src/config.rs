//! The settings of the backend: section `[collector]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use glassbox_config::{ByteSize, Environment, Invalid, Section, Variable};
use serde::{Deserialize, Serialize};

use crate::listen::Listen;
use crate::otelcol::Shim;

/// How the backend is set up. The default listens on loopback and keeps 1 GiB in `.glassbox`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BackendConfig {
    /// Whether a backend may be started at all. Default true.
    pub enabled: bool,
    /// The data folder, created for this user alone. Default `.glassbox`.
    pub data_dir: PathBuf,
    /// Where OTLP/gRPC is received. Unset: 127.0.0.1:4317, or the next free pair of ports.
    pub grpc: Option<Listen>,
    /// Where OTLP/HTTP is received. Unset: 127.0.0.1:4318, or the next free pair of ports.
    pub http: Option<Listen>,
    /// Where the page and the API are served. Unset: 127.0.0.1:4380, or the next free port.
    pub page: Option<Listen>,
    /// Names other than loopback ones that a `Host` header may carry. Default none.
    pub allowed_hosts: Vec<String>,
    /// How many bytes of telemetry are kept on disk; the oldest goes first. Default 1 GiB.
    pub max_bytes: ByteSize,
    /// How long telemetry is kept after it arrived. Default 7 days; 0 keeps it for ever.
    #[serde(with = "glassbox_config::duration")]
    pub max_age: Duration,
    /// How many spans, log records and data points are kept together, which bounds the memory of
    /// the index: about 100 bytes each, 300 where each came in a request of its own. Default
    /// 1 million.
    pub max_stored_records: u64,
    /// How many records one answer of the API holds at most. Default 10 000.
    pub max_records: usize,
    /// The largest OTLP request in bytes, also after decompression. Default 64 MiB.
    pub max_request_bytes: ByteSize,
    #[serde(skip)]
    pub(crate) routes: Router,
    #[serde(skip)]
    pub(crate) supervision: Option<(Shim, Environment)>,
}

impl Default for BackendConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            data_dir: PathBuf::from(".glassbox"),
            grpc: None,
            http: None,
            page: None,
            allowed_hosts: Vec::new(),
            max_bytes: ByteSize::gib(1),
            max_age: Duration::from_secs(7 * 24 * 3600),
            max_stored_records: 1_000_000,
            max_records: 10_000,
            max_request_bytes: ByteSize::mib(64),
            routes: Router::new(),
            supervision: None,
        }
    }
}

/// Below this a store could not hold two segments.
const SMALLEST_STORE: ByteSize = ByteSize::kib(256);

impl Section for BackendConfig {
    const NAME: &'static str = "collector";

    const VARIABLES: &'static [Variable] = &[
        Variable::new("GLASSBOX_OTEL_ENABLED", "enabled"),
        Variable::new("GLASSBOX_OTEL_DATA_DIR", "data_dir"),
        Variable::new("GLASSBOX_OTEL_GRPC_ENDPOINT", "grpc"),
        Variable::new("GLASSBOX_OTEL_HTTP_ENDPOINT", "http"),
        Variable::new("GLASSBOX_OTEL_MAX_RECORDS", "max_records"),
    ];

    fn validate(&self) -> Result<(), Invalid> {
        match self.fault() {
            Some((key, reason)) => Err(Invalid::new(key, reason)),
            None => Ok(()),
        }
    }
}

impl BackendConfig {
    /// Returns the first key whose value cannot be used, and why.
    pub(crate) fn fault(&self) -> Option<(&'static str, String)> {
        if self.data_dir.as_os_str().is_empty() {
            return Some(("data_dir", "must name a folder".to_owned()));
        }
        if self.max_bytes < SMALLEST_STORE {
            return Some(("max_bytes", format!("must be at least {SMALLEST_STORE}")));
        }
        let counts = [
            ("max_stored_records", self.max_stored_records),
            ("max_records", self.max_records as u64),
            ("max_request_bytes", self.max_request_bytes.as_u64()),
        ];
        let zero = counts.into_iter().find(|(_, count)| *count == 0);
        zero.map(|(key, _)| (key, "must be at least 1".to_owned()))
    }

    /// Sets the data folder.
    #[must_use]
    pub fn data_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.data_dir = folder.as_ref().to_owned();
        self
    }

    /// Sets where OTLP/gRPC is received; an address set by hand must be free.
    #[must_use]
    pub fn grpc(mut self, listen: impl Into<Listen>) -> Self {
        self.grpc = Some(listen.into());
        self
    }

    /// Sets where OTLP/HTTP is received; an address set by hand must be free.
    #[must_use]
    pub fn http(mut self, listen: impl Into<Listen>) -> Self {
        self.http = Some(listen.into());
        self
    }

    /// Sets where the page and the API are served; an address set by hand must be free.
    #[must_use]
    pub fn page(mut self, listen: impl Into<Listen>) -> Self {
        self.page = Some(listen.into());
        self
    }

    /// Sets how many bytes of telemetry are kept on disk.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = ByteSize::bytes(bytes);
        self
    }

    /// Sets how long telemetry is kept; zero keeps it for ever.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Sets how many records are kept.
    #[must_use]
    pub fn max_stored_records(mut self, records: u64) -> Self {
        self.max_stored_records = records;
        self
    }

    /// Sets how many records one answer of the API holds at most.
    #[must_use]
    pub fn max_records(mut self, records: usize) -> Self {
        self.max_records = records;
        self
    }

    /// Lets the backend run a real collector as its child, in `environment`: that is where it is
    /// looked for, and what it is started with.
    ///
    /// Without this the backend receives by itself.
    #[must_use]
    pub fn supervise(mut self, shim: Shim, environment: &Environment) -> Self {
        self.supervision = Some((shim, environment.clone()));
        self
    }

    /// Adds routes to the page's port, behind the same checks of `Host` and `Origin`.
    ///
    /// # Panics
    /// [`Backend::start`](crate::Backend::start) panics when a route is one of the backend's own.
    #[must_use]
    pub fn with_routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }
}
