//! Sends the batches of a queue.

use super::{counts::Loss, encode::SharedResource, queue::Queue};
use crate::{Signal, clock::Monotonic, export::Exporter};
use glassbox_resilience::Permit;
use std::{fmt, sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, MissedTickBehavior, interval_at},
};

type Encode<T> = fn(Vec<T>, &SharedResource) -> Vec<u8>;

/// Takes batches out of a queue, when they are full or have waited long enough.
pub(super) struct Batcher<T> {
    signal: Signal,
    queue: Arc<Queue<T>>,
    encode: Encode<T>,
    resource: SharedResource,
    exporter: Exporter,
    delay: Duration,
    /// One request at a time: what was emitted first arrives first.
    turn: Mutex<()>,
}

impl<T> Batcher<T> {
    pub(super) fn new(
        signal: Signal,
        queue: Arc<Queue<T>>,
        encode: Encode<T>,
        resource: &SharedResource,
        exporter: Exporter,
        delay: Duration,
    ) -> Self {
        Self {
            signal,
            queue,
            encode,
            resource: resource.clone(),
            exporter,
            delay,
            turn: Mutex::default(),
        }
    }

    pub(super) fn queue(&self) -> &Queue<T> {
        &self.queue
    }

    pub(super) fn shown(&self) -> &str {
        self.exporter.shown()
    }

    /// For ever. While the backend is left alone, everything stays where it is.
    pub(super) async fn run(&self) {
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

    /// Sends what waits at the moment of the call, whatever the breaker says, and sees what is on its
    /// way arrive.
    ///
    /// # Errors
    /// The first failure, in words; the books have them all.
    pub(super) async fn drain(&self) -> Result<(), String> {
        let counts = self.queue.counts();
        let before = counts.refused();
        let mut outcome = Ok(());
        let mut left = self.queue.len();
        while left > 0 {
            let _turn = self.turn.lock().await;
            let (sent, result) = self.send(self.exporter.permit()).await;
            if sent == 0 {
                break;
            }
            left = left.saturating_sub(sent);
            outcome = outcome.and(result);
        }
        // A batch that was on its way already, or that somebody else sent meanwhile.
        if outcome.is_ok() && counts.refused() > before {
            let error = counts.last_error();
            outcome = Err(error.unwrap_or_else(|| "a batch was given up".to_owned()));
        }
        outcome
    }

    /// Sends one batch; `None` where there is none or the breaker is open.
    async fn send_if_allowed(&self) -> Option<usize> {
        let _turn = self.turn.lock().await;
        let permit = self.exporter.permit()?;
        let (sent, _) = self.send(Some(permit)).await;
        (sent > 0).then_some(sent)
    }

    /// Sends one batch; gives how many items were in it.
    async fn send(&self, permit: Option<Permit<'_, Monotonic>>) -> (usize, Result<(), String>) {
        let batch = self.queue.take();
        let n = batch.len();
        if n == 0 {
            return (0, Ok(()));
        }
        let body = (self.encode)(batch, &self.resource);
        let outcome = self.exporter.export(body, permit).await;
        (n, settle(self.signal, &self.queue, n, outcome))
    }
}

/// Books the outcome of a request with `n` items, and says it where it turned.
pub(super) fn settle<T>(
    signal: Signal,
    queue: &Queue<T>,
    n: usize,
    outcome: Result<crate::export::Answer, crate::export::ExportError>,
) -> Result<(), String> {
    let error = match outcome {
        Ok(answer) => {
            let rejected = answer.rejected.min(n);
            queue.settle(n - rejected, rejected, Loss::Rejected);
            let said = || format!("the backend refused {rejected} of {n}: {}", answer.message);
            (rejected > 0).then(said)
        }
        Err(error) => {
            queue.settle(0, n, Loss::ExportFailed);
            Some(error.line())
        }
    };
    let turned = queue.counts().outcome(error.clone());
    match &error {
        Some(error) if turned => {
            tracing::warn!(signal = signal.as_str(), %error, "telemetry does not arrive");
        }
        None if turned => tracing::info!(signal = signal.as_str(), "telemetry arrives again"),
        _ => {}
    }
    error.map_or(Ok(()), Err)
}

impl<T> fmt::Debug for Batcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher")
            .field("signal", &self.signal)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}
