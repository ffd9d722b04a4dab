//! Starts the backend and stops it: its store, its receiver, its collector, its page.

mod reception;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::from_fn_with_state;
use glassbox_otelcol::{CollectorStatus, ReloadError};
use glassbox_otlp::{Limits, Receiver};
use glassbox_store::{Records, Retention, SegmentStore};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::api::{self, Api};
use crate::assets;
use crate::clock;
use crate::config::BackendConfig;
use crate::endpoints::Endpoints;
use crate::guard::{self, Guard};
use crate::intake::Intake;
use crate::listeners::{self, OtlpPair};
use crate::ownership::{Ownership, SEGMENTS};
use crate::query::Query;
use crate::receivers::Receivers;
use crate::server::{self, Bounds};
use crate::start_error::StartError;
use reception::Reception;

/// How often an idle stream says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How many questions are worked on at a time; further ones wait their turn.
const QUERIES: usize = 4;

/// A running backend: receives OTLP, stores it, answers questions and shows it.
///
/// Dropping it stops it without waiting; [`shutdown`](Self::shutdown) flushes and reports.
#[derive(Debug)]
pub struct Backend {
    endpoints: Endpoints,
    notes: Vec<String>,
    store: Arc<SegmentStore>,
    stop: CancellationToken,
    reception: Reception,
    page: JoinHandle<()>,
    ownership: Arc<Ownership>,
}

/// What a shutdown achieved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Whether every request that had begun was answered before the deadline.
    pub drained: bool,
    /// Whether everything acknowledged is synced to disk.
    pub synced: bool,
    /// How many spans are stored.
    pub spans: u64,
    /// How many log records are stored.
    pub log_records: u64,
    /// How many data points are stored.
    pub data_points: u64,
}

impl Backend {
    /// Takes the data folder, binds the ports, opens the store and serves.
    ///
    /// # Errors
    /// Each error is one sentence that says what is wrong, where, and what to do. Nothing is left
    /// behind but the data folder.
    pub async fn start(config: BackendConfig) -> Result<Self, StartError> {
        if !config.enabled {
            return Err(StartError::Disabled);
        }
        if let Some((key, reason)) = config.fault() {
            return Err(StartError::Config { key, reason });
        }
        let started = clock::unix_nanos();
        let ownership = Ownership::take(&config.data_dir, started)?;
        let pair = OtlpPair::bind(&config, &ownership.left_behind()).await?;
        let mut page_notes = Vec::new();
        let page = listeners::page(&config, &mut page_notes).await?;
        let store = Arc::new(open_store(&config).await?);
        let limits = Limits::default().request_bytes(config.max_request_bytes.as_usize());
        let ownership = Arc::new(ownership);
        let intake = Intake::new(Arc::clone(&store), Arc::clone(&ownership));
        let receiver = Receiver::new(Arc::new(intake), limits);
        let stop = CancellationToken::new();
        // Whatever fails from here on, what was started ends.
        let stop_unless_started = stop.clone().drop_guard();
        let hosts = &config.allowed_hosts;
        let receivers = Receivers::new(receiver.clone(), hosts);
        let reception = Reception::start(&config, pair, receivers, &stop).await?;
        let addresses = Addresses {
            grpc: reception.grpc,
            http: reception.http,
            page: page.address,
        };
        let mut notes = reception.notes.clone();
        notes.extend(page_notes);
        notes.extend(store.recovered().iter().cloned());
        notes.extend(addresses.exposure());
        let endpoints = Endpoints::new(addresses.grpc, addresses.http, addresses.page);
        if let Err(error) = ownership.announce(started, endpoints.clone()) {
            tracing::warn!(%error, "the lock file could not be written");
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
            streams: Arc::default(),
            traces: Default::default(),
            stop: stop.clone(),
            queries: Arc::new(Semaphore::new(QUERIES)),
            heartbeat: HEARTBEAT,
        });
        let router = api::router(api)
            .merge(assets::router())
            .merge(config.routes);
        let router = router.layer(from_fn_with_state(
            Guard::new(page.address, hosts),
            guard::check,
        ));
        let server = server::serve(page.listener, router, Bounds::default(), stop.clone());
        let page = tokio::spawn(server);
        stop_unless_started.disarm();
        for note in &notes {
            tracing::warn!("{note}");
        }
        tracing::info!(
            grpc = endpoints.grpc(),
            http = endpoints.http(),
            page = endpoints.page(),
            directory = %config.data_dir.display(),
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
        })
    }

    /// Returns where the backend listens.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Returns what a user should be told about this start: ports that were not the default ones,
    /// what a crash cost, an address that others can reach. One sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns what receives for the backend, and how it fares.
    #[must_use]
    pub fn collector(&self) -> CollectorStatus {
        self.reception.status().borrow().clone()
    }

    /// Renders the collector's configuration anew, and takes it over once the collector has found
    /// it valid.
    ///
    /// # Errors
    /// Fails when there is no collector, when it refuses the configuration, or when it does not
    /// come up with it. Then the old configuration is in place again; where the collector had to
    /// be started for that, or the backend receives in its place, the error says so.
    pub async fn reload(&self) -> Result<(), ReloadError> {
        self.reception.reload().await
    }

    /// Stops accepting, ends the streams, answers what is running, syncs the store and gives the
    /// data folder up, all within `deadline`.
    pub async fn shutdown(mut self, deadline: Duration) -> ShutdownReport {
        let until = Instant::now() + deadline;
        // First the collector, which sends on what it holds; then those to whom it sends.
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
        // Syncing is worth more than the deadline: it is what acknowledging promised.
        let synced = match spawn_blocking(move || store.close()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(%error, "the store could not be synced at shutdown");
                false
            }
            Err(_) => false,
        };
        if let Err(error) = self.ownership.release() {
            tracing::warn!(%error, "the lock of the data folder could not be given up");
        }
        let Records {
            spans,
            log_records,
            data_points,
            ..
        } = self.store.view().records();
        tracing::info!(spans, log_records, data_points, "the backend has stopped");
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
    /// Warns of addresses that other machines reach: nothing asks them who they are.
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
                     whoever reaches this machine can read and write all telemetry"
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
