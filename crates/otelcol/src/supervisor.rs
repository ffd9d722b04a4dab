//! Starts a collector and keeps it running.

mod keeper;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::launch::{ConfigurationError, Launch};
use crate::ports::{Fallback, Ports};
use crate::reload::{Reload, ReloadError};
use crate::status::{CollectorState, CollectorStatus};
use keeper::{Attempt, Keeper};

/// How long [`Supervisor::begin`] waits after the first attempt until something receives.
const FIRST_START: Duration = Duration::from_secs(40);

/// How often other ports are tried if another process takes them before the collector does.
const OTHER_PORTS: u32 = 3;

/// How much longer than the collector its keeper may take to stop.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

/// How many reloads may be queued; people request them.
const RELOADS: usize = 4;

/// Keeps one collector running. Dropping it stops the collector without waiting.
#[derive(Debug)]
pub struct Supervisor {
    status: watch::Receiver<CollectorStatus>,
    reloads: mpsc::Sender<Reload>,
    /// How long the collector may take to stop, once a stop is requested.
    stop: watch::Sender<Option<Duration>>,
    keeping: JoinHandle<bool>,
}

/// A collector that was started.
#[derive(Debug)]
#[non_exhaustive]
pub struct Begun {
    /// Keeps the collector running.
    pub supervisor: Supervisor,
    /// Where OTLP/gRPC is received.
    pub grpc: SocketAddr,
    /// Where OTLP/HTTP is received.
    pub http: SocketAddr,
    /// Notes for the user, one sentence each.
    pub notes: Vec<String>,
}

/// The collector was not started, because it has no usable configuration.
#[derive(Debug)]
#[non_exhaustive]
pub struct NotBegun<P> {
    /// What is wrong with the configuration.
    pub error: ConfigurationError,
    /// The ports, which are still held.
    pub ports: P,
}

impl Supervisor {
    /// Starts a collector on the addresses of `ports` and waits until something receives there: the
    /// collector, or `fallback` in its place.
    ///
    /// If another process takes the ports before the collector does, `bind` gets other ports.
    ///
    /// # Errors
    /// Returns the error of `bind`.
    pub async fn begin<P: Ports, E, B: Future<Output = Result<P, E>>>(
        launch: Launch,
        fallback: Arc<dyn Fallback>,
        mut ports: P,
        bind: impl Fn() -> B,
    ) -> Result<Result<Begun, NotBegun<P>>, E> {
        let (status, seen) = watch::channel(CollectorStatus::starting(&launch.binary));
        let (stop, stopping) = watch::channel(None);
        let (reloads, asked) = mpsc::channel(RELOADS);
        let mut addresses = ports.addresses();
        let mut keeper = Keeper::new(launch, fallback, status, stopping, asked, addresses);
        let mut tries = 0;
        let (attempt, notes) = loop {
            let candidate = match keeper.prepare(addresses).await {
                Ok(candidate) => candidate,
                Err(error) => return Ok(Err(NotBegun { error, ports })),
            };
            // The collector binds them itself.
            let mut notes = ports.release();
            notes.extend(candidate.rendered.notes.iter().cloned());
            let attempt = keeper.attempt(candidate).await;
            let lost_ports = matches!(&attempt, Attempt::Failed(failed) if failed.port_taken);
            if !lost_ports || tries == OTHER_PORTS {
                break (attempt, notes);
            }
            tries += 1;
            // Fails if an address was set explicitly and is in use.
            ports = bind().await?;
            if ports.addresses() == addresses {
                // These ports are free, so the port in use is another one of the collector's; the next
                // start chooses it again.
                ports.release();
                break (attempt, notes);
            }
            addresses = ports.addresses();
        };
        let supervisor = Self {
            status: seen,
            reloads,
            stop,
            keeping: tokio::spawn(keeper.keep(attempt)),
        };
        supervisor.settled().await;
        let (grpc, http) = addresses;
        Ok(Ok(Begun {
            supervisor,
            grpc,
            http,
            notes,
        }))
    }

    /// Subscribes to the status.
    pub fn status(&self) -> watch::Receiver<CollectorStatus> {
        self.status.clone()
    }

    /// Renders the configuration again, has the collector check it, and applies it.
    ///
    /// # Errors
    /// Fails if the collector rejects the configuration or does not become ready with it.
    pub async fn reload(&self) -> Result<(), ReloadError> {
        let (done, outcome) = oneshot::channel();
        let asked = self.reloads.send(done).await;
        asked.map_err(|_| ReloadError::Stopped)?;
        outcome.await.unwrap_or(Err(ReloadError::Stopped))
    }

    /// Stops the collector after it has sent what it holds. Returns whether it stopped within
    /// `grace`; if not, it was killed.
    pub async fn stop(mut self, grace: Duration) -> bool {
        self.stop.send_replace(Some(grace));
        if let Ok(kept) = timeout(grace + LAST_MOMENTS, &mut self.keeping).await {
            return kept.unwrap_or(false);
        }
        tracing::error!("the collector did not stop in time and is killed");
        self.keeping.abort();
        // The collector is dropped, and so killed, with its task.
        let _ = self.keeping.await;
        false
    }

    /// Waits until something receives, up to a limit.
    async fn settled(&self) {
        let mut status = self.status.clone();
        let receives = |status: &CollectorStatus| {
            matches!(
                status.state,
                CollectorState::Running | CollectorState::FallenBack
            )
        };
        let settled = timeout(FIRST_START, status.wait_for(receives)).await;
        if settled.is_err() {
            tracing::warn!(
                "the collector is not ready yet; starting it continues in the background"
            );
        }
    }
}
