//! Requests to the telemetry thread: flush and shut down.

use std::time::Duration;
use tokio::sync::mpsc::{self, error::TrySendError};

/// How many flushes may be requested at the same time.
const MAX_FLUSHES: usize = 64;

/// Why a flush did not deliver everything. Nothing is lost by that: the remaining items stay in their queues.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// The time limit was reached first.
    #[error("deliver all telemetry within {0:?}")]
    Timeout(Duration),
    /// A batch could not be delivered.
    #[error("deliver all telemetry: {0}")]
    Export(String),
    /// Too many flushes are in progress already.
    #[error("flush telemetry: {MAX_FLUSHES} flushes are under way")]
    Busy,
    /// Telemetry has been shut down.
    #[error("flush telemetry, which has been shut down")]
    Closed,
}

type Flushed = Box<dyn FnOnce(Result<(), FlushError>) + Send>;
type Ended = Box<dyn FnOnce() + Send>;

/// A requested flush.
pub(super) struct Flush {
    pub(super) within: Duration,
    /// Called once, with the result.
    pub(super) done: Flushed,
}

/// A requested shutdown.
pub(super) struct Shutdown {
    pub(super) within: Duration,
    /// Called once, at the end.
    pub(super) done: Ended,
}

/// The sending half. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    flushes: mpsc::Sender<Flush>,
    /// Separate, so that a queue full of flushes does not delay the shutdown.
    shutdowns: mpsc::Sender<Shutdown>,
}

/// The receiving half, for the telemetry thread.
pub(super) struct Inbox {
    pub(super) flushes: mpsc::Receiver<Flush>,
    pub(super) shutdowns: mpsc::Receiver<Shutdown>,
}

impl Orders {
    pub(super) fn new() -> (Self, Inbox) {
        let (flush, flushes) = mpsc::channel(MAX_FLUSHES);
        let (shutdown, shutdowns) = mpsc::channel(1);
        let orders = Self {
            flushes: flush,
            shutdowns: shutdown,
        };
        (orders, Inbox { flushes, shutdowns })
    }

    /// Requests a flush. `done` is called once: here if the request is refused, otherwise on the
    /// telemetry thread.
    pub(super) fn flush(&self, within: Duration, done: Flushed) {
        let refused = match self.flushes.try_send(Flush { within, done }) {
            Ok(()) => return,
            Err(refused) => refused,
        };
        let (error, flush) = match refused {
            TrySendError::Full(flush) => (FlushError::Busy, flush),
            TrySendError::Closed(flush) => (FlushError::Closed, flush),
        };
        (flush.done)(Err(error));
    }

    /// Requests the shutdown. `done` is called once, at once if a shutdown has been requested before.
    pub(super) fn shutdown(&self, within: Duration, done: Ended) {
        if let Err(refused) = self.shutdowns.try_send(Shutdown { within, done }) {
            (refused.into_inner().done)();
        }
    }
}
