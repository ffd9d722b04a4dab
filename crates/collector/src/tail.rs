//! Log streams: one follower reads the store for all of them.
//!
//! Streams with the same parameters form a *group*. The follower reads each new record once, tests
//! it for each group, renders it once as a *line*, and puts that line into the queue of every stream
//! of the groups that it matches. A new stream first gets a *replay*, for which streams that join at
//! the same time share one pass over the store, newest records first.
//!
//! # Bounds
//! Streams are limited in number. A line is at most [`LINE`] bytes, a replay at most [`REPLAY`], a
//! queue at most [`QUEUE`], and all lines in memory together at most [`LINES`]. If a queue is full, its
//! oldest lines are dropped, and the client gets their number.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use glassbox_store::SegmentStore;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::query::Filter;

mod follower;
mod group;
mod line;
mod queue;
mod replay;

use group::Member;
use line::Gauge;
pub(crate) use queue::Stream;

/// Limit of streams.
const STREAMS: usize = 512;

/// Limit of one line in bytes; values of a larger record are cut.
const LINE: usize = 64 << 10;

/// Limit of the replay of one stream in bytes.
const REPLAY: usize = 1 << 20;

/// Limit of what waits for one client in bytes, its replay included.
const QUEUE: usize = 2 << 20;

/// Limit of all lines in memory in bytes.
const LINES: usize = 64 << 20;

/// The log streams of a backend.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    shared: Arc<Shared>,
}

/// Where a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Start {
    /// With the records of the last hour.
    LastHour,
    /// After the record with this sequence number.
    After(u64),
}

/// The limit of streams is reached.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full {
    /// How many there are.
    pub(crate) limit: usize,
}

/// What the streams and the follower share.
#[derive(Debug)]
struct Shared {
    /// Streams that wait for their replay.
    joining: Mutex<Vec<Member>>,
    /// Wakes the follower.
    joined: Notify,
    /// The sequence number of the next record.
    newest: watch::Receiver<u64>,
    free: Arc<Semaphore>,
    limit: usize,
    /// The size of all lines in memory.
    lines: Gauge,
    subscribers: AtomicUsize,
    dropped: AtomicU64,
}

impl Tail {
    /// Starts to follow `store` on the blocking threads of `readers` until `stop`.
    pub(crate) fn start(
        store: Arc<SegmentStore>,
        readers: &Handle,
        stop: CancellationToken,
    ) -> Self {
        Self::with_limit(store, readers, stop, STREAMS)
    }

    pub(crate) fn with_limit(
        store: Arc<SegmentStore>,
        readers: &Handle,
        stop: CancellationToken,
        limit: usize,
    ) -> Self {
        let shared = Arc::new(Shared {
            joining: Mutex::default(),
            joined: Notify::new(),
            newest: store.follow_logs(),
            free: Arc::new(Semaphore::new(limit)),
            limit,
            lines: Gauge::default(),
            subscribers: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
        });
        readers.spawn(follower::follow(store, Arc::clone(&shared), stop));
        Self { shared }
    }

    /// Opens a stream of the records that satisfy `filter`. `query` are its parameters as a query
    /// string: streams with equal ones share their work.
    ///
    /// # Errors
    /// Fails if the limit of streams is reached.
    pub(crate) fn open(&self, filter: Filter, query: String, start: Start) -> Result<Stream, Full> {
        let Ok(place) = Arc::clone(&self.shared.free).try_acquire_owned() else {
            let limit = self.shared.limit;
            return Err(Full { limit });
        };
        // A cursor of another store may be in the future: then only new records are sent.
        let newest = self.shared.newest.borrow().saturating_sub(1);
        let start = match start {
            Start::After(last) => Start::After(last.min(newest)),
            Start::LastHour => start,
        };
        let (sender, stream) = queue::channel(Arc::clone(&self.shared), place, query.clone());
        self.shared.joining().push(Member {
            filter: Arc::new(filter),
            query,
            start,
            sender,
        });
        self.shared.joined.notify_one();
        Ok(stream)
    }

    /// Returns how many streams there are.
    pub(crate) fn subscribers(&self) -> usize {
        self.shared.subscribers.load(Ordering::Relaxed)
    }

    /// Returns how many records streams have missed.
    pub(crate) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn joining(&self) -> MutexGuard<'_, Vec<Member>> {
        self.joining.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
