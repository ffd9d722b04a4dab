//! The settings of the backend: section `[collector]`.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use axum::Router;
use glassbox_config::{ByteSize, Environment, Form, Invalid, Listen, Reserved, Section, Variable};
use glassbox_guard::{KeyError, Keys, Settings, may_listen};
use glassbox_otelcol::{CollectorConfig, Otelcol, RemoteHeaders, Shim};
use serde::{Deserialize, Serialize};

use crate::start_error::StartError;

/// Settings of a backend. The default listens on loopback and stores up to 1 GiB in `.glassbox`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BackendConfig {
    /// Whether a backend may be started. Default true.
    pub enabled: bool,
    /// The data folder, created with mode 0700. Default `.glassbox`.
    pub data_dir: PathBuf,
    /// The OTLP/gRPC address. Default 127.0.0.1:4317, or the next free pair of ports.
    pub grpc: Option<Listen>,
    /// The OTLP/HTTP address. Default 127.0.0.1:4318, or the next free pair of ports.
    pub http: Option<Listen>,
    /// The address of the page and the API. Default 127.0.0.1:4380, or the next free port.
    pub page: Option<Listen>,
    /// Names that a `Host` header may have besides loopback names. Default none.
    pub allowed_hosts: Vec<String>,
    /// The keys that give access to the OTLP ports, the API and the page, as
    /// `Authorization: Bearer KEY`; one or a list. Default none. Beyond loopback a key is required.
    pub key: Keys,
    /// A file with more keys, one per line. Default none.
    pub key_file: Option<PathBuf>,
    /// Whether everyone who can reach an address beyond loopback may use it without a key. Default
    /// false.
    pub allow_anonymous: bool,
    /// Limit of stored telemetry in bytes; the oldest is removed first. Default 1 GiB.
    pub max_bytes: ByteSize,
    /// How long telemetry is stored after it arrived. Default 7 days; 0 is forever.
    #[serde(with = "glassbox_config::duration")]
    pub max_age: Duration,
    /// Limit of spans, log records and data points together. It bounds the memory of the index:
    /// about 100 bytes each, 300 if each arrives in its own request. Default 1 million.
    pub max_stored_records: u64,
    /// Limit of records in one API response. Default 10 000.
    pub max_records: usize,
    /// The largest OTLP request in bytes, also after decompression. Default 64 MiB.
    pub max_request_bytes: ByteSize,
    /// How much memory one OTLP request may need once it is decoded. Default 256 MiB.
    pub max_request_memory: ByteSize,
    /// How much memory all OTLP requests that are not answered yet may need. Default 256 MiB.
    pub max_in_flight_memory: ByteSize,
    /// Which collector receives: `auto` (a real one if it is found), `off` (the backend itself) or
    /// the path of one. Default `auto`. In an application without a shim the backend receives.
    pub otelcol: Otelcol,
    /// A user's collector configuration that is layered over the rendered one. Default none.
    pub otelcol_config: Option<PathBuf>,
    /// Where the collector sends a copy of everything by OTLP/gRPC: `host:port` with TLS, or
    /// `http://host:port` without. Default nowhere.
    pub remote_endpoint: Option<String>,
    /// Whether to accept any certificate of the remote. Default false.
    pub remote_insecure: bool,
    /// Headers that the remote requires. The collector gets them in its environment, not in its
    /// configuration. Default none.
    pub remote_headers: RemoteHeaders,
    /// Whether to store the collector's own metrics. Default false.
    pub self_metrics: bool,
    /// Whether the collector also writes an archive of OTLP JSON lines. Default true.
    pub archive: bool,
    /// Limit in bytes of all archive files; the oldest rotated file is removed first. A file is
    /// rotated at a quarter of the limit, at most 256 MiB. Default 1 GiB.
    pub archive_max_bytes: ByteSize,
    /// How long an archive file is kept after it was rotated. Default 7 days; 0 is forever.
    #[serde(with = "glassbox_config::duration")]
    pub archive_max_age: Duration,
    /// Limit of rotated archive files. Default 100.
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
            key: Keys::none(),
            key_file: None,
            allow_anonymous: false,
            max_bytes: ByteSize::gib(1),
            max_age: Duration::from_secs(7 * 24 * 3600),
            max_stored_records: 1_000_000,
            max_records: 10_000,
            max_request_bytes: ByteSize::mib(64),
            max_request_memory: ByteSize::mib(256),
            max_in_flight_memory: ByteSize::mib(256),
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

