//! Sends the contents of a queue in batches.

use super::{
    books::Books, counts::Loss, delivery::Delivery, encode::SharedResource, outlet::Outlet,
    outlet::Running, queue::Queue,
};
use crate::{clock::Monotonic, export::Exporter, parcel::Parcel};
use glassbox_resilience::Permit;
use std::{fmt, sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, MissedTickBehavior, interval_at},
};

type Encode<T> = fn(Vec<T>, &SharedResource) -> Parcel;

/// Sends what waits in a queue, when a batch is full or has waited long enough.
pub(super) struct Batcher<T> {
    queue: Arc<Queue<T>>,
    encode: Encode<T>,
    resource: SharedResource,
    delivery: Delivery,
    delay: Duration,
    /// One request at a time, so that items arrive in the order in which they were emitted.
    turn: Mutex<()>,
}

impl<T: Send + 'static> Batcher<T> {
    pub(super) fn new(
        queue: Arc<Queue<T>>,
        encode: Encode<T>,
        resource: &SharedResource,
        exporter: Exporter,
        delay: Duration,
    ) -> Self {
        Self {
            delivery: Delivery::new(exporter, queue.clone()),
            queue,
            encode,
            resource: resource.clone(),
            delay,
            turn: Mutex::default(),
        }
    }

    /// While the breaker is open, everything stays in the queue.
    async fn send_on_schedule(&self) {
        let mut tick = interval_at(Instant::now() + self.delay, self.delay);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {
                    let mut left = self.queue.len();
                    while left > 0 && let Some(sent) = self.send_if_allowed().await {
                        left = left.saturating_sub(sent);
                    }
                }
                () = self.queue.filled() => {
                    while self.queue.is_full_batch() && self.send_if_allowed().await.is_some() {}
                }
            }
        }
    }

    async fn send_all(&self) -> Result<(), String> {
        let counts = self.delivery.books().counts();
        let before = counts.refused();
        let mut outcome = Ok(());
        let mut left = self.queue.len();
        while left > 0 {
            let _turn = self.turn.lock().await;
            let (sent, result) = self.send(self.delivery.permit()).await;
            if sent == 0 {
                break;
            }
            left = left.saturating_sub(sent);
            outcome = outcome.and(result);
        }
        // A batch failed that was already in flight, or that the schedule sent in the meantime.
        if outcome.is_ok() && counts.refused() > before {
            let error = counts.last_error();
            outcome = Err(error.unwrap_or_else(|| "a batch was not delivered".to_owned()));
        }
        outcome
    }

    /// Sends one batch; `None` if there is none or the breaker is open.
    async fn send_if_allowed(&self) -> Option<usize> {
        let _turn = self.turn.lock().await;
        let permit = self.delivery.permit()?;
        let (sent, _) = self.send(Some(permit)).await;
        (sent > 0).then_some(sent)
    }

    /// Sends one batch; returns its size.
    async fn send(&self, permit: Option<Permit<'_, Monotonic>>) -> (usize, Result<(), String>) {
        let batch = self.queue.take();
        if batch.is_empty() {
            return (0, Ok(()));
        }
        let parcel = (self.encode)(batch, &self.resource);
        let items = parcel.items;
        (items, self.delivery.deliver(parcel, permit).await)
    }
}

impl<T: Send + 'static> Outlet for Batcher<T> {
    fn destination(&self) -> &str {
        self.delivery.destination()
    }

    fn run(&self) -> Running<'_, ()> {
        Box::pin(self.send_on_schedule())
    }

    fn drain(&self) -> Running<'_, Result<(), String>> {
        Box::pin(self.send_all())
    }

    fn refuse(&self) {
        self.queue.refuse(Loss::Shutdown);
    }

    fn close(&self) {
        self.queue.close();
    }
}

impl<T> fmt::Debug for Batcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher")
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}
