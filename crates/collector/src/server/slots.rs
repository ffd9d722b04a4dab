//! The connections of a listener: how many there are, and which are idle.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The connections that a listener serves.
#[derive(Debug)]
pub(super) struct Slots {
    limit: usize,
    taken: Vec<Arc<Slot>>,
}

impl Slots {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            taken: Vec::new(),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.taken.len() >= self.limit
    }

    /// Removes connections that have ended.
    pub(super) fn forget_closed(&mut self) {
        // The listener has one reference, the connection the others.
        self.taken.retain(|slot| Arc::strong_count(slot) > 1);
    }

    /// Takes a free slot, or the slot of the connection that was idle for the longest time, which is
    /// then closed. Returns `None` if all connections are busy.
    pub(super) fn take(&mut self) -> Option<Arc<Slot>> {
        if self.is_full() {
            let idle = self.taken.iter().enumerate();
            let idle = idle.filter_map(|(at, slot)| Some((slot.idle_since()?, at)));
            let (_, longest) = idle.min()?;
            self.taken.swap_remove(longest).close.cancel();
        }
        let slot = Arc::new(Slot::default());
        self.taken.push(Arc::clone(&slot));
        Some(slot)
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Slot {
    activity: Mutex<Activity>,
    close: CancellationToken,
}

#[derive(Debug)]
struct Activity {
    requests: usize,
    since: Instant,
}

impl Default for Slot {
    fn default() -> Self {
        let activity = Activity {
            requests: 0,
            since: Instant::now(),
        };
        Self {
            activity: Mutex::new(activity),
            close: CancellationToken::new(),
        }
    }
}

impl Slot {
    /// Waits until another connection takes the slot.
    pub(super) async fn evicted(&self) {
        self.close.cancelled().await;
    }

    /// Records that a request began.
    pub(super) fn begin(slot: &Arc<Self>) -> Busy {
        slot.change(|activity| activity.requests += 1);
        Busy(Arc::clone(slot))
    }

    fn idle_since(&self) -> Option<Instant> {
        self.change(|activity| (activity.requests == 0).then_some(activity.since))
    }

    fn change<T>(&self, act: impl FnOnce(&mut Activity) -> T) -> T {
        act(&mut self.activity.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request in progress; its connection is not idle until this is dropped.
#[derive(Debug)]
pub(super) struct Busy(Arc<Slot>);

impl Busy {
    /// Extends the request until its response is sent.
    pub(super) fn until_sent(self, body: Body) -> Body {
        Body::new(Sending { body, _busy: self })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.change(|activity| {
            activity.requests -= 1;
            activity.since = Instant::now();
        });
    }
}

/// A response's body that keeps its connection busy.
#[derive(Debug)]
struct Sending {
    body: Body,
    _busy: Busy,
}

impl http_body::Body for Sending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
