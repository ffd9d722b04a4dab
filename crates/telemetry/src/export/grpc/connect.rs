//! TLS for gRPC, which also records why a connection ended.

use crate::{InitError, config::Identity, export::tls::client_config};
use http::Uri;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use rustls::{ClientConfig, pki_types::ServerName};
use std::{
    future::Future,
    io,
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::codegen::Service;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Connects to a backend with TLS.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    tcp: HttpConnector,
    tls: Arc<ClientConfig>,
    /// How the latest connection ended. A late error of an earlier connection must not be attributed to it.
    latest: Arc<Mutex<Ending>>,
}

/// Why a connection ended.
///
/// Only the task that owns a connection sees the cause; a request in progress is merely cancelled. But
/// users need the TLS alert: it shows that a client certificate is required, or that ours is not accepted.
#[derive(Clone, Debug, Default)]
struct Ending(Arc<Mutex<Option<io::Error>>>);

impl Connector {
    pub(super) fn new(
        certificate: Option<&Path>,
        identity: Option<&Identity>,
    ) -> Result<Self, InitError> {
        let mut tls = client_config(certificate, identity)?;
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        Ok(Self {
            tcp,
            tls: Arc::new(tls),
            latest: Arc::default(),
        })
    }

    /// Why the latest connection ended; returned once.
    pub(super) fn take_ending(&self) -> Option<io::Error> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.take()
    }
}

impl Ending {
    fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn note(&self, error: io::Error) {
        let mut ending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Later errors are consequences of the first.
        ending.get_or_insert(error);
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Heard>;
    type Error = Cause;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Cause>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned());
        let tls = TlsConnector::from(Arc::clone(&self.tls));
        let latest = Arc::clone(&self.latest);
        let tcp = self.tcp.call(uri);
        Box::pin(async move {
            let ending = Ending::default();
            *latest.lock().unwrap_or_else(PoisonError::into_inner) = ending.clone();
            let tls = tls.connect(name?, tcp.await?.into_inner()).await?;
            if tls.get_ref().1.alpn_protocol() != Some(b"h2") {
                return Err("the backend does not agree to speak HTTP/2".into());
            }
            Ok(TokioIo::new(Heard {
                tls,
                ending,
                failed: None,
            }))
        })
    }
}

/// A connection that records why it ended.
#[derive(Debug)]
pub(super) struct Heard {
    tls: TlsStream<TcpStream>,
    ending: Ending,
    /// The error of a write, while the peer's alert is being read.
    failed: Option<io::Error>,
}

impl Heard {
    /// A peer that closes the connection usually sends an alert first, which can still be read after a write
    /// fails. Either the alert or the end of the connection has already arrived, so this does not wait long.
    fn written<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TlsStream<TcpStream>>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let error = match self.failed.take() {
            Some(error) => error,
            None => match ready!(write(Pin::new(&mut self.tls), cx)) {
                Ok(written) => return Poll::Ready(Ok(written)),
                Err(error) => error,
            },
        };
        match self.last_words(cx) {
            Poll::Ready(said) => {
                self.ending.note(said.unwrap_or_else(|| copy(&error)));
                Poll::Ready(Err(error))
            }
            Poll::Pending => {
                self.failed = Some(error);
                Poll::Pending
            }
        }
    }

    /// Reads to the end, and returns the error there.
    fn last_words(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Error>> {
        let mut scratch = [0; 1024];
        loop {
            let mut read = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut self.tls).poll_read(cx, &mut read)) {
                Ok(()) if read.filled().is_empty() => return Poll::Ready(None),
                Ok(()) => {}
                Err(said) => return Poll::Ready(Some(said)),
            }
        }
    }
}

fn copy(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.tls).poll_read(cx, into));
        if let Err(error) = &read {
            self.ending.note(copy(error));
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Heard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written(cx, |tls, cx| tls.poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.written(cx, |tls, cx| tls.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(cx)
    }
}
