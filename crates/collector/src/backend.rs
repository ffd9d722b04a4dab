//! Starts and stops the backend: store, receivers, collector, page.

mod reception;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use glassbox_otelcol::{CollectorStatus, ReloadError};
use glassbox_otlp::{Limits, Receiver};
use glassbox_store::{Records, Retention, SegmentStore};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::api::{self, Api};
use crate::assets;
use crate::clock;
use crate::config::BackendConfig;
use crate::endpoints::Endpoints;
use crate::intake::Intake;
use crate::listeners::{self, OtlpPair};
use crate::login::Login;
use crate::overload;
use crate::ownership::{Ownership, SEGMENTS};
use crate::query::Query;
use crate::readers::Readers;
use crate::receivers::{self, Receivers};
use crate::runtimes::Runtimes;
use crate::server::{self, Bounds, Routes};
use crate::start_error::StartError;
use crate::tail::Tail;
use reception::Reception;

/// Interval of heartbeats in an idle stream.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A running backend.
///
/// Dropping it stops it without waiting; [`shutdown`](Self::shutdown) waits, syncs and reports.
#[derive(Debug)]
pub struct Backend {
    endpoints: Endpoints,
    notes: Vec<String>,
    store: Arc<SegmentStore>,
    stop: CancellationToken,
    reception: Reception,
    page: JoinHandle<()>,
    ownership: Arc<Ownership>,
    _runtimes: Runtimes,
}

/// The result of a shutdown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Whether all running requests were finished before the deadline.
    pub drained: bool,
    /// Whether everything acknowledged was synced to disk.
    pub synced: bool,
    /// Number of stored spans.
    pub spans: u64,
    /// Number of stored log records.
    pub log_records: u64,
    /// Number of stored data points.
    pub data_points: u64,
}

impl Backend {
    /// Locks the data folder, binds the ports, opens the store and starts serving.
    ///
    /// # Errors
    /// Fails if a setting is invalid, or if the data folder, a port, the store or the collector
    /// cannot be used. The error explains what to do. Only the data folder is left behind.
    pub async fn start(config: BackendConfig) -> Result<Self, StartError> {
        if !config.enabled {
            return Err(StartError::Disabled);
        }
        if let Some((key, reason)) = config.fault() {
            return Err(StartError::Config { key, reason });
        }
        let keys = config
            .keys()
            .map_err(|source| StartError::Keys { source })?;
        config.check_exposure(&keys)?;
        let started = clock::unix_nanos();
        let ownership = Ownership::take(&config.data_dir, started)?;
        let pair = OtlpPair::bind(&config, &ownership.left_behind()).await?;
        let mut page_notes = Vec::new();
        let page = listeners::page(&config, &mut page_notes).await?;
        let hosts = &config.allowed_hosts;
        let login = Login::new(&keys, page.address.port())
            .map_err(|source| StartError::Login { source })?;
        let guard = login
            .guard(receivers::guard(page.address, hosts, &keys))
            .map_err(|source| StartError::Keys { source })?;
        let store = Arc::new(open_store(&config).await?);
        let limits = Limits::default()
            .request_bytes(config.max_request_bytes.as_usize())
            .request_memory(config.max_request_memory.as_usize())
            .in_flight_bytes(config.max_in_flight_memory.as_usize());
        let ownership = Arc::new(ownership);
        let intake = Intake::new(Arc::clone(&store), Arc::clone(&ownership));
        let receiver = Receiver::new(Arc::new(intake), limits);
        let stop = CancellationToken::new();
        // If anything fails from here on, stop what was started.
        let stop_unless_started = stop.clone().drop_guard();
        let runtimes = Runtimes::start().map_err(|source| StartError::Threads { source })?;
        let receivers = Receivers::new(receiver.clone(), hosts, &keys, runtimes.reception());
        let reception = Reception::start(&config, pair, receivers, &stop).await?;
        let addresses = Addresses {
            grpc: reception.grpc,
            http: reception.http,
            page: page.address,
        };
        let mut notes = reception.notes.clone();
        notes.extend(page_notes);
        notes.extend(store.recovered().iter().cloned());
        if keys.is_empty() {
            notes.extend(addresses.exposure());
        }
        let endpoints = Endpoints::new(addresses.grpc, addresses.http, addresses.page);
        if let Err(error) = ownership.announce(started, endpoints.clone()) {
            tracing::warn!(exception.message = %error, "the lock file could not be written");
        }
        let api = Arc::new(Api {
            store: Arc::clone(&store),
            query: Query::new(Arc::clone(&store)),
            receiver: receiver.clone(),
            endpoints: endpoints.clone(),
            collector: reception.status(),
            archive: reception.archive(),
            losses: reception.losses(),
            started,
            max_records: config.max_records,
            notes: notes.clone(),
            tail: Tail::start(Arc::clone(&store), runtimes.readers(), stop.clone()),
            traces: Default::default(),
            stop: stop.clone(),
            readers: Readers::new(runtimes.readers()),
            heartbeat: HEARTBEAT,
        });
        let all = api::router(Arc::clone(&api))
            .merge(assets::router())
            .merge(config.routes)
            .fallback(api::elsewhere);
        let full = overload::full(api::health(api));
        let routes = Routes {
            all: login.router().fallback_service(all.layer(guard.layer())),
            full: full.layer(guard.layer()),
        };
        // HTTP/2 is not needed here: browsers support it only over TLS.
        let bounds = Bounds {
            http2: false,
            ..Bounds::default()
        };
        let page = server::spawn(runtimes.page(), page.listener, routes, bounds, stop.clone());
        stop_unless_started.disarm();
        for note in &notes {
            tracing::warn!("{note}");
        }
        tracing::info!(
            glassbox.collector.grpc = endpoints.grpc(),
            glassbox.collector.http = endpoints.http(),
            glassbox.collector.page = endpoints.page(),
            file.directory = %config.data_dir.display(),
            "the backend is running",
        );
        Ok(Self {
            endpoints,
            notes,
            store,
            stop,
            reception,
            page,
            ownership,
            _runtimes: runtimes,
        })
    }

