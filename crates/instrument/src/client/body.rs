//! A response body as a stream.

use super::{
    HttpError,
    attempt::Attempt,
    conceal::{Concealed, Stream as Concealing},
    patience::Patience,
};
use bytes::Bytes;
use futures_core::Stream;
use http_body::Body;
use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

/// The chunks of a response body. The request's span ends with it, or when it is dropped.
///
/// After an error and after the end, it yields nothing.
///
/// # Bounds
/// The caller's deadline and the idle timeout of the request. Data that is not read stays with the peer.
#[must_use = "a body is read only when it is polled"]
pub struct HttpBody {
    body: reqwest::Body,
    peer: String,
    idle: Duration,
    concealing: Concealing,
    concealed: Concealed,
    /// `None` once the body has ended.
    live: Option<(Attempt, Patience)>,
}

/// What a body begins with.
pub(super) struct Received {
    pub(super) body: reqwest::Body,
    pub(super) peer: String,
    pub(super) idle: Duration,
    pub(super) concealed: Concealed,
    pub(super) attempt: Attempt,
    pub(super) patience: Patience,
}

impl HttpBody {
    pub(super) fn new(received: Received) -> Self {
        Self {
            body: received.body,
            peer: received.peer,
            idle: received.idle,
            concealing: Concealing::new(received.concealed.clone()),
            concealed: received.concealed,
            live: Some((received.attempt, received.patience)),
        }
    }

    /// The next chunk, or `None` at the end.
    ///
    /// # Errors
    /// If the body breaks off, pauses for too long, or the caller's deadline passes.
    ///
    /// # Cancel safety
    /// Dropping the future loses no chunk.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        poll_fn(|task| Pin::new(&mut *self).poll_next(task))
            .await
            .transpose()
    }

    /// The rest of the body.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk), and if it is longer than `limit` bytes.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, HttpError> {
        let too_large = |peer: &str| HttpError::TooLarge {
            peer: peer.to_owned(),
            limit,
        };
        if self.body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
            let error = too_large(&self.peer);
            self.fail(&error);
            return Err(error);
        }
        let mut first = Bytes::new();
        let mut joined = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if first.len() + joined.len() + chunk.len() > limit {
                let error = too_large(&self.peer);
                self.fail(&error);
                return Err(error);
            }
            if first.is_empty() && joined.is_empty() {
                first = chunk;
                continue;
            }
            joined.extend_from_slice(&std::mem::take(&mut first));
            joined.extend_from_slice(&chunk);
        }
        Ok(match joined.is_empty() {
            true => first,
            false => joined.into(),
        })
    }

    pub(super) fn peer(&self) -> &str {
        &self.peer
    }

    fn fail(&mut self, error: &HttpError) {
        if let Some((mut attempt, _)) = self.live.take() {
            attempt.failed(error);
        }
    }
}

impl Stream for HttpBody {
    type Item = Result<Bytes, HttpError>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let Some((attempt, patience)) = &mut this.live else {
                return Poll::Ready(None);
            };
            let body = &mut this.body;
            let polled = attempt.within(|| Pin::new(body).poll_frame(task));
            let Poll::Ready(frame) = polled else {
                let error = ready!(patience.poll_end(task));
                this.fail(&error);
                return Poll::Ready(Some(Err(error)));
            };
            match frame {
                Some(Ok(frame)) => {
                    patience.heard(this.idle);
                    let Ok(chunk) = frame.into_data() else {
                        continue;
                    };
                    let chunk = match this.concealing.chunk(&chunk) {
                        Some(replaced) => replaced.into(),
                        None => chunk,
                    };
                    // All of it may be held back.
                    if !chunk.is_empty() {
                        return Poll::Ready(Some(Ok(chunk)));
                    }
                }
                Some(Err(error)) => {
                    let error = HttpError::Body {
                        peer: this.peer.clone(),
                        source: error.without_url().into(),
                    };
                    let error = error.conceal(&this.concealed);
                    this.fail(&error);
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    this.live = None;
                    let held = Bytes::from(this.concealing.end());
                    return Poll::Ready((!held.is_empty()).then_some(Ok(held)));
                }
            }
        }
    }
}

impl fmt::Debug for HttpBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBody")
            .field("peer", &self.peer)
            .field("ended", &self.live.is_none())
            .finish_non_exhaustive()
    }
}
