//! The settings of an application's telemetry.

mod choice;
mod endpoint;
mod identity;
mod section;
mod setters;
mod signal;

pub use choice::{
    Compression, Console, Exporter, Protocol, Sampler, Temporality, TracingLayer, UnknownChoice,
};
pub(crate) use endpoint::Target;
pub(crate) use identity::Identity;
pub use signal::SignalConfig;

use crate::{InitError, Signal};
use glassbox_config::{Settings, SettingsError, duration};
use glassbox_semconv::v1_41::resource::SERVICE_NAME;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// The settings of a process's telemetry, section `[telemetry]`. The default sends to a collector on this
/// machine.
///
/// The environment is used only if it is passed in, through [`from_settings`](Self::from_settings).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TelemetryConfig {
    /// Whether anything except the console is on.
    pub enabled: bool,
    /// Whether OTLP is sent. Otherwise telemetry is discarded at the source.
    pub otlp: bool,
    /// `service.name`.
    pub service_name: String,
    /// `service.namespace`.
    pub service_namespace: Option<String>,
    /// `service.version`.
    pub service_version: Option<String>,
    /// `deployment.environment.name`.
    pub environment: Option<String>,
    /// `build.commit`: the revision that was built.
    pub build_commit: Option<String>,
    /// `build.time`: when it was built, ISO 8601.
    pub build_time: Option<String>,
    /// Attributes of the resource. They take precedence over detected ones, but not over the fields above.
    pub resource_attributes: BTreeMap<String, String>,
    /// The `k8s.*` attributes of the resource.
    pub kubernetes: Kubernetes,

    /// The URL of the backend; `None` is the protocol's default port on this machine. For HTTP, the path of
    /// each signal, such as `/v1/traces`, is appended.
    pub endpoint: Option<String>,
    /// The protocol of OTLP.
    pub protocol: Protocol,
    /// Headers of every request, such as credentials or a tenant.
    pub headers: BTreeMap<String, String>,
    /// How requests are compressed.
    pub compression: Compression,
    /// The time limit of one batch, including retries.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// A PEM file with the certificate authorities to trust, in place of the public ones and the
    /// system's.
    pub certificate: Option<PathBuf>,
    /// A PEM file with the client certificate and its intermediate certificates, for a backend that
    /// requires one. Needs [`client_key`](Self::client_key).
    pub client_certificate: Option<PathBuf>,
    /// A PEM file with the private key of the client certificate.
    pub client_key: Option<PathBuf>,
    /// Overrides for traces.
    pub traces: SignalConfig,
    /// Overrides for metrics.
    pub metrics: SignalConfig,
    /// Overrides for logs.
    pub logs: SignalConfig,

    /// Which traces are sampled.
    pub sampler: Sampler,
    /// The share of traces that a ratio sampler samples, from 0 to 1.
    pub sampling_ratio: f64,
    /// The maximum number of attributes of a span, of an event and of a link. Others are counted and
    /// omitted.
    pub max_attributes: u32,
    /// The maximum number of events of a span. Others are counted and omitted.
    pub max_events: u32,
    /// The maximum number of links of a span. Others are counted and omitted.
    pub max_links: u32,
    /// The maximum number of spans, and of log records, that wait to be sent. Others are lost and counted.
    pub queue_size: usize,
    /// The maximum number of spans or log records in a request.
    pub batch_size: usize,
    /// How long a span or log record waits for its batch to fill.
    #[serde(with = "duration")]
    pub batch_timeout: Duration,
    /// The maximum number of log records that wait, if not [`queue_size`](Self::queue_size).
    pub log_queue_size: Option<usize>,
    /// The maximum number of log records in a request, if not [`batch_size`](Self::batch_size).
    pub log_batch_size: Option<usize>,
    /// How long a log record waits for its batch to fill, if not
    /// [`batch_timeout`](Self::batch_timeout).
    #[serde(with = "duration::option")]
    pub log_batch_timeout: Option<Duration>,
    /// How often metrics are collected.
    #[serde(with = "duration")]
    pub metric_interval: Duration,
    /// Whether counters and histograms are sent as totals or as differences.
    pub temporality: Temporality,
    /// The maximum number of combinations of label values of an instrument. Others share the series
    /// `otel.metric.overflow`. A combination keeps its series until the process exits, with delta
    /// temporality too.
    pub cardinality_limit: usize,
    /// The generations of semantic conventions to emit, in the syntax of `OTEL_SEMCONV_STABILITY_OPT_IN`: see
    /// [`OptIn`](glassbox_semconv::OptIn). Unknown values are logged as a warning.
    pub semconv_stability_opt_in: String,

    /// Which `tracing` spans and events are recorded, in the syntax of `RUST_LOG`.
    pub log_level: String,
    /// How `tracing` events are shown on standard error.
    pub console: Console,
    /// The layer that converts `tracing` spans to OpenTelemetry's.
    pub tracing_layer: TracingLayer,
}

