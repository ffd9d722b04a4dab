//! The queues of spans and log records.

use super::{
    books::Books,
    counts::{Counts, Loss},
};
use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// A bounded queue with its books.
///
/// # Bounds
/// At most `capacity` items wait. Others are lost: with the reason `queue_full`, or `shutdown` once the
/// queue is closed.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    capacity: usize,
    batch: usize,
    filled: Notify,
    counts: Counts,
    discarding: bool,
}

struct State<T> {
    waiting: VecDeque<T>,
    /// Taken out, with an unknown outcome yet.
    in_flight: usize,
    closed: Option<Loss>,
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: usize, batch: usize) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                in_flight: 0,
                closed: None,
            }),
            capacity,
            batch: batch.min(capacity),
            filled: Notify::new(),
            counts: Counts::default(),
            discarding: false,
        }
    }

    /// Discards everything without counting it. For a signal that the settings turn off.
    pub(crate) fn discarding(self) -> Self {
        Self {
            discarding: true,
            ..self
        }
    }

    /// Whether everything is discarded.
    pub(crate) fn is_discarding(&self) -> bool {
        self.discarding
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing panics while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an item, or counts its loss. Never waits for the export.
    pub(crate) fn push(&self, item: T) {
        if self.discarding {
            return;
        }
        self.counts.emit(1);
        let mut state = self.state();
        let loss = match state.closed {
            Some(loss) => Some(loss),
            None if state.waiting.len() >= self.capacity => Some(Loss::QueueFull),
            None => None,
        };
        if let Some(loss) = loss {
            drop(state);
            self.counts.lose(1, loss);
            return;
        }
        state.waiting.push_back(item);
        let full = state.waiting.len() == self.batch;
        drop(state);
        if full {
            self.filled.notify_one();
        }
    }

    /// Waits until a batch is full.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Takes the oldest items out, up to a batch; each is in flight until [`settle`](Self::settle).
    pub(crate) fn take(&self) -> Vec<T> {
        let mut state = self.state();
        let n = state.waiting.len().min(self.batch);
        state.in_flight += n;
        state.waiting.drain(..n).collect()
    }

    /// Whether at least one batch waits.
    pub(crate) fn is_full_batch(&self) -> bool {
        self.state().waiting.len() >= self.batch
    }
}

impl<T: Send> Books for Queue<T> {
    fn len(&self) -> usize {
        let state = self.state();
        state.waiting.len() + state.in_flight
    }

    fn refuse(&self, loss: Loss) {
        self.state().closed.get_or_insert(loss);
    }

    fn close(&self) {
        let loss = Loss::Shutdown;
        let mut state = self.state();
        state.closed.get_or_insert(loss);
        let left = state.waiting.len() + state.in_flight;
        let gone = std::mem::take(&mut state.waiting);
        state.in_flight = 0;
        drop(state);
        drop(gone);
        self.counts.lose(left, loss);
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }

    fn admit(&self, n: usize) {
        self.counts.emit(n);
        let mut state = self.state();
        if let Some(loss) = state.closed {
            drop(state);
            self.counts.lose(n, loss);
            return;
        }
        state.in_flight += n;
    }

    fn settle(&self, delivered: usize, lost: usize, loss: Loss) {
        let mut state = self.state();
        // Items that `close` has counted as lost are not counted again.
        let open = state.in_flight;
        let delivered = delivered.min(open);
        let lost = lost.min(open - delivered);
        state.in_flight -= delivered + lost;
        drop(state);
        self.counts.deliver(delivered);
        if lost > 0 {
            self.counts.lose(lost, loss);
        }
    }
}

impl<T: Send> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("len", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(capacity: usize, batch: usize) -> Queue<u32> {
        Queue::new(capacity, batch)
    }

    fn drops(queue: &Queue<u32>, reason: &str) -> u64 {
        queue.counts().dropped().get(reason).copied().unwrap_or(0)
    }

    #[test]
    fn one_more_than_the_capacity_is_dropped_and_counted() {
        let queue = queue(3, 2);
        (0..5).for_each(|n| queue.push(n));
        assert_eq!(queue.len(), 3);
        assert_eq!(drops(&queue, "queue_full"), 2);
        assert_eq!(queue.take(), [0, 1]);
        // Items in flight do not occupy the queue.
        (5..9).for_each(|n| queue.push(n));
        assert_eq!(drops(&queue, "queue_full"), 4);
        assert_eq!(queue.counts().emitted(), 9);
    }

    #[test]
    fn every_item_ends_up_in_one_column() {
        let queue = queue(10, 4);
        (0..10).for_each(|n| queue.push(n));
        let first = queue.take();
        queue.settle(first.len() - 1, 1, Loss::Rejected);
        let _in_flight = queue.take();
        queue.refuse(Loss::Shutdown);
        queue.push(99);
        queue.close();
        // This outcome is too late, and not counted again.
        queue.settle(4, 0, Loss::ExportFailed);
        let counts = queue.counts();
        assert_eq!((counts.emitted(), counts.delivered()), (11, 3));
        assert_eq!(
            (drops(&queue, "rejected"), drops(&queue, "shutdown")),
            (1, 7)
        );
        assert_eq!(queue.len(), 0);
    }
}
