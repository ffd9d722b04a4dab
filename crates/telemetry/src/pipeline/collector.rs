//! Collects metrics and sends them.

use super::{batcher::settle, encode, queue::Queue, thread::as_application};
use crate::{Signal, clock::Monotonic, export::Exporter, metrics::Collection};
use glassbox_resilience::Permit;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    task::spawn_blocking,
    time::{Instant, MissedTickBehavior, interval_at},
};

/// Collects at an interval, and when it is asked to.
#[derive(Debug)]
pub(super) struct Collector {
    /// Only the books: data points never wait.
    queue: Arc<Queue<()>>,
    collection: Collection,
    exporter: Exporter,
    interval: Duration,
    /// One request at a time.
    turn: Mutex<()>,
}

impl Collector {
    pub(super) fn new(
        queue: Arc<Queue<()>>,
        collection: Collection,
        exporter: Exporter,
        interval: Duration,
    ) -> Self {
        Self {
            queue,
            collection,
            exporter,
            interval,
            turn: Mutex::default(),
        }
    }

    pub(super) fn queue(&self) -> &Queue<()> {
        &self.queue
    }

    pub(super) fn shown(&self) -> &str {
        self.exporter.shown()
    }

    /// Until the process ends. While the backend is left alone, nothing is collected: totals go on growing.
    pub(super) async fn run(&self) {
        let mut tick = interval_at(Instant::now() + self.interval, self.interval);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let _turn = self.turn.lock().await;
            // The last collection is the shutdown's: one that it cuts off would count as lost, and
            // may have arrived.
            if self.exporter.is_hurried() {
                return;
            }
            if let Some(permit) = self.exporter.permit() {
                // The outcome is in the books.
                let _ = self.collect_and_send(Some(permit)).await;
            }
        }
    }

    /// Collects and sends once, whatever the breaker says.
    ///
    /// # Errors
    /// The failure, in words; the books have it too.
    pub(super) async fn collect(&self) -> Result<(), String> {
        let _turn = self.turn.lock().await;
        self.collect_and_send(self.exporter.permit()).await
    }

    async fn collect_and_send(&self, permit: Option<Permit<'_, Monotonic>>) -> Result<(), String> {
        let collection = self.collection.clone();
        // The application's callbacks run in there: on a thread on which they can only hurt
        // themselves, and as what they are.
        let collecting = spawn_blocking(move || {
            let mut collected = ResourceMetrics::default();
            as_application(|| collection.collect(&mut collected))?;
            let points = encode::count(&collected);
            Ok::<_, String>((points, encode::points(&collected)))
        });
        let (points, body) = match collecting.await {
            Ok(collected) => collected?,
            Err(panicked) => return Err(format!("failed to collect metrics: {panicked}")),
        };
        if points == 0 {
            return Ok(());
        }
        self.queue.admit(points);
        let outcome = self.exporter.export(body, permit).await;
        settle(Signal::Metrics, &self.queue, points, outcome)
    }
}
