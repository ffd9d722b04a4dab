//! The queue between the follower and one client.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit};

use super::{LINE, LINES, QUEUE, Shared, line};

/// The client's end: its lines in order.
#[derive(Debug)]
pub(crate) struct Stream {
    queue: Arc<Queue>,
    /// The parameters of the stream.
    query: String,
    shared: Arc<Shared>,
    _place: OwnedSemaphorePermit,
}

/// The follower's end.
#[derive(Debug)]
pub(super) struct Sender(Arc<Queue>);

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Line>,
    bytes: usize,
    /// How many records before the first line were not sent.
    missed: u64,
    /// The last record that was sent.
    last: u64,
    is_closed: bool,
}

/// One event.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// The sequence number of its record; `None` for a note.
    pub(super) sequence: Option<u64>,
    pub(super) text: Bytes,
}

impl State {
    fn push(&mut self, line: Line) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
    }

    fn pop(&mut self) -> Option<Line> {
        let line = self.lines.pop_front()?;
        self.bytes -= line.text.len();
        Some(line)
    }
}

pub(super) fn channel(
    shared: Arc<Shared>,
    place: OwnedSemaphorePermit,
    query: String,
) -> (Sender, Stream) {
    shared.subscribers.fetch_add(1, Ordering::Relaxed);
    let queue = Arc::new(Queue::default());
    let sender = Sender(Arc::clone(&queue));
    let stream = Stream {
        queue,
        query,
        shared,
        _place: place,
    };
    (sender, stream)
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    /// Waits for the next line.
    ///
    /// # Cancel safety
    /// No line is lost.
    pub(crate) async fn next(&mut self) -> Bytes {
        loop {
            if let Some(line) = self.take() {
                return line;
            }
            self.queue.changed.notified().await;
        }
    }

    fn take(&mut self) -> Option<Bytes> {
        let mut state = self.queue.state();
        let missed = std::mem::take(&mut state.missed);
        if missed > 0 {
            return Some(line::dropped(missed, state.last, &self.query));
        }
        let line = state.pop()?;
        state.last = line.sequence.unwrap_or(state.last);
        Some(line.text)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.is_closed = true;
        state.lines = VecDeque::new();
        self.shared.subscribers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Sender {
    /// Returns whether the client has disconnected.
    pub(super) fn is_closed(&self) -> bool {
        self.0.state().is_closed
    }

    /// Queues the line of a record. If the queue or the memory is full, the oldest lines are dropped and
    /// counted as missed.
    pub(super) fn push(&self, shared: &Shared, line: Line) {
        let mut state = self.0.state();
        if state.is_closed {
            return;
        }
        state.push(line);
        let is_short = shared.lines.read() > LINES;
        let limit = if is_short { LINE } else { QUEUE };
        while state.bytes > limit {
            let Some(line) = state.pop() else { break };
            let missed = u64::from(line.sequence.is_some());
            state.missed += missed;
            shared.dropped.fetch_add(missed, Ordering::Relaxed);
        }
        drop(state);
        self.0.changed.notify_one();
    }

    /// Counts records that are not in the store anymore.
    pub(super) fn miss(&self, shared: &Shared, count: u64) {
        shared.dropped.fetch_add(count, Ordering::Relaxed);
        self.0.state().missed += count;
        self.0.changed.notify_one();
    }

    /// Queues a replay.
    pub(super) fn replay(&self, lines: impl IntoIterator<Item = Line>) {
        let mut state = self.0.state();
        if state.is_closed {
            return;
        }
        lines.into_iter().for_each(|line| state.push(line));
        drop(state);
        self.0.changed.notify_one();
    }
}
