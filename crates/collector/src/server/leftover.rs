//! Reads the rest of a body after its request was answered.
//!
//! Closing an HTTP/1 connection with unread data resets it, so a client that writes its whole body
//! before it reads gets a broken pipe instead of the response. An exporter then sends the same
//! request again, forever. So a rejected body is read to its end, within limits.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::EXPECT;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// Limit of discarded bytes.
const MOST: usize = 256 << 20;

/// Time limit for discarding.
const LONGEST: Duration = Duration::from_secs(10);

/// A request's body whose rest can be recovered after its handler has dropped it.
#[derive(Debug)]
pub(super) struct Lent(Arc<Mutex<Share>>);

/// The rest of a body.
#[derive(Debug)]
pub(super) struct Leftover(Arc<Mutex<Share>>);

#[derive(Debug)]
struct Share {
    body: Incoming,
    /// Whether the client waits for `100 Continue` before it sends the body.
    waits: bool,
}

fn lock(share: &Mutex<Share>) -> MutexGuard<'_, Share> {
    share.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Splits a body into the part for the handler and the rest.
pub(super) fn lend(body: Incoming, headers: &HeaderMap) -> (Lent, Leftover) {
    let waits = headers.contains_key(EXPECT);
    let share = Arc::new(Mutex::new(Share { body, waits }));
    (Lent(Arc::clone(&share)), Leftover(share))
}

impl Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut share = lock(&self.0);
        // Polling the body would send `100 Continue` to such a client.
        share.waits = false;
        Pin::new(&mut share.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.0).body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.0).body.size_hint()
    }
}

impl Leftover {
    /// Reads and discards the rest, unless the handler still has the body.
    pub(super) async fn discard(self) {
        let Some(share) = Arc::into_inner(self.0) else {
            return;
        };
        let mut share = share.into_inner().unwrap_or_else(PoisonError::into_inner);
        if share.waits {
            return;
        }
        let discarding = async {
            let mut left = MOST;
            while left > 0 && !share.body.is_end_stream() {
                let frame =
                    std::future::poll_fn(|context| Pin::new(&mut share.body).poll_frame(context));
                let Some(Ok(frame)) = frame.await else { return };
                left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            }
        };
        // Beyond the limits the connection is reset.
        let _ = tokio::time::timeout(LONGEST, discarding).await;
    }
}
