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
};
pub(crate) use answer::Answer;
use bytes::Bytes;
use glassbox_core::Deadline;
use glassbox_resilience::{Next, Permit};
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
        body: Vec<u8>,
        permit: Option<Permit<'_, Monotonic>>,
    ) -> Result<Answer, ExportError> {
        let outcome = self.attempts(body).await;
        if let Some(permit) = permit {
            permit.settle(&outcome);
        }
        outcome
    }

    async fn attempts(&self, body: Vec<u8>) -> Result<Answer, ExportError> {
        let body = self.transport.encode(body)?;
        let deadline = Deadline::after(&self.clock, self.timeout);
        let mut attempts = circuit::attempts().until(Some(deadline));
        let mut before = None;
        loop {
            let attempt = self.transport.send(body.clone());
            let left = deadline.remaining(&self.clock).unwrap_or_default();
            let error = match timeout(left, attempt).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => return Err(ExportError::Timeout(self.timeout, before.map(Box::new))),
            };
            let hurried = self.is_hurried();
            if hurried && error.is_unreachable() {
                return Err(error);
            }
            match attempts.next(&error, &self.clock) {
                Next::Retry(wait) if hurried => sleep(wait.min(LAST_WAIT)).await,
                // The end of the process is the last chance for what waits: it is tried now.
                Next::Retry(wait) => {
                    let mut end = self.hurried.clone();
                    // Over or come early, it is time either way.
                    let _ = timeout(wait, end.wait_for(|hurried| *hurried)).await;
                }
                Next::Stop(_) => return Err(error),
            }
            before = Some(error);
        }
    }
}

impl Transport {
    fn encode(&self, body: Vec<u8>) -> Result<Bytes, ExportError> {
        match self {
            Self::Http(client) => client.encode(body),
            // tonic compresses by itself.
            #[cfg(feature = "grpc")]
            Self::Grpc(_) => Ok(body.into()),
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
