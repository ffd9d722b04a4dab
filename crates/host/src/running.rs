//! A running service and its shutdown.

use crate::{
    server::Server,
    signal::Signals,
    state::{Phase, State},
};
use glassbox_core::{Cx, Lease, Problem, ServiceKind, telemetry::UpDownCounter};
use glassbox_semconv::{gen_ai_v1_41::AGENT_NAME, glassbox::AGENTS_ACTIVE};
use std::{
    fmt,
    future::Future,
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

static ACTIVE_AGENTS: UpDownCounter = UpDownCounter::of(&AGENTS_ACTIVE)
    .with_scope(glassbox_core::scope!())
    .with_keys(&[AGENT_NAME]);

/// Why a service cannot serve. Completes "failed to …".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address is in use, not local, or not permitted.
    #[error("listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The registry rejected the registration.
    #[error("register with the registry")]
    Register {
        /// The cause.
        source: Problem,
    },
    /// A setting is invalid, or needs a feature that this program was built without.
    #[error("use the setting host.{key}: {reason}")]
    Settings {
        /// The key within the section.
        key: &'static str,
        /// The problem and how to fix it.
        reason: String,
    },
    /// Signal handlers cannot be installed.
    #[error("install signal handlers")]
    Signals {
        /// The cause.
        source: io::Error,
    },
}

/// Statistics of a service after its shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the report tells whether calls were cut short"]
pub struct ServeReport {
    served: u64,
    rejected: u64,
    aborted: u64,
    drained_in: Duration,
}

impl ServeReport {
    /// Calls that were answered, including errors.
    pub fn served(&self) -> u64 {
        self.served
    }

    /// Calls that were rejected without running: too many at once, or shutting down.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Calls that were still running at the end of the drain time.
    pub fn aborted(&self) -> u64 {
        self.aborted
    }

    /// How long the shutdown took.
    pub fn drained_in(&self) -> Duration {
        self.drained_in
    }
}

/// A running service. Dropping it stops it at once and cancels calls in progress.
#[must_use = "the service stops when this is dropped"]
pub struct Running {
    state: Arc<State>,
    server: Server,
    address: SocketAddr,
    endpoint: String,
    lease: Option<Box<dyn Lease>>,
    _active: Option<ActiveAgent>,
}

impl Running {
    pub(crate) fn new(
        state: Arc<State>,
        server: Server,
        address: SocketAddr,
        endpoint: String,
        lease: Option<Box<dyn Lease>>,
    ) -> Self {
        let agent = state.callable.kind() == ServiceKind::Agent;
        let _active = agent.then(|| ActiveAgent::new(state.callable.name()));
        Self {
            state,
            server,
            address,
            endpoint,
            lease,
            _active,
        }
    }

    /// The listening address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL at which others reach it: `http://host:port`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The instance id.
    pub fn instance(&self) -> &str {
        &self.state.instance
    }

    /// Shuts the service down: not ready → deregistered → drained, within `limit`.
    ///
    /// New calls are rejected. Calls in progress are awaited, and cancelled at the limit.
    ///
    /// # Cancel safety
    /// Dropping the future stops the service at once.
    pub async fn shutdown(self, limit: Duration) -> ServeReport {
        self.shutdown_or(limit, std::future::pending()).await
    }

    /// Serves until SIGTERM or Ctrl-C, then shuts down within the configured `drain_timeout`. A second
    /// signal stops it at once.
    ///
    /// # Errors
    /// If signal handlers cannot be installed.
    pub async fn until_signal(self) -> Result<ServeReport, ServeError> {
        let signals = Signals::listen().map_err(|source| ServeError::Signals { source })?;
        Ok(self.until(signals).await)
    }

    pub(crate) async fn until(self, mut signals: Signals) -> ServeReport {
        let limit = self.state.settings.drain_timeout;
        let signal = signals.next().await;
        tracing::info!(
            glassbox.host.signal = signal,
            "received a signal, shutting down"
        );
        let again = async {
            let signal = signals.next().await;
            tracing::warn!(
                glassbox.host.signal = signal,
                "received a second signal, stopping at once"
            );
        };
        self.shutdown_or(limit, again).await
    }

    /// Like [`shutdown`](Self::shutdown), but stops at once when `abort` resolves.
    async fn shutdown_or(
        mut self,
        limit: Duration,
        abort: impl Future<Output = ()>,
    ) -> ServeReport {
        let begin = Instant::now();
        let service = self.state.callable.name().to_owned();
        self.state.enter(Phase::Draining);
        tracing::info!(
            glassbox.service = service,
            glassbox.host.in_flight = self.state.in_flight(),
            "draining"
        );

        let state = Arc::clone(&self.state);
        let lease = self.lease.take();
        let server = &mut self.server;
        let drain = async {
            if let Some(lease) = lease {
                // An unresponsive registry must not use up the drain time of the calls; the registration
                // expires anyway.
                let patience = limit / 4;
                match tokio::time::timeout(patience, lease.release(&Cx::background())).await {
                    Ok(Ok(())) => tracing::info!(glassbox.service = service, "deregistered"),
                    Ok(Err(problem)) => tracing::warn!(
                        glassbox.service = service,
                        glassbox.host.problem = %problem,
                        "deregistration failed"
                    ),
                    Err(_) => tracing::warn!(
                        glassbox.service = service,
                        glassbox.host.patience = ?patience,
                        "the registry did not respond"
                    ),
                }
            }
            state.idle().await;
            server.stop().await;
        };
        let aborted = tokio::select! {
            () = drain => 0,
            () = tokio::time::sleep(limit) => self.state.in_flight(),
            () = abort => self.state.in_flight(),
        };
        let report = ServeReport {
            served: self.state.served(),
            rejected: self.state.rejected(),
            aborted,
            drained_in: begin.elapsed(),
        };
        tracing::info!(
            glassbox.service = service,
            glassbox.host.served = report.served,
            glassbox.host.rejected = report.rejected,
            glassbox.host.aborted = report.aborted,
            glassbox.host.drained_in = ?report.drained_in,
            "stopped"
        );
        report
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("service", &self.state.callable.name())
            .field("instance", &self.state.instance)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Counts an agent in `agents.active` while it lives.
struct ActiveAgent(String);

impl ActiveAgent {
    fn new(name: &str) -> Self {
        ACTIVE_AGENTS.add_with(1, &[name.into()]);
        Self(name.to_owned())
    }
}

impl Drop for ActiveAgent {
    fn drop(&mut self) {
        ACTIVE_AGENTS.add_with(-1, &[(&self.0).into()]);
    }
}
