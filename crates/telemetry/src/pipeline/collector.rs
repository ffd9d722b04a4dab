//! Collects metrics and sends them.

use super::{
    books::Books, delivery::Delivery, encode, outlet::Outlet, outlet::Running,
    thread::as_application,
};
use crate::{clock::Monotonic, export::Exporter, metrics::Collection};
use glassbox_resilience::Permit;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    task::spawn_blocking,
    time::{Instant, MissedTickBehavior, interval_at},
};

/// Collects one reader's metrics at an interval, and on request, and sends them. Data points never
/// wait.
#[derive(Debug)]
pub(super) struct Collector {
    collection: Collection,
    delivery: Delivery,
    interval: Duration,
    /// One request at a time.
    turn: Mutex<()>,
}

impl Collector {
    pub(super) fn new(
        books: Arc<dyn Books>,
        collection: Collection,
        exporter: Exporter,
        interval: Duration,
    ) -> Self {
        Self {
            collection,
            delivery: Delivery::new(exporter, books),
            interval,
            turn: Mutex::default(),
        }
    }

    /// While the breaker is open, nothing is collected: totals keep growing, so nothing is lost.
    async fn collect_on_schedule(&self) {
        let mut tick = interval_at(Instant::now() + self.interval, self.interval);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let _turn = self.turn.lock().await;
            // The shutdown makes the last collection. It would cut this one off, and count it as
            // lost although it may have arrived.
            if self.delivery.is_hurried() {
                return;
            }
            if let Some(permit) = self.delivery.permit() {
                // The books contain the outcome.
                let _ = self.collect_and_send(Some(permit)).await;
            }
        }
    }

    async fn collect_now(&self) -> Result<(), String> {
        let _turn = self.turn.lock().await;
        self.collect_and_send(self.delivery.permit()).await
    }

    async fn collect_and_send(&self, permit: Option<Permit<'_, Monotonic>>) -> Result<(), String> {
        let collection = self.collection.clone();
        // The application's callbacks run in here. On a thread of the blocking pool, a slow callback delays
        // nothing else. The work is marked as the application's, so the telemetry of callbacks is recorded.
        let collecting = spawn_blocking(move || {
            let mut collected = ResourceMetrics::default();
            as_application(|| collection.collect(&mut collected))?;
            Ok::<_, String>(encode::points(&collected))
        });
        let parcel = match collecting.await {
            Ok(collected) => collected?,
            Err(panicked) => return Err(format!("failed to collect metrics: {panicked}")),
        };
        if parcel.items == 0 {
            return Ok(());
        }
        self.delivery.books().admit(parcel.items);
        self.delivery.deliver(parcel, permit).await
    }
}

impl Outlet for Collector {
    fn destination(&self) -> &str {
        self.delivery.destination()
    }

    fn run(&self) -> Running<'_, ()> {
        Box::pin(self.collect_on_schedule())
    }

    fn drain(&self) -> Running<'_, Result<(), String>> {
        Box::pin(self.collect_now())
    }

    // The last collection is still to come.
    fn refuse(&self) {}

    fn close(&self) {
        self.delivery.books().close();
    }
}
