//! Disconnects clients that do not read.
//!
//! A response waits in memory until its client reads it. A client that keeps the connection open and
//! reads nothing, or a byte now and then, would hold that memory forever.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::time::{Instant, Sleep, sleep};

/// How many bytes a client must read in a period in which data is pending.
const LEAST: usize = 64 << 10;

/// A writer that fails if its peer reads less than 64 KiB per period while data waits.
#[derive(Debug)]
pub(super) struct Unstalled<W> {
    inner: W,
    period: Duration,
    /// The end of the period; `None` while the peer keeps up.
    until: Option<Pin<Box<Sleep>>>,
    /// How many bytes the peer took in this period.
    taken: usize,
}

impl<W> Unstalled<W> {
    pub(super) fn new(inner: W, period: Duration) -> Self {
        Self {
            inner,
            period,
            until: None,
            taken: 0,
        }
    }

    /// Counts the bytes that a write of `len` bytes took.
    fn wrote(&mut self, taken: usize, len: usize) {
        self.taken += taken;
        if taken == len {
            self.until = None;
        }
    }

    /// Waits for the peer, for no longer than the period.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let until = match &mut self.until {
            Some(until) => until,
            none => {
                self.taken = 0;
                none.insert(Box::pin(sleep(self.period)))
            }
        };
        loop {
            ready!(until.as_mut().poll(context));
            if self.taken < LEAST {
                let message = "the client does not read its response";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)));
            }
            self.taken = 0;
            until.as_mut().reset(Instant::now() + self.period);
        }
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Unstalled<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.inner).poll_write(context, bytes) {
            Poll::Pending => self.wait(context),
            Poll::Ready(written) => {
                if let Ok(taken) = written {
                    self.wrote(taken, bytes.len());
                }
                Poll::Ready(written)
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.inner).poll_write_vectored(context, parts) {
            Poll::Pending => self.wait(context),
            Poll::Ready(written) => {
                if let Ok(taken) = written {
                    self.wrote(taken, parts.iter().map(|part| part.len()).sum());
                }
                Poll::Ready(written)
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const PERIOD: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_nothing_or_a_byte_now_and_then_is_disconnected() {
        for drip in [None, Some(Duration::from_secs(1))] {
            let (near, mut far) = duplex(1024);
            let reading = tokio::spawn(async move {
                while let Some(pause) = drip {
                    sleep(pause).await;
                    if far.read_exact(&mut [0; 16]).await.is_err() {
                        break;
                    }
                }
                std::future::pending::<()>().await;
            });
            let begin = Instant::now();
            let mut writer = Unstalled::new(near, PERIOD);
            let error = writer.write_all(&vec![0; 1 << 20]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{drip:?}");
            assert!(begin.elapsed() <= 2 * PERIOD, "{:?}", begin.elapsed());
            reading.abort();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_peer_that_goes_on_reading_gets_everything() {
        let (near, mut far) = duplex(64 << 10);
        let reading = tokio::spawn(async move {
            let (mut buffer, mut taken) = (vec![0; 64 << 10], 0);
            loop {
                sleep(Duration::from_secs(20)).await;
                match far.read(&mut buffer).await {
                    Ok(0) | Err(_) => return taken,
                    Ok(read) => taken += read,
                }
            }
        });
        let mut writer = Unstalled::new(near, PERIOD);
        writer.write_all(&vec![0; 1 << 20]).await.unwrap();
        drop(writer);
        assert_eq!(reading.await.unwrap(), 1 << 20);
    }
}
