//! OTLP out of the process: encoded once, sent with retries, answered with what was taken.

mod answer;
mod backoff;
mod compress;
mod error;
#[cfg(feature = "grpc")]
mod grpc;
mod http;
#[cfg(feature = "tls")]
mod tls;

pub(crate) use error::ExportError;

use crate::{
    InitError, Signal,
    config::{Protocol, Target, TelemetryConfig},
};
pub(crate) use answer::Answer;
use backoff::Backoff;
use bytes::Bytes;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};

/// How the backend may know us.
const USER_AGENT: &str = concat!("glassbox-telemetry/", env!("CARGO_PKG_VERSION"));

/// Sends the batches of one signal.
#[derive(Debug)]
pub(crate) struct Exporter {
    transport: Transport,
    timeout: Duration,
    shown: String,
    /// Set when the process ends: an absent backend is not waited for any more.
    hurried: Arc<AtomicBool>,
}

#[derive(Debug)]
enum Transport {
    Http(Box<http::Client>),
    #[cfg(feature = "grpc")]
    Grpc(grpc::Client),
}

impl Exporter {
    /// Only checks and builds; connects when the first batch is sent. Must be called within the
    /// runtime that will send.
    pub(crate) fn new(
        config: &TelemetryConfig,
        signal: Signal,
        hurried: Arc<AtomicBool>,
    ) -> Result<Self, InitError> {
        let target = Target::of(config, signal)?;
        let shown = target.shown();
        let timeout = target.timeout;
        let transport = match target.protocol {
            Protocol::HttpProtobuf => Transport::Http(Box::new(http::Client::new(target)?)),
            #[cfg(feature = "grpc")]
            Protocol::Grpc => Transport::Grpc(grpc::Client::new(target, signal)?),
            #[cfg(not(feature = "grpc"))]
            Protocol::Grpc => return Err(InitError::Feature("grpc")),
        };
        Ok(Self {
            transport,
            timeout,
            shown,
            hurried,
        })
    }

    /// Where it goes, without credentials.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Sends one encoded request; gives how many of its items the backend refused.
    ///
    /// # Errors
    /// If the backend has not taken it within the timeout, or says that it never will.
    pub(crate) async fn export(&self, body: Vec<u8>) -> Result<Answer, ExportError> {
        let deadline = Instant::now() + self.timeout;
        let body = self.transport.encode(body)?;
        let mut backoff = Backoff::new();
        loop {
            let attempt = self.transport.send(body.clone());
            let error = match timeout_at(deadline, attempt).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => return Err(ExportError::Timeout(self.timeout)),
            };
            let wait = match error.retry_after() {
                Some(wait) => wait.max(backoff.next()),
                None => return Err(error),
            };
            let hopeless = error.is_unreachable() && self.hurried.load(Relaxed);
            if hopeless || Instant::now() + wait >= deadline {
                return Err(error);
            }
            sleep(wait).await;
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
