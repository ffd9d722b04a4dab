//! The limits of one exchange: the caller's deadline, its cancellation, and the idle timeout.

use super::HttpError;
use glassbox_core::{Clock, Cx};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep};

/// Resolves to the error that ends the exchange.
pub(super) struct Patience {
    peer: String,
    deadline: Option<Pin<Box<Sleep>>>,
    cancelled: Pin<Box<dyn Future<Output = ()> + Send>>,
    silence: Pin<Box<Sleep>>,
    limit: Duration,
}

impl Patience {
    /// # Errors
    /// If the deadline has passed or the call is cancelled.
    pub(super) fn new(
        cx: &Cx,
        clock: &dyn Clock,
        peer: &str,
        limit: Duration,
    ) -> Result<Self, HttpError> {
        let deadline = match cx.deadline() {
            Some(deadline) => match deadline.remaining(clock) {
                Some(left) => Some(Box::pin(tokio::time::sleep(left))),
                None => {
                    return Err(HttpError::Deadline {
                        peer: peer.to_owned(),
                    });
                }
            },
            None => None,
        };
        if cx.is_cancelled() {
            return Err(HttpError::Cancelled {
                peer: peer.to_owned(),
            });
        }
        let cx = cx.clone();
        Ok(Self {
            peer: peer.to_owned(),
            deadline,
            cancelled: Box::pin(async move { cx.cancelled().await }),
            silence: Box::pin(tokio::time::sleep(limit)),
            limit,
        })
    }

    /// Restarts the timeout after data from the peer.
    pub(super) fn heard(&mut self, limit: Duration) {
        self.limit = limit;
        // Far enough for "never" where the limit is past what the clock can hold.
        let far = Duration::from_secs(30 * 365 * 24 * 3600);
        let until = Instant::now() + limit.min(far);
        self.silence.as_mut().reset(until);
    }

    /// Resolves when the exchange must end.
    pub(super) fn poll_end(&mut self, task: &mut Context<'_>) -> Poll<HttpError> {
        let peer = || self.peer.clone();
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(task).is_ready()
        {
            return Poll::Ready(HttpError::Deadline { peer: peer() });
        }
        if self.cancelled.as_mut().poll(task).is_ready() {
            return Poll::Ready(HttpError::Cancelled { peer: peer() });
        }
        if self.silence.as_mut().poll(task).is_ready() {
            return Poll::Ready(HttpError::Timeout {
                peer: peer(),
                limit: self.limit,
            });
        }
        Poll::Pending
    }
}