/// The smallest store that has room for two segments.
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
        Variable::new("GLASSBOX_COLLECTOR_KEY", "key").form(Form::List),
        Variable::new("GLASSBOX_COLLECTOR_KEY_FILE", "key_file"),
        Variable::new("GLASSBOX_COLLECTOR_ALLOW_ANONYMOUS", "allow_anonymous"),
    ];

    const SECRETS: &'static [&'static str] = &["key", "remote_headers"];

    fn reserved(&self) -> Vec<Reserved> {
        let mut reserved = vec![
            Reserved::receives("remote_endpoint", "remote_headers"),
            Reserved::receives("remote_insecure", "remote_headers"),
        ];
        if matches!(self.otelcol, Otelcol::At(_)) {
            reserved.push(Reserved::new("otelcol", "names a program to run"));
        }
        if self.otelcol_config.is_some() {
            let does = "names a file that tells the collector what to read, write and send";
            reserved.push(Reserved::new("otelcol_config", does));
        }
        if self.key_file.is_some() {
            reserved.push(Reserved::new("key_file", "names a file with secrets"));
        }
        if self.allow_anonymous {
            let does = "lets everyone on the network in";
            reserved.push(Reserved::new("allow_anonymous", does));
        }
        let mut parts = self.data_dir.components();
        let is_inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !parts.all(is_inside) {
            let does = "names a folder to write to, outside of the working folder";
            reserved.push(Reserved::new("data_dir", does));
        }
        reserved
    }

    fn validate(&self) -> Result<(), Invalid> {
        match self.fault() {
            Some((key, reason)) => Err(Invalid::new(key, reason)),
            None => Ok(()),
        }
    }
}

impl BackendConfig {
    /// Returns the first key with an invalid value, and what is wrong with it.
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
            ("max_request_memory", self.max_request_memory.as_u64()),
            ("max_in_flight_memory", self.max_in_flight_memory.as_u64()),
        ];
        if let Some((key, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Some((key, "must be at least 1".to_owned()));
        }
        self.collector().fault()
    }

    /// Returns the keys of `key` and of the file `key_file`.
    ///
    /// # Errors
    /// Fails if the file cannot be read or has an invalid key.
    pub fn keys(&self) -> Result<Keys, KeyError> {
        match &self.key_file {
            Some(file) => self.key.clone().with_file(file),
            None => Ok(self.key.clone()),
        }
    }

    /// Checks that no address can be reached from other machines without a key, unless that is
    /// allowed.
    pub(crate) fn check_exposure(&self, keys: &Keys) -> Result<(), StartError> {
        const WAYS_OUT: Settings = Settings::new(
            "GLASSBOX_COLLECTOR_KEY, collector.key or collector.key_file",
            "--allow-anonymous or collector.allow_anonymous = true",
        );
        let set = [
            ("grpc", self.grpc),
            ("http", self.http),
            ("page", self.page),
        ];
        for (setting, listen) in set {
            let Some(listen) = listen else { continue };
            may_listen(listen.address(), keys, self.allow_anonymous, WAYS_OUT)
                .map_err(|source| StartError::Exposed { setting, source })?;
        }
        Ok(())
    }

    /// Returns the settings of the collector. Its keys are set separately, because some of them are in a file.
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

    /// Sets the OTLP/gRPC address, which must be free.
    #[must_use]
    pub fn grpc(mut self, listen: impl Into<Listen>) -> Self {
        self.grpc = Some(listen.into());
        self
    }

    /// Sets the OTLP/HTTP address, which must be free.
    #[must_use]
    pub fn http(mut self, listen: impl Into<Listen>) -> Self {
        self.http = Some(listen.into());
        self
    }

    /// Sets the address of the page and the API, which must be free.
    #[must_use]
    pub fn page(mut self, listen: impl Into<Listen>) -> Self {
        self.page = Some(listen.into());
        self
    }

    /// Sets the keys that give access.
    #[must_use]
    pub fn key(mut self, key: Keys) -> Self {
        self.key = key;
        self
    }

    /// Sets whether everyone may use an address beyond loopback without a key.
    #[must_use]
    pub fn allow_anonymous(mut self, allow: bool) -> Self {
        self.allow_anonymous = allow;
        self
    }

    /// Sets the limit of stored telemetry in bytes.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = ByteSize::bytes(bytes);
        self
    }

    /// Sets how long telemetry is stored; zero is forever.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Sets the limit of stored records.
    #[must_use]
    pub fn max_stored_records(mut self, records: u64) -> Self {
        self.max_stored_records = records;
        self
    }

    /// Sets the limit of records in one API response.
    #[must_use]
    pub fn max_records(mut self, records: usize) -> Self {
        self.max_records = records;
        self
    }

    /// Allows the backend to run a real collector as a child process. The collector is searched on
    /// the `PATH` of `environment` and started with it.
    ///
    /// Without this call the backend receives by itself.
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

    /// Adds routes on the page's port. They have the same checks of `Host` and `Origin`.
    ///
    /// # Panics
    /// [`Backend::start`](crate::Backend::start) panics if a route is already one of the backend.
    #[must_use]
    pub fn with_routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }
}
