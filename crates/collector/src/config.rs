//! The settings of the backend: section `[collector]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use glassbox_config::{ByteSize, Environment, Form, Invalid, Section, Variable};
use glassbox_otelcol::{CollectorConfig, Otelcol, RemoteHeaders, Shim};
use serde::{Deserialize, Serialize};

use crate::listen::Listen;

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
    /// Which collector receives: `auto` (a real one where it is found), `off` (the backend itself)
    /// or the path of one. Default `auto`. An application without a shim receives by itself.
    pub otelcol: Otelcol,
    /// A configuration of the user's for the collector, layered over the rendered one. Default none.
    pub otelcol_config: Option<PathBuf>,
    /// Where the collector sends a copy of everything by OTLP/gRPC: `host:port` with TLS, or
    /// `http://host:port` without. Default nowhere.
    pub remote_endpoint: Option<String>,
    /// Whether the certificate of the remote goes unverified. Default false.
    pub remote_insecure: bool,
    /// Headers that the remote asks for. They reach the collector by its environment, never by its
    /// configuration. Default none.
    pub remote_headers: RemoteHeaders,
    /// Whether the collector's own metrics go into the store. Default false.
    pub self_metrics: bool,
    /// Whether the collector also writes what it receives to OTLP JSON lines files. Default true.
    pub archive: bool,
    /// How many bytes the files of the archive hold together; the oldest rotated one goes first.
    /// A file is rotated at a quarter of it, 256 MiB at most. Default 1 GiB.
    pub archive_max_bytes: ByteSize,
    /// How long a file of the archive is kept after it was rotated. Default 7 days; 0 keeps it for
    /// ever.
    #[serde(with = "glassbox_config::duration")]
    pub archive_max_age: Duration,
    /// How many rotated files the archive keeps. Default 100.
    pub archive_max_files: usize,
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
            otelcol: Otelcol::Auto,
            otelcol_config: None,
            remote_endpoint: None,
            remote_insecure: false,
            remote_headers: RemoteHeaders::default(),
            self_metrics: false,
            archive: true,
            archive_max_bytes: ByteSize::gib(1),
            archive_max_age: Duration::from_secs(7 * 24 * 3600),
            archive_max_files: 100,
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
        Variable::new("GLASSBOX_OTEL_COLLECTOR", "otelcol"),
        Variable::new("GLASSBOX_OTEL_CONFIG", "otelcol_config"),
        Variable::new("GLASSBOX_OTEL_REMOTE_ENDPOINT", "remote_endpoint"),
        Variable::new("GLASSBOX_OTEL_REMOTE_INSECURE", "remote_insecure"),
        Variable::new("GLASSBOX_OTEL_REMOTE_HEADERS", "remote_headers").form(Form::Pairs),
        Variable::new("GLASSBOX_OTEL_SELF_METRICS", "self_metrics"),
    ];

    const SECRETS: &'static [&'static str] = &["remote_headers"];

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
        if let Some((key, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Some((key, "must be at least 1".to_owned()));
        }
        self.collector().fault()
    }

    /// Returns the settings of the collector.
    pub(crate) fn collector(&self) -> CollectorConfig {
        let mut collector = CollectorConfig::default();
        collector.otelcol = self.otelcol.clone();
        collector.otelcol_config.clone_from(&self.otelcol_config);
        collector.max_request_bytes = self.max_request_bytes;
        collector.remote_endpoint.clone_from(&self.remote_endpoint);
        collector.remote_insecure = self.remote_insecure;
        collector.remote_headers = self.remote_headers.clone();
        collector.self_metrics = self.self_metrics;
        collector.archive = self.archive;
        collector.archive_max_bytes = self.archive_max_bytes;
        collector.archive_max_age = self.archive_max_age;
        collector.archive_max_files = self.archive_max_files;
        collector
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
    ///
    /// ```no_run
    /// use glassbox_collector::{Backend, BackendConfig, Shim};
    /// use glassbox_config::Environment;
    ///
    /// # async fn serve(shim: Shim) -> Result<(), glassbox_collector::StartError> {
    /// // First thing in `main`, before any thread: let shim = Shim::arm();
    /// let config = BackendConfig::default().supervise(shim, &Environment::from_process());
    /// let backend = Backend::start(config).await?;
    /// let collector = backend.collector();
    /// eprintln!("{:?} receives, process {:?}", collector.mode, collector.pid);
    /// # Ok(())
    /// # }
    /// ```
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
