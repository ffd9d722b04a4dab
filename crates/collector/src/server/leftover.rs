//! What a client still sends when its request is answered already.
//!
//! Over HTTP/1 a connection that is closed with unread data is reset, and a client that writes its
//! whole body before it reads sees a broken pipe instead of the answer. To an exporter that is a
//! reason to send the same again, for ever. So a refused body is read to its end, within bounds.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::EXPECT;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// The most that is read for nobody.
const MOST: usize = 256 << 20;

/// How long it is read for nobody.
const LONGEST: Duration = Duration::from_secs(10);

/// A request's body that can be asked for again after its handler has dropped it.
#[derive(Debug)]
pub(super) struct Lent(Arc<Mutex<Share>>);

/// The other half: what becomes of the rest.
#[derive(Debug)]
pub(super) struct Leftover(Arc<Mutex<Share>>);

#[derive(Debug)]
struct Share {
    body: Incoming,
    /// Whether the client waits for a word before it sends anything.
    waits: bool,
}

fn lock(share: &Mutex<Share>) -> MutexGuard<'_, Share> {
    share.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Splits a body into what the handler reads and what is left.
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
        // The first look at the body is what tells such a client to send it.
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
    /// Reads and forgets what the client still sends, unless somebody else reads it.
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
        // What is still to come after that is the client's loss.
        let _ = tokio::time::timeout(LONGEST, discarding).await;
    }
}
