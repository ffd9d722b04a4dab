//! Export over OTLP: compresses a parcel once, and sends it with retries.

mod answer;
mod circuit;
mod compress;
mod error;
#[cfg(feature = "grpc")]
mod grpc;
mod http;
#[cfg(feature = "tls")]
mod tls;

pub(crate) use circuit::Circuit;
pub(crate) use error::ExportError;

use crate::{
    InitError, Signal,
    clock::Monotonic,
    config::{Protocol, Target, TelemetryConfig},
    parcel::Parcel,
};
pub(crate) use answer::Answer;
use bytes::Bytes;
use glassbox_core::{Blame, Deadline, Decide, Retry};
use glassbox_resilience::{Permit, retry};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// The user agent of all requests.
pub(crate) const USER_AGENT: &str = concat!("glassbox-telemetry/", env!("CARGO_PKG_VERSION"));

/// The longest wait between two attempts during the shutdown.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Exports the parcels of one signal.
#[derive(Debug)]
pub(crate) struct Exporter {
    transport: Transport,
    timeout: Duration,
    shown: String,
    circuit: Arc<Circuit>,
    clock: Monotonic,
    /// Becomes true at the shutdown, when there is no time to wait for an unreachable backend.
    hurried: watch::Receiver<bool>,
}

#[derive(Debug)]
enum Transport {
    Http(Box<http::Client>),
    #[cfg(feature = "grpc")]
    Grpc(Box<grpc::Client>),
}

impl Exporter {
    /// Connects when the first parcel is sent. Must be called within the runtime that sends.
    pub(crate) fn new(
        config: &TelemetryConfig,
        signal: Signal,
        circuit: Arc<Circuit>,
        hurried: watch::Receiver<bool>,
    ) -> Result<Self, InitError> {
        let target = Target::of(config, signal)?;
        let shown = target.shown();
        let timeout = target.timeout;
        let transport = match target.protocol {
            Protocol::HttpProtobuf => Transport::Http(Box::new(http::Client::new(target)?)),
            #[cfg(feature = "grpc")]
            Protocol::Grpc => Transport::Grpc(Box::new(grpc::Client::new(target, signal)?)),
            #[cfg(not(feature = "grpc"))]
            Protocol::Grpc => return Err(InitError::Feature("grpc")),
        };
        Ok(Self {
            transport,
            timeout,
            shown,
            circuit,
            clock: Monotonic::new(),
            hurried,
        })
    }

    /// The destination, without credentials.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether telemetry is shutting down.
    pub(crate) fn is_hurried(&self) -> bool {
        *self.hurried.borrow()
    }

    /// Returns the permission for a scheduled export; `None` while the breaker is open.
    pub(crate) fn permit(&self) -> Option<Permit<'_, Monotonic>> {
        self.circuit.permit()
    }

    /// Sends a parcel; returns how many of its items the backend rejected. It is also sent without a
    /// permit; the breaker is then not informed of the outcome.
    ///
    /// # Errors
    /// Fails if the backend does not accept it within the timeout, or rejects it permanently.
    pub(crate) async fn export(
        &self,
        parcel: &Parcel,
        permit: Option<Permit<'_, Monotonic>>,
    ) -> Result<Answer, ExportError> {
        let outcome = self.attempts(&parcel.body).await;
        if let Some(permit) = permit {
            permit.settle(&outcome);
        }
        outcome
    }

    async fn attempts(&self, body: &Bytes) -> Result<Answer, ExportError> {
        let body = self.transport.encode(body)?;
        let deadline = Deadline::after(&self.clock, self.timeout);
        let attempts = circuit::attempts().until(Some(deadline));
        let sent = retry(
            attempts,
            &self.clock,
            |pause| self.pause(pause),
            |_| self.attempt(&body, deadline),
        );
        let (last, before) = match sent.run().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error.into_errors(),
        };
        Err(match (last.error, before) {
            // An unreachable backend must not be reported as a slow one.
            (ExportError::Timeout(limit, None), Some(before)) => {
                ExportError::Timeout(limit, Some(Box::new(before.error)))
            }
            (error, _) => error,
        })
    }

    /// Sends the body once, in the time that is left.
    async fn attempt(&self, body: &Bytes, deadline: Deadline) -> Result<Answer, Failure> {
        let left = deadline.remaining(&self.clock).unwrap_or_default();
        let answer = timeout(left, self.transport.send(body.clone())).await;
        let error = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(_) => ExportError::Timeout(self.timeout, None),
        };
        let is_last = error.is_unreachable() && self.is_hurried();
        Err(Failure { error, is_last })
    }

    /// Waits before the next attempt. A shutdown ends the wait, since this is the last chance.
    async fn pause(&self, pause: Duration) {
        if self.is_hurried() {
            sleep(pause.min(LAST_WAIT)).await;
            return;
        }
        let mut end = self.hurried.clone();
        // Either the wait is over or the shutdown has begun.
        let _ = timeout(pause, end.wait_for(|hurried| *hurried)).await;
    }
}

/// Why an attempt failed.
struct Failure {
    error: ExportError,
    /// During the shutdown, an unreachable backend is not tried again.
    is_last: bool,
}

impl Decide for Failure {
    fn retry(&self) -> Retry {
        match self.is_last {
            true => Retry::Never,
            false => self.error.retry(),
        }
    }

    fn blame(&self) -> Blame {
        self.error.blame()
    }
}

impl Transport {
    fn encode(&self, body: &Bytes) -> Result<Bytes, ExportError> {
        match self {
            Self::Http(client) => client.encode(body),
            // tonic compresses the body.
            #[cfg(feature = "grpc")]
            Self::Grpc(_) => Ok(body.clone()),
        }
    }

    async fn send(&self, body: Bytes) -> Result<Answer, ExportError> {
        match self {
            Self::Http(client) => client.send(body).await,
            #[cfg(feature = "grpc")]
            Self::Grpc(client) => client.send(body).await,
        }
    }
}