/// The pod, as Kubernetes' downward API describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Kubernetes {
    /// `k8s.pod.name`.
    pub pod_name: Option<String>,
    /// `k8s.pod.uid`.
    pub pod_uid: Option<String>,
    /// `k8s.namespace.name`.
    pub namespace: Option<String>,
    /// `k8s.node.name`.
    pub node_name: Option<String>,
    /// `k8s.container.name`.
    pub container_name: Option<String>,
    /// `k8s.deployment.name`.
    pub deployment_name: Option<String>,
    /// `k8s.cluster.name`.
    pub cluster_name: Option<String>,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            otlp: true,
            service_name: "unknown_service".to_owned(),
            service_namespace: None,
            service_version: None,
            environment: None,
            build_commit: None,
            build_time: None,
            resource_attributes: BTreeMap::new(),
            kubernetes: Kubernetes::default(),
            endpoint: None,
            protocol: Protocol::HttpProtobuf,
            headers: BTreeMap::new(),
            compression: Compression::None,
            timeout: Duration::from_secs(10),
            certificate: None,
            client_certificate: None,
            client_key: None,
            traces: SignalConfig::default(),
            metrics: SignalConfig::default(),
            logs: SignalConfig::default(),
            sampler: Sampler::ParentBasedRatio,
            sampling_ratio: 1.0,
            max_attributes: 128,
            max_events: 128,
            max_links: 128,
            queue_size: 16_384,
            batch_size: 512,
            batch_timeout: Duration::from_secs(5),
            log_queue_size: None,
            log_batch_size: None,
            log_batch_timeout: None,
            metric_interval: Duration::from_secs(30),
            temporality: Temporality::Cumulative,
            cardinality_limit: 1000,
            semconv_stability_opt_in: String::new(),
            log_level: "info".to_owned(),
            console: Console::Off,
            tracing_layer: TracingLayer::Glassbox,
        }
    }
}

impl TelemetryConfig {
    /// Returns the default settings for a service of this name.
    pub fn new(service_name: impl Into<String>) -> Self {
        Self {
            service_name: service_name.into(),
            ..Self::default()
        }
    }

    /// Returns settings for development: every trace, a readable console, debug logs, and batches and
    /// metrics within seconds.
    pub fn development(service_name: impl Into<String>) -> Self {
        Self {
            environment: Some("development".to_owned()),
            console: Console::Pretty,
            log_level: "debug".to_owned(),
            batch_timeout: Duration::from_secs(1),
            metric_interval: Duration::from_secs(5),
            ..Self::new(service_name)
        }
    }

    /// Returns settings for staging: as for production, with every trace.
    pub fn staging(service_name: impl Into<String>) -> Self {
        Self {
            environment: Some("staging".to_owned()),
            sampling_ratio: 1.0,
            ..Self::production(service_name)
        }
    }

    /// Returns settings for production: one trace in ten, a JSON console, a larger queue.
    pub fn production(service_name: impl Into<String>) -> Self {
        Self {
            environment: Some("production".to_owned()),
            sampling_ratio: 0.1,
            console: Console::Json,
            queue_size: 65_536,
            ..Self::new(service_name)
        }
    }

    /// Reads the section `[telemetry]` of an application's settings.
    ///
    /// # Errors
    /// Fails if a value is invalid. The error contains its key, where it was set, and the reason.
    pub fn from_settings(settings: &Settings) -> Result<Self, SettingsError> {
        Ok(settings.load::<Self>()?.into_value())
    }

    /// Reads the section `[telemetry]` of an application's settings, for a service whose name is `name`
    /// unless the settings contain another.
    ///
    /// # Errors
    /// Fails as [`from_settings`](Self::from_settings) does.
    pub fn for_service(name: &str, settings: &Settings) -> Result<Self, SettingsError> {
        let loaded = settings.load::<Self>()?;
        let unnamed = loaded.origin("service_name").is_default();
        let config = loaded.into_value();
        // OTEL_RESOURCE_ATTRIBUTES may contain another name too.
        let among_attributes = config.resource_attributes.get(SERVICE_NAME).cloned();
        Ok(match unnamed {
            true => config.with_service_name(among_attributes.unwrap_or_else(|| name.to_owned())),
            false => config,
        })
    }

    /// Whether a signal is exported.
    pub(crate) fn exports(&self, signal: Signal) -> bool {
        self.enabled && self.otlp && self.signal(signal).exporter == Exporter::Otlp
    }

    pub(crate) fn signal(&self, signal: Signal) -> &SignalConfig {
        match signal {
            Signal::Traces => &self.traces,
            Signal::Metrics => &self.metrics,
            Signal::Logs => &self.logs,
        }
    }

    /// Finds invalid settings, before anything starts.
    pub(crate) fn check(&self) -> Result<(), InitError> {
        if !(0.0..=1.0).contains(&self.sampling_ratio) {
            return Err(InitError::Ratio(self.sampling_ratio));
        }
        let positive = [
            ("queue_size", self.queue_size == 0),
            ("batch_size", self.batch_size == 0),
            ("batch_timeout", self.batch_timeout.is_zero()),
            ("log_queue_size", self.log_queue_size == Some(0)),
            ("log_batch_size", self.log_batch_size == Some(0)),
            (
                "log_batch_timeout",
                self.log_batch_timeout.is_some_and(|wait| wait.is_zero()),
            ),
            ("metric_interval", self.metric_interval.is_zero()),
            ("timeout", self.timeout.is_zero()),
            ("cardinality_limit", self.cardinality_limit == 0),
        ];
        if let Some((key, _)) = positive.iter().find(|(_, zero)| *zero) {
            return Err(InitError::Zero(key));
        }
        for signal in Signal::ALL {
            if self.exports(signal) {
                Target::of(self, signal)?;
            }
        }
        Ok(())
    }
}
