//! Chooses what receives from applications: a collector, or the backend itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use glassbox_config::Environment;
use glassbox_core::sentence;
use glassbox_otelcol::{
    Archive, Begun, Binary, CollectorStatus, FoundBy, Launch, Losses, NotBegun, Ports, ReloadError,
    Shim, Supervisor, find, folder_in, look_after,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::config::BackendConfig;
use crate::listeners::{self, OtlpPair};
use crate::receivers::Receivers;
use crate::start_error::StartError;

/// How long a collector may take to send what it holds when the backend stops.
const GRACE: Duration = Duration::from_secs(10);

/// The receivers on the two OTLP addresses.
#[derive(Debug)]
pub(super) struct Reception {
    pub(super) grpc: SocketAddr,
    pub(super) http: SocketAddr,
    /// Notes for the user, one sentence each.
    pub(super) notes: Vec<String>,
    status: watch::Receiver<CollectorStatus>,
    supervisor: Option<Supervisor>,
    /// The backend's own receivers, for applications or for the collector.
    servers: Vec<JoinHandle<()>>,
    archive: Option<Arc<Archive>>,
    losses: Losses,
}

impl Reception {
    /// Starts a collector if one is found, otherwise the backend's own receivers.
    pub(super) async fn start(
        config: &BackendConfig,
        pair: OtlpPair,
        receivers: Receivers,
        stop: &CancellationToken,
    ) -> Result<Self, StartError> {
        let Some(supervision) = config.supervision.clone() else {
            return Ok(Self::embedded(
                config,
                pair,
                &receivers,
                stop,
                NOT_ASKED.to_owned(),
            ));
        };
        let found = find(&config.otelcol, &supervision.1).await;
        match found.map_err(|source| StartError::Binary { source })? {
            Ok(binary) => {
                Self::supervised(config, supervision, pair, receivers, stop, binary).await
            }
            Err(nothing) => {
                let reason = nothing.to_string();
                Ok(Self::embedded(config, pair, &receivers, stop, reason))
            }
        }
    }

    fn embedded(
        config: &BackendConfig,
        pair: OtlpPair,
        receivers: &Receivers,
        stop: &CancellationToken,
        reason: String,
    ) -> Self {
        tracing::info!(
            glassbox.collector.reason = reason,
            "the backend receives by itself"
        );
        let (grpc, http) = pair.addresses();
        let (listeners, mut notes) = pair.into_listeners();
        notes.extend(unheeded(config, &reason));
        let servers = vec![
            receivers.serve_grpc(listeners.0, stop.clone()),
            receivers.serve_http(listeners.1, stop.clone()),
        ];
        let (_, status) = watch::channel(CollectorStatus::embedded(reason));
        // An archive from an earlier run with a collector is still pruned.
        let folder = folder_in(&config.data_dir).ok();
        let archive = folder.filter(|folder| folder.is_dir()).map(|folder| {
            let archive = Arc::new(Archive::new(&folder, &config.collector()));
            tokio::spawn(look_after(
                Arc::clone(&archive),
                clock::unix_nanos,
                stop.clone(),
            ));
            archive
        });
        Self {
            grpc,
            http,
            notes,
            status,
            supervisor: None,
            servers,
            archive,
            losses: Losses::none(clock::unix_nanos),
        }
    }

    async fn supervised(
        config: &BackendConfig,
        supervision: (Shim, Environment),
        pair: OtlpPair,
        receivers: Receivers,
        stop: &CancellationToken,
        binary: Binary,
    ) -> Result<Self, StartError> {
        let system = |source| StartError::Supervision { source };
        let private = listeners::private().await.map_err(system)?;
        let store = private.address;
        let collector_alone = stop.child_token();
        let servers = vec![receivers.serve_http(private, collector_alone.clone())];
        let is_asked_for = binary.found_by() == FoundBy::Setting
            || config.otelcol_config.is_some()
            || config.remote_endpoint.is_some();
        let folder = folder_in(&config.data_dir).map_err(system)?;
        let archive = Arc::new(Archive::new(&folder, &config.collector()));
        let mut settings = config.collector();
        settings.keys = receivers.keys().clone();
        let launch = Launch::new(
            supervision,
            binary,
            settings,
            store,
            folder,
            clock::unix_nanos,
        );
        let launch = launch.map_err(system)?;
        let losses = launch.losses();
        let fallback = Arc::new(receivers.clone());
        let others = || OtlpPair::bind(config, &[]);
        match Supervisor::begin(launch, fallback, pair, others).await? {
            Ok(Begun {
                supervisor,
                grpc,
                http,
                notes,
                ..
            }) => {
                tokio::spawn(look_after(
                    Arc::clone(&archive),
                    clock::unix_nanos,
                    stop.clone(),
                ));
                Ok(Self {
                    grpc,
                    http,
                    notes,
                    status: supervisor.status(),
                    supervisor: Some(supervisor),
                    servers,
                    archive: Some(archive),
                    losses,
                })
            }
            Err(NotBegun { error, .. }) if is_asked_for => Err(error.into()),
            Err(NotBegun {
                error, ports: pair, ..
            }) => {
                tracing::warn!(
                    exception.message = &error as &dyn std::error::Error,
                    "the collector is not used"
                );
                collector_alone.cancel();
                let reason = sentence(&error);
                Ok(Self::embedded(config, pair, &receivers, stop, reason))
            }
        }
    }

    /// Subscribes to the receiver status.
    pub(super) fn status(&self) -> watch::Receiver<CollectorStatus> {
        self.status.clone()
    }

    /// Returns the collector's archive.
    pub(super) fn archive(&self) -> Option<Arc<Archive>> {
        self.archive.clone()
    }

    /// Returns what the collector's exporters have lost.
    pub(super) fn losses(&self) -> Losses {
        self.losses.clone()
    }

    /// Reloads the collector's configuration.
    pub(super) async fn reload(&self) -> Result<(), ReloadError> {
        match &self.supervisor {
            Some(supervisor) => supervisor.reload().await,
            None => Err(ReloadError::Embedded {
                reason: self.status.borrow().reason.clone().unwrap_or_default(),
            }),
        }
    }

    /// Stops the collector, which first sends what it holds to the receivers. Returns whether it
    /// stopped in time.
    pub(super) async fn stop_collector(&mut self, until: Instant) -> bool {
        let Some(supervisor) = self.supervisor.take() else {
            return true;
        };
        // Leave time for the backend's running requests.
        let left = until.saturating_duration_since(Instant::now());
        supervisor.stop(GRACE.min(left.mul_f32(0.8))).await
    }

    /// Returns the servers, to wait for their end.
    pub(super) fn take_servers(&mut self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut self.servers)
    }
}

/// The reason why an application without a shim has no collector.
const NOT_ASKED: &str = "the application runs no collector";

/// Returns warnings about settings that have no effect without a collector.
fn unheeded(config: &BackendConfig, reason: &str) -> impl Iterator<Item = String> {
    let set = [
        (
            "remote_endpoint",
            config.remote_endpoint.is_some(),
            "nothing is forwarded",
        ),
        (
            "otelcol_config",
            config.otelcol_config.is_some(),
            "it is not used",
        ),
        ("self_metrics", config.self_metrics, "there is no collector"),
    ];
    set.into_iter()
        .filter(|(_, is_set, _)| *is_set)
        .map(move |(key, _, effect)| format!("collector.{key} is set, but {effect}: {reason}"))
}
