//! A real OTLP endpoint inside the test process.

mod collected;
mod mode;
mod server;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use glassbox_otlp::proto::logs::v1::LogRecord;
use glassbox_otlp::proto::metrics::v1::Metric;
use glassbox_otlp::proto::trace::v1::Span;
use glassbox_otlp::{Batch, Limits, Receiver, Request};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use collected::Collected;

pub use collected::Received;
pub use mode::SinkMode;

/// Accepts OTLP/HTTP and OTLP/gRPC on one port of 127.0.0.1 and keeps everything it receives.
///
/// It uses the receiver of `glassbox-otlp` with storage in memory, so an exporter meets the same
/// checks and responses as at the local backend. [`SinkMode`] sets the failures. Dropping
/// the sink closes the port and every connection.
///
/// # Examples
///
/// ```no_run
/// # async fn example() {
/// let sink = glassbox_testkit::OtlpSink::start().await;
/// // Point an exporter at `sink.endpoint()`, emit, flush …
/// sink.wait_for(|sink| !sink.spans().is_empty()).await;
/// assert_eq!(sink.spans()[0].name, "GET /weather");
/// # }
/// ```
#[derive(Debug)]
pub struct OtlpSink {
    address: SocketAddr,
    receiver: Receiver,
    collected: Arc<Collected>,
    server: JoinHandle<()>,
}

/// Timeout of [`OtlpSink::wait_for`].
const PATIENCE: Duration = Duration::from_secs(10);

impl OtlpSink {
    /// Starts a sink on a free port.
    ///
    /// # Panics
    ///
    /// If no port of 127.0.0.1 can be bound.
    pub async fn start() -> Self {
        Self::start_with(Limits::default()).await
    }

    /// Starts a sink with its own limits, to test how an exporter behaves at them.
    ///
    /// # Panics
    ///
    /// If no port of 127.0.0.1 can be bound.
    pub async fn start_with(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port on loopback");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let collected = Arc::new(Collected::default());
        let receiver = Receiver::new(Arc::clone(&collected) as Arc<_>, limits);
        let server = server::run(listener, receiver.router(), Arc::clone(&collected));
        let server = tokio::spawn(server);
        Self {
            address,
            receiver,
            collected,
            server,
        }
    }

    /// Returns the address in the form that exporters take, such as `http://127.0.0.1:40123`. It is the same
    /// for both protocols.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the socket address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets how requests are handled from now on.
    pub fn set_mode(&self, mode: SinkMode) {
        self.collected.set_mode(mode);
    }

    /// Sets how the next requests are handled, one mode each; then [`set_mode`](Self::set_mode)
    /// applies again.
    pub fn script(&self, modes: impl IntoIterator<Item = SinkMode>) {
        self.collected.script(modes);
    }

    /// Returns the number of received requests, however they were handled.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.collected.attempts()
    }

    /// Returns the receiver, for its counters.
    #[must_use]
    pub fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    /// Returns everything that was accepted, in order of arrival.
    #[must_use]
    pub fn batches(&self) -> Vec<Batch> {
        self.collected.batches()
    }

    /// Returns all spans accepted so far.
    #[must_use]
    pub fn spans(&self) -> Vec<Received<Span>> {
        let mut spans = Vec::new();
        for batch in self.batches() {
            let (Request::Traces(request), _) = batch.into_parts() else {
                continue;
            };
            for resource in request.resource_spans {
                for scope in resource.scope_spans {
                    let received = Received::all(&resource.resource, scope.scope, scope.spans);
                    spans.extend(received);
                }
            }
        }
        spans
    }

    /// Returns all metrics accepted so far, once for each export.
    #[must_use]
    pub fn metrics(&self) -> Vec<Received<Metric>> {
        let mut metrics = Vec::new();
        for batch in self.batches() {
            let (Request::Metrics(request), _) = batch.into_parts() else {
                continue;
            };
            for resource in request.resource_metrics {
                for scope in resource.scope_metrics {
                    let received = Received::all(&resource.resource, scope.scope, scope.metrics);
                    metrics.extend(received);
                }
            }
        }
        metrics
    }

    /// Returns all log records accepted so far.
    #[must_use]
    pub fn logs(&self) -> Vec<Received<LogRecord>> {
        let mut logs = Vec::new();
        for batch in self.batches() {
            let (Request::Logs(request), _) = batch.into_parts() else {
                continue;
            };
            for resource in request.resource_logs {
                for scope in resource.scope_logs {
                    let received =
                        Received::all(&resource.resource, scope.scope, scope.log_records);
                    logs.extend(received);
                }
            }
        }
        logs
    }

    /// Removes everything that was accepted.
    pub fn clear(&self) {
        self.collected.clear();
    }

    /// Waits until the condition holds, for at most ten seconds of real time.
    ///
    /// The condition is checked again after each request.
    ///
    /// # Panics
    ///
    /// If the time is over; the message lists what has arrived.
    pub async fn wait_for(&self, condition: impl Fn(&Self) -> bool) {
        assert!(
            self.wait_for_within(PATIENCE, condition).await,
            "what the test waits for did not arrive within {PATIENCE:?}; {} requests brought \
             {} spans, {} metrics and {} log records",
            self.attempts(),
            self.spans().len(),
            self.metrics().len(),
            self.logs().len(),
        );
    }

    /// Waits until the condition holds or the time is over. Returns whether it holds.
    pub async fn wait_for_within(
        &self,
        patience: Duration,
        condition: impl Fn(&Self) -> bool,
    ) -> bool {
        let mut changes = self.collected.changes();
        let waiting = async {
            while !condition(self) {
                changes
                    .changed()
                    .await
                    .expect("the sink holds the other end");
            }
        };
        tokio::time::timeout(patience, waiting).await.is_ok()
    }
}

impl Drop for OtlpSink {
    fn drop(&mut self) {
        self.server.abort();
    }
}
