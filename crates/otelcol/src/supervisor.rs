//! Keeps a collector running for as long as a backend does.

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

/// How long the start of a backend waits after the first attempt until something receives.
const FIRST_START: Duration = Duration::from_secs(40);

/// How often other ports are tried when somebody takes ours before the collector does.
const OTHER_PORTS: u32 = 3;

/// How much longer than the collector its keeper may take to end.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

/// How many reloads may wait: they are people's.
const RELOADS: usize = 4;

/// The running supervision of one collector. Dropping it stops the collector without waiting.
#[derive(Debug)]
pub struct Supervisor {
    status: watch::Receiver<CollectorStatus>,
    reloads: mpsc::Sender<Reload>,
    /// How long the collector may take to end, once it shall.
    stop: watch::Sender<Option<Duration>>,
    keeping: JoinHandle<bool>,
}

/// A supervision that has begun.
#[derive(Debug)]
#[non_exhaustive]
pub struct Begun {
    /// What keeps the collector running.
    pub supervisor: Supervisor,
    /// Where OTLP/gRPC is received.
    pub grpc: SocketAddr,
    /// Where OTLP/HTTP is received.
    pub http: SocketAddr,
    /// What a user should be told about the configuration.
    pub notes: Vec<String>,
}

/// No supervision has begun: the collector has no configuration to run with.
#[derive(Debug)]
#[non_exhaustive]
pub struct NotBegun<P> {
    /// What is wrong with the configuration.
    pub error: ConfigurationError,
    /// The ports, which are still held.
    pub ports: P,
}

impl Supervisor {
    /// Starts a collector on the addresses of `ports` and waits until something receives there:
    /// the collector, or `fallback` in its place. Where somebody else takes the ports before the
    /// collector does, `bind` holds others.
    ///
    /// # Errors
    /// Fails as `bind` does, when the ports are taken and no others are free.
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
            // From here on the collector binds them itself.
            let mut notes = ports.release();
            notes.extend(candidate.rendered.notes.iter().cloned());
            let attempt = keeper.attempt(candidate).await;
            let lost_ports = matches!(&attempt, Attempt::Failed(failed) if failed.port_taken);
            if !lost_ports || tries == OTHER_PORTS {
                break (attempt, notes);
            }
            tries += 1;
            // An address that was set by hand and is taken is an error, which names who has it.
            ports = bind().await?;
            if ports.addresses() == addresses {
                // They are there to be had: the port that was taken is another one of its own, and
                // the next start has that anew.
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

    /// Returns how the collector fares, and learns of changes.
    pub fn status(&self) -> watch::Receiver<CollectorStatus> {
        self.status.clone()
    }

    /// Has a configuration rendered anew, checked, and taken over.
    ///
    /// # Errors
    /// Fails when the collector refuses the configuration or does not come up with it.
    pub async fn reload(&self) -> Result<(), ReloadError> {
        let (done, outcome) = oneshot::channel();
        let asked = self.reloads.send(done).await;
        asked.map_err(|_| ReloadError::Stopped)?;
        outcome.await.unwrap_or(Err(ReloadError::Stopped))
    }

    /// Stops the collector, which sends on what it holds meanwhile. Returns whether it ended
    /// within `grace`; if not, it was killed.
    pub async fn stop(mut self, grace: Duration) -> bool {
        self.stop.send_replace(Some(grace));
        if let Ok(kept) = timeout(grace + LAST_MOMENTS, &mut self.keeping).await {
            return kept.unwrap_or(false);
        }
        tracing::error!("the collector was not stopped in time, and is killed");
        self.keeping.abort();
        // What the task held, the collector among it, is gone once it has ended.
        let _ = self.keeping.await;
        false
    }

    /// Waits until something receives, and no longer than a user does.
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
            tracing::warn!("the collector is not ready yet; it is tried on in the background");
        }
    }
}