    /// Returns where the backend listens.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Returns notes for the user about this start, one sentence each: ports other than the default,
    /// data lost in a crash, addresses that other machines can reach.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns the current receiver status.
    #[must_use]
    pub fn collector(&self) -> CollectorStatus {
        self.reception.status().borrow().clone()
    }

    /// Renders the collector's configuration again, has the collector check it, and applies it.
    ///
    /// # Errors
    /// Fails if there is no collector, if it rejects the configuration, or if it does not become
    /// ready with it. The old configuration is then restored. The error states whether the collector was
    /// restarted for that, or the backend receives in its place.
    pub async fn reload(&self) -> Result<(), ReloadError> {
        self.reception.reload().await
    }

    /// Stops accepting, ends the streams, finishes running requests within `deadline`, syncs the
    /// store and unlocks the data folder.
    pub async fn shutdown(mut self, deadline: Duration) -> ShutdownReport {
        let until = Instant::now() + deadline;
        // First the collector, which sends what it holds to the receivers; then the receivers.
        let mut drained = self.reception.stop_collector(until).await;
        self.stop.cancel();
        let mut servers = self.reception.take_servers();
        for server in servers.iter_mut().chain([&mut self.page]) {
            if timeout_at(until, &mut *server).await.is_err() {
                drained = false;
                server.abort();
            }
        }
        let store = Arc::clone(&self.store);
        // Sync even after the deadline: acknowledged data must reach the disk.
        let synced = match spawn_blocking(move || store.close()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(
                    exception.message = %error,
                    "the store could not be synced at shutdown"
                );
                false
            }
            Err(_) => false,
        };
        if let Err(error) = self.ownership.release() {
            tracing::warn!(exception.message = %error, "the data folder could not be unlocked");
        }
        let Records {
            spans,
            log_records,
            data_points,
            ..
        } = self.store.view().records();
        tracing::info!(
            glassbox.collector.spans = spans,
            glassbox.collector.log_records = log_records,
            glassbox.collector.data_points = data_points,
            "the backend has stopped"
        );
        ShutdownReport {
            drained,
            synced,
            spans,
            log_records,
            data_points,
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The addresses that were bound.
#[derive(Debug, Clone, Copy)]
struct Addresses {
    grpc: SocketAddr,
    http: SocketAddr,
    page: SocketAddr,
}

impl Addresses {
    /// Returns warnings about addresses that other machines can reach without authentication.
    fn exposure(&self) -> Vec<String> {
        let all = [
            ("OTLP/gRPC", self.grpc),
            ("OTLP/HTTP", self.http),
            ("the page", self.page),
        ];
        let exposed = all
            .into_iter()
            .filter(|(_, address)| !address.ip().is_loopback());
        exposed
            .map(|(what, address)| {
                format!(
                    "WARNING: {what} listens on {address}, beyond loopback and without a key: \
                     anyone who can reach this machine can read and write all telemetry"
                )
            })
            .collect()
    }
}

async fn open_store(config: &BackendConfig) -> Result<SegmentStore, StartError> {
    let mut retention = Retention::default();
    retention.max_bytes = config.max_bytes.as_u64();
    retention.max_age = (!config.max_age.is_zero()).then_some(config.max_age);
    retention.max_records = config.max_stored_records;
    let directory = config.data_dir.join(SEGMENTS);
    let path = directory.clone();
    let opened =
        spawn_blocking(move || SegmentStore::open(&path, retention, clock::unix_nanos)).await;
    let failed = |source| StartError::Store {
        directory: directory.display().to_string(),
        source,
    };
    match opened {
        Ok(Ok(store)) => Ok(store),
        Ok(Err(error)) => Err(failed(error.source)),
        Err(_) => Err(failed(io::Error::other("reading it back panicked"))),
    }
}
