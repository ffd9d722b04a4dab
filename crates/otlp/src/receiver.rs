//! The services: OTLP/HTTP and OTLP/gRPC in front of a [`Consumer`].
//!
//! Both transports process a request in the same way: the body is decompressed while it arrives, every byte
//! is charged to the receiver's budget before it is kept, the message is decoded and checked, and the
//! consumer's result determines the response. The receiver emits no logs or telemetry about what it
//! ingests; [`ReceiverStats`] counts it.

mod answer;
mod body;
mod budget;
mod decode;
mod grpc;
mod http;
mod inflate;
mod media;
mod problem;
mod serve;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;

use crate::{Accepted, Consumer, Limits, ReceiverStats, RejectedReason, Rejections, Signal};
use body::Framing;
use budget::Budget;
use inflate::Encoding;
use media::Media;
use problem::Problem;

pub use serve::serve;

/// Receives OTLP and passes it to a [`Consumer`]. Cheap to clone; clones share everything.
///
/// ```
/// use std::{future::pending, sync::Arc, time::Duration};
///
/// use glassbox_otlp::{Accepted, Batch, Consumer, Limits, Receiver, Refusal, serve};
///
/// struct Counter;
///
/// #[async_trait::async_trait]
/// impl Consumer for Counter {
///     async fn consume(&self, batch: Batch) -> Result<Accepted, Refusal> {
///         // Keep `batch.bytes()`, or look into `batch.request()`.
///         Ok(Accepted::all())
///     }
/// }
///
/// # async fn example() -> std::io::Result<()> {
/// let receiver = Receiver::new(Arc::new(Counter), Limits::default());
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:4318").await?;
/// serve(listener, receiver.router(), pending(), Duration::from_secs(5)).await
/// # }
/// ```
#[derive(Clone)]
pub struct Receiver {
    shared: Arc<Shared>,
}

struct Shared {
    consumer: Arc<dyn Consumer>,
    limits: Limits,
    budget: Budget,
    stats: Arc<ReceiverStats>,
}

impl Receiver {
    /// Makes a receiver in front of a consumer.
    pub fn new(consumer: Arc<dyn Consumer>, limits: Limits) -> Self {
        let budget = Budget::new(limits.in_flight_bytes);
        // A request that can never fit is rejected as too large, so that clients do not retry it.
        let limits = Limits {
            request_bytes: limits.request_bytes.min(limits.in_flight_bytes),
            request_memory: limits.request_memory.min(limits.in_flight_bytes),
            ..limits
        };
        let stats = Arc::default();
        Self {
            shared: Arc::new(Shared {
                consumer,
                limits,
                budget,
                stats,
            }),
        }
    }

    /// Returns the live counters.
    #[must_use]
    pub fn stats(&self) -> Arc<ReceiverStats> {
        Arc::clone(&self.shared.stats)
    }

    /// Returns how many bytes are held for requests that are not answered yet.
    #[must_use]
    pub fn in_flight_bytes(&self) -> usize {
        self.shared.budget.used()
    }

    /// Returns the routes `POST /v1/{traces,metrics,logs}`.
    ///
    /// The router has no fallback, so that it can be merged, nested and layered; see
    /// [`unknown_route`](Self::unknown_route).
    pub fn http_router(&self) -> Router {
        http::router(self)
    }

    /// Returns the routes of the three gRPC services.
    ///
    /// The router has no fallback; [`unknown_route`](Self::unknown_route) returns the response that gRPC
    /// requires. It needs a server for HTTP/2 without TLS, such as [`serve`].
    pub fn grpc_router(&self) -> Router {
        grpc::router(self)
    }

    /// Returns both protocols and the answer to everything else, ready to serve on any port.
    pub fn router(&self) -> Router {
        let receiver = self.clone();
        let unknown = async move |request: Request| receiver.unknown_route(request);
        self.http_router()
            .merge(self.grpc_router())
            .fallback(unknown)
    }

    /// Processes one export request, from its body to the response.
    async fn export(
        &self,
        signal: Signal,
        media: Media,
        encoding: Encoding,
        framing: Framing,
        body: axum::body::Body,
    ) -> Result<Accepted, Problem> {
        let result = self
            .try_export(signal, media, encoding, framing, body)
            .await;
        result.inspect_err(|problem| self.shared.stats.count_refused(problem.reason()))
    }

    async fn try_export(
        &self,
        signal: Signal,
        media: Media,
        encoding: Encoding,
        framing: Framing,
        body: axum::body::Body,
    ) -> Result<Accepted, Problem> {
        let Shared {
            consumer,
            limits,
            budget,
            stats,
        } = &*self.shared;
        let body = body::read(body, framing, encoding, limits, budget)
            .await
            .map_err(|error| Problem::body(error, limits.retry_after))?;
        let size = body.bytes.len();
        let ((batch, rejections), lease) = decode::decode(signal, media, body, limits).await?;
        let (records, rejected) = (batch.records(), rejections.total());
        stats.count_received(signal, size, records + rejected);
        for (reason, records) in rejections.reasons() {
            stats.count_rejected(signal, reason, records);
        }
        stats.count_mended(signal, rejections.mended());
        if records == 0 {
            return match (rejections.first(), rejections.unknown()) {
                (Some(first), _) => Err(Problem::nothing_valid(signal, rejected, first)),
                (None, Some(unknown)) => Err(Problem::nothing_known(signal, unknown)),
                (None, None) => Ok(Accepted::all()),
            };
        }
        let accepted = consumer.consume(batch).await?;
        let refused = accepted.rejected().min(records);
        stats.count_accepted(signal, records - refused);
        stats.count_rejected(signal, RejectedReason::Consumer, refused);
        drop(lease);
        Ok(merged(signal, &rejections, accepted, records))
    }
}

/// Merges the records rejected by the checks with those rejected by the consumer.
fn merged(signal: Signal, rejections: &Rejections, accepted: Accepted, records: u64) -> Accepted {
    let mut messages = Vec::new();
    if let Some(first) = rejections.first() {
        let rejected = rejections.total();
        messages.push(format!("{rejected} {} rejected: {first}", signal.records()));
    }
    if rejections.mended() > 0 {
        let mended = rejections.mended();
        messages.push(format!(
            "{mended} strings were not valid Unicode, which U+FFFD replaces"
        ));
    }
    if messages.is_empty() {
        return accepted;
    }
    messages.extend(accepted.message().map(str::to_owned));
    let rejected = rejections.total() + accepted.rejected().min(records);
    Accepted::partial(rejected, messages.join("; "))
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver")
            .field("limits", &self.shared.limits)
            .finish_non_exhaustive()
    }
}
