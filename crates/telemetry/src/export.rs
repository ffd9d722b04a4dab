//! OTLP out of the process: encoded once, sent with retries, answered with what was taken.

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

/// How the backend may know us.
pub(crate) const USER_AGENT: &str = concat!("glassbox-telemetry/", env!("CARGO_PKG_VERSION"));

/// The longest wait between two attempts once the process ends: what is not delivered then is lost.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Sends the batches of one signal.
#[derive(Debug)]
pub(crate) struct Exporter {
    transport: Transport,
    timeout: Duration,
    shown: String,
    circuit: Arc<Circuit>,
    clock: Monotonic,
    /// Turns true when the process ends: an absent backend is not waited for any more.
    hurried: watch::Receiver<bool>,
}

#[derive(Debug)]
enum Transport {
    Http(Box<http::Client>),
    #[cfg(feature = "grpc")]
    Grpc(Box<grpc::Client>),
}

impl Exporter {
    /// Only checks and builds; connects when the first batch is sent. Must be called within the
    /// runtime that will send.
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

    /// Where it goes, without credentials.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether the process ends.
    pub(crate) fn is_hurried(&self) -> bool {
        *self.hurried.borrow()
    }

    /// Leave to send while nobody asks for it; `None` while the backend is left alone.
    pub(crate) fn permit(&self) -> Option<Permit<'_, Monotonic>> {
        self.circuit.permit()
    }

    /// Sends one encoded request; gives how many of its items the backend refused. Without a permit
    /// it is sent all the same, and the breaker does not learn of it.
    ///
    /// # Errors
    /// If the backend has not taken it within the timeout, or says that it never will.
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
            // A backend that cannot be reached is not one that is slow.
            (ExportError::Timeout(limit, None), Some(before)) => {
                ExportError::Timeout(limit, Some(Box::new(before.error)))
            }
            (error, _) => error,
        })
    }

    /// Sends the body once, in what is left of its time.
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

    /// Waits before the next attempt. When the process ends, it is made at once: it is the last chance.
    async fn pause(&self, pause: Duration) {
        if self.is_hurried() {
            sleep(pause.min(LAST_WAIT)).await;
            return;
        }
        let mut end = self.hurried.clone();
        // Over or come early, it is time either way.
        let _ = timeout(pause, end.wait_for(|hurried| *hurried)).await;
    }
}

/// Why an attempt failed.
struct Failure {
    error: ExportError,
    /// An absent backend is not tried again once the process ends.
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
            // tonic compresses by itself.
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
