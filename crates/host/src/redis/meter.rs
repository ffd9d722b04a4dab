//! Bounds the bytes of a response before the client collects them.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Maximum size of the responses to one request.
pub(super) const RESPONSE: usize = 16 << 20;

/// The number of bytes that may still be read from a connection. Cheap to clone.
///
/// Nothing else bounds a response: Redis does not report the size of the ids in an index, and the client
/// collects a response of any size.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    /// Allows one more response. Requests in progress share the remaining bytes.
    pub(super) fn renew(&self) {
        self.0.store(RESPONSE, Relaxed);
    }

    /// Whether a response was too large.
    pub(super) fn is_exceeded(&self) -> bool {
        self.0.load(Relaxed) == 0
    }
}

/// A connection that fails if a response is too large.
pub(super) struct Metered<S> {
    stream: S,
    allowance: Allowance,
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S, allowance: Allowance) -> Self {
        Self { stream, allowance }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let read = buffer.filled().len() - before;
        let left = &self.allowance.0;
        let taken = left.fetch_update(Relaxed, Relaxed, |left| Some(left.saturating_sub(read)));
        if taken.is_ok_and(|left| left <= read) && read > 0 {
            let message = format!("a response exceeds {RESPONSE} bytes");
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, message)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn a_response_that_is_too_large_ends_the_connection() {
        let allowance = Allowance::default();
        allowance.renew();
        let mut metered = Metered::new(tokio::io::repeat(b'x'), allowance.clone());
        let mut part = vec![0; RESPONSE / 2];
        metered.read_exact(&mut part).await.unwrap();
        allowance.renew();
        metered.read_exact(&mut part).await.unwrap();
        assert!(!allowance.is_exceeded());
        assert!(metered.read_exact(&mut part).await.is_err());
        assert!(allowance.is_exceeded());
    }
}
